#include "inside.h"

#include "threadrack/base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Reads by chunks, since a pipe has no size and a device no end: up to one byte more than `limit`. */
static char *read_all(FILE *file, size_t limit, size_t *length)
{
    char *bytes = NULL;
    size_t room = 4096;
    *length = 0;
    do {
        room = 4 * room > limit + 2 ? limit + 2 : 4 * room;
        bytes = memory_resize(bytes, room);
        *length += fread(bytes + *length, 1, room - 1 - *length, file);
    } while (*length == room - 1 && *length <= limit);
    bytes[*length] = 0;
    return bytes;
}

char *file_load(const char *path, size_t limit, size_t *length, struct errors *errors)
{
    struct stat about;
    FILE *file = fopen(path, "rb");
    if (!file || fstat(fileno(file), &about)) {
        errors_add(errors, "%s: cannot open: %s", path, strerror(errno));
    } else if (S_ISDIR(about.st_mode)) {
        errors_add(errors, "%s: is a directory: expected a YAML file", path);
    } else {
        char *bytes = read_all(file, limit, length);
        bool good = !ferror(file) && *length <= limit;
        if (ferror(file))
            errors_add(errors, "%s: cannot read: %s", path, strerror(errno));
        else if (!good)
            errors_add(errors, "%s: is larger than %zu bytes", path, limit);
        fclose(file);
        if (good)
            return bytes;
        free(bytes);
        return NULL;
    }
    if (file)
        fclose(file);
    return NULL;
}
