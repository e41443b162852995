#include "threadrack/base/replace.h"

#include "threadrack/base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool file_replace(const char *path, bool (*write)(FILE *stream, const void *context), const void *context,
                  struct errors *errors)
{
    char *beside = memory_text("%s.%d.part", path, (int)getpid());
    FILE *stream = fopen(beside, "wb");
    bool good = stream && write(stream, context);
    if (stream && fclose(stream))
        good = false;
    good = good && !rename(beside, path);
    if (!good) {
        errors_add_status(errors, STATUS_FAILED, "cannot write '%s': %s", path, strerror(errno));
        if (stream)
            unlink(beside);
    }
    free(beside);
    return good;
}
