#include "file.h"

#include "inflate.h"
#include "threadrack/base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 16 };

bool data_file_complain(const struct data_file *file, size_t at, struct errors *errors,
                        const char *format, ...)
{
    va_list arguments;
    char *what;
    va_start(arguments, format);
    int length = vasprintf(&what, format, arguments);
    va_end(arguments);
    errors_add(errors, "%s: byte %zu: %s", file->path, at, length < 0 ? format : what);
    if (length >= 0)
        free(what);
    return false;
}

static bool no_memory(const char *path, struct errors *errors)
{
    return errors_add_status(errors, STATUS_OUT_OF_MEMORY, "%s: the host has no memory for it",
                             path);
}

static bool unreadable(const struct data_file *file, struct errors *errors)
{
    return errors_add_status(errors, STATUS_FAILED, "%s: cannot be read: %s", file->path,
                             strerror(errno));
}

/* A pipe and its like, to its end. */
static bool read_whole(struct data_file *file, int descriptor, struct errors *errors)
{
    size_t room = 0;
    for (;;) {
        if (file->length == room) {
            room = room ? 2 * room : READ_BYTES;
            void *larger = realloc(file->owned, room);
            if (!larger)
                return no_memory(file->path, errors);
            file->bytes = file->owned = larger;
        }
        ssize_t now = read(descriptor, (char *)file->owned + file->length, room - file->length);
        if (now < 0 && errno != EINTR)
            return unreadable(file, errors);
        if (now == 0)
            return true;
        file->length += now > 0 ? (size_t)now : 0;
    }
}

static bool take_in(struct data_file *file, int descriptor, const char *where, struct errors *errors)
{
    struct stat status;
    if (fstat(descriptor, &status))
        return unreadable(file, errors);
    if (S_ISDIR(status.st_mode) || S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode))
        return errors_add(errors, "%s: expected a file or a pipe, and '%s' is a %s", where, file->path,
                          S_ISDIR(status.st_mode) ? "directory" : "device");
    if (!S_ISREG(status.st_mode) || status.st_size == 0)
        return read_whole(file, descriptor, errors);
    size_t length = (size_t)status.st_size;
    void *mapped = mmap(NULL, length, PROT_READ, MAP_SHARED, descriptor, 0);
    if (mapped == MAP_FAILED)
        return unreadable(file, errors);
    file->bytes = file->mapped = mapped;
    file->length = length;
    return true;
}

/* Puts the inflated bytes in the place of compressed ones. */
static bool expand(struct data_file *file, struct errors *errors)
{
    struct data_file packed = *file;
    if (!inflate_begins(packed.bytes, packed.length))
        return true;
    size_t length;
    uint8_t *bytes = inflate_whole(packed.path, packed.bytes, packed.length, &length, errors);
    if (!bytes)
        return false;
    *file = (struct data_file){.path = memory_text("%s (inflated)", packed.path),
                               .bytes = bytes,
                               .length = length,
                               .owned = bytes};
    data_file_close(&packed);
    return true;
}

bool data_file_open(struct data_file *file, const char *path, const char *where,
                    struct errors *errors)
{
    *file = (struct data_file){.path = memory_text("%s", path)};
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return errors_add(errors, "%s: cannot open '%s': %s", where, path, strerror(errno));
    bool good = take_in(file, descriptor, where, errors);
    close(descriptor);
    return good && expand(file, errors);
}

bool data_file_view(struct data_file *file, const char *name, const uint8_t *bytes, size_t length,
                    struct errors *errors)
{
    *file = (struct data_file){.path = memory_text("%s", name), .bytes = bytes, .length = length};
    return expand(file, errors);
}

void data_file_scatter(struct data_file *file)
{
    if (file->mapped)
        madvise(file->mapped, file->length, MADV_RANDOM); /* advice: whether it is heeded or not */
}

void data_file_close(struct data_file *file)
{
    if (file->mapped)
        munmap(file->mapped, file->length);
    free(file->owned);
    free(file->path);
    *file = (struct data_file){0};
}

uint64_t bytes_big(const uint8_t *bytes, int count)
{
    uint64_t value = 0;
    for (int i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    return value;
}

uint64_t bytes_little(const uint8_t *bytes, int count)
{
    uint64_t value = 0;
    for (int i = count - 1; i >= 0; i--)
        value = value << 8 | bytes[i];
    return value;
}
