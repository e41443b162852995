#include "file.h"

#include "threadrack/base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool complain(struct errors *errors, const char *what, const char *path)
{
    return errors_add_status(errors, STATUS_FAILED, "cannot %s '%s': %s", what, path,
                             strerror(errno));
}

bool directory_make(const char *directory, struct errors *errors)
{
    char *path = memory_text("%s", directory);
    bool good = true;
    for (char *slash = path + 1; good && *path; slash++) {
        slash += strcspn(slash, "/");
        char ending = *slash;
        *slash = 0;
        good = !mkdir(path, 0777) || errno == EEXIST || complain(errors, "make the folder", path);
        if (!ending)
            break;
        *slash = ending;
    }
    free(path);
    return good;
}

bool line_file_open(struct line_file *file, const char *directory, const char *name,
                    struct errors *errors)
{
    file->path = memory_text("%s/%s", directory, name);
    file->length = 0;
    file->failed = false;
    file->descriptor = open(file->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return file->descriptor >= 0 || complain(errors, "write", file->path);
}

static bool cut_back(struct line_file *file, struct errors *errors)
{
    complain(errors, "write", file->path);
    file->failed = true;
    /* A device or a pipe cannot be cut, and needs not be. */
    return ftruncate(file->descriptor, file->length) && false;
}

bool line_file_add(struct line_file *file, const struct text *lines, struct errors *errors)
{
    if (file->failed)
        return false;
    for (size_t done = 0; done < lines->length;) {
        ssize_t more = write(file->descriptor, lines->bytes + done, lines->length - done);
        if (more < 0 && errno == EINTR)
            continue;
        if (more < 0)
            return cut_back(file, errors);
        done += (size_t)more;
    }
    file->length += (long)lines->length;
    return true;
}

static bool is_file(int descriptor)
{
    struct stat found;
    return fstat(descriptor, &found) == 0 && S_ISREG(found.st_mode);
}

bool line_file_close(struct line_file *file, struct errors *errors)
{
    bool useless = file->descriptor >= 0 && file->failed && file->length == 0 && is_file(file->descriptor);
    bool good =
        file->descriptor < 0 || !close(file->descriptor) || complain(errors, "write", file->path);
    if (useless)
        unlink(file->path);
    free(file->path);
    *file = (struct line_file){.descriptor = -1};
    return good;
}
