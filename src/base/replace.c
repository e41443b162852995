#include "threadrack/base/replace.h"

#include "threadrack/base/memory.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
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

bool file_replace(const char *path, bool (*write)(FILE *stream, const void *context), const void *context,
                  struct errors *errors)
{
    char *file = file_behind_links(path), *beside = memory_text("%s.%d.part", file, (int)getpid());
    FILE *stream = fopen(beside, "wb");
    bool good = stream && write(stream, context);
    if (stream && fclose(stream))
        good = false;
    good = good && !rename(beside, file);
    if (!good) {
        errors_add_status(errors, STATUS_FAILED, "cannot write '%s': %s", path, strerror(errno));
        if (stream)
            unlink(beside);
    }
    free(beside);
    free(file);
    return good;
}
