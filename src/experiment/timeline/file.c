#include "file.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/replace.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

struct timeline_file {
    char *name, *part;
    gzFile stream;
    int failure; /* errno of the first write that failed; 0 */
};

static bool ends_in(const char *name, const char *ending)
{
    size_t length = strlen(name), tail = strlen(ending);
    return length >= tail && !strcmp(name + length - tail, ending);
}

static bool complain(struct errors *errors, const char *name, int failure)
{
    return errors_add_status(errors, STATUS_FAILED, "cannot write '%s': %s", name,
                             strerror(failure ? failure : EIO));
}

static void release(struct timeline_file *file)
{
    free(file->name);
    free(file->part);
    free(file);
}

struct timeline_file *timeline_file_open(const char *name, struct errors *errors)
{
    struct timeline_file *file = memory_zeroed(1, sizeof *file);
    file->name = file_behind_links(name);
    file->part = memory_text("%s.part", file->name);
    errno = 0;
    file->stream = gzopen(file->part, ends_in(name, ".gz") ? "wbe6" : "wbeT");
    if (file->stream)
        return file;
    complain(errors, name, errno);
    release(file);
    return NULL;
}

void timeline_file_add(struct timeline_file *file, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length < 0 || length >= (int)sizeof line)
        BUG("a line of a timeline has %d bytes", length);
    errno = 0;
    if (!file->failure && gzwrite(file->stream, line, (unsigned)length) != length)
        file->failure = errno ? errno : EIO;
}

bool timeline_file_finish(struct timeline_file *file, struct errors *errors)
{
    errno = 0;
    if (gzclose(file->stream) != Z_OK && !file->failure)
        file->failure = errno ? errno : EIO;
    if (!file->failure && rename(file->part, file->name))
        file->failure = errno;
    bool good = !file->failure || complain(errors, file->name, file->failure);
    if (!good)
        unlink(file->part);
    release(file);
    return good;
}

void timeline_file_drop(struct timeline_file *file)
{
    gzclose(file->stream);
    unlink(file->part);
    release(file);
}
