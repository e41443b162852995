/* The bytes of a file that a data set is read from: mapped, so that the kernel brings in what is
 * used; or, where they begin as gzip's do (RFC 1952), inflated into memory. What is no regular file,
 * such as a pipe, is read into memory whole. */
#ifndef THREADRACK_SRC_DATA_FILE_H
#define THREADRACK_SRC_DATA_FILE_H

#include "threadrack/base/errors.h"

#include <stddef.h>
#include <stdint.h>

struct data_file {
    char *path; /* for messages */
    const uint8_t *bytes;
    size_t length;
    void *mapped, *owned; /* to be unmapped or freed; NULL: neither */
};

/* False and a message (with `where`, the setting's place) when it cannot be read. To be closed in
 * either case. */
bool data_file_open(struct data_file *file, const char *path, const char *where,
                    struct errors *errors);
/* The same of bytes that are in memory already and stay there, compressed or not. */
bool data_file_view(struct data_file *file, const char *name, const uint8_t *bytes, size_t length,
                    struct errors *errors);
/* From now on bytes are asked for here and there: the kernel does not read ahead, which else takes
 * most of the time where the file is larger than memory. */
void data_file_scatter(struct data_file *file);
void data_file_close(struct data_file *file);

/* "path: byte 12: what"; returns false. */
bool data_file_complain(const struct data_file *file, size_t at, struct errors *errors,
                        const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A number of so many bytes at most eight, most significant first or last, without a sign. */
uint64_t bytes_big(const uint8_t *bytes, int count);
uint64_t bytes_little(const uint8_t *bytes, int count);

#endif
