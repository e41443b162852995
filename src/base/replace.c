#include "threadrack/base/replace.h"

#include "threadrack/base/memory.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_LINKS = 40 };

char *file_behind_links(const char *path)
{
    char *file = memory_text("%s", path), link[PATH_MAX];
    for (int i = 0; i < MOST_LINKS; i++) {
        ssize_t length = readlink(file, link, sizeof link - 1);
        if (length < 0)
            break;
        link[length] = 0;
        const char *slash = *link == '/' ? NULL : strrchr(file, '/');
        char *next = memory_text("%.*s%s", slash ? (int)(slash + 1 - file) : 0, file, link);
        free(file);
        file = next;
    }
    return file;
}

/* A device or a pipe is written into: nothing takes its place. */
static bool is_replaced(const char *path)
{
    struct stat found;
    return stat(path, &found) || S_ISREG(found.st_mode);
}

bool file_replace(const char *path, bool (*write)(FILE *stream, const void *context), const void *context,
                  struct errors *errors)
{
    char *file = file_behind_links(path);
    bool beside = is_replaced(file);
    char *at = beside ? memory_text("%s.%d.part", file, (int)getpid()) : memory_text("%s", file);
    FILE *stream = fopen(at, "wb");
    bool good = stream && write(stream, context);
    if (stream && fclose(stream))
        good = false;
    good = good && (!beside || !rename(at, file));
    if (!good) {
        errors_add_status(errors, STATUS_FAILED, "cannot write '%s': %s", path, strerror(errno));
        if (stream && beside)
            unlink(at);
    }
    free(at);
    free(file);
    return good;
}
