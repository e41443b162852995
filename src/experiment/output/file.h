/* A file that only ever holds whole lines, also when the disk is full. */
#ifndef THREADRACK_OUTPUT_FILE_H
#define THREADRACK_OUTPUT_FILE_H

#include "threadrack/base/errors.h"
#include "threadrack/base/text.h"

struct line_file {
    int descriptor; /* -1: not open */
    char *path;     /* owned */
    long length;    /* of what is known to be there */
    bool failed;    /* something could not be written, which has been said */
};

/* Makes the directory and its parents. */
bool directory_make(const char *directory, struct errors *errors);
/* Opens for writing from the start; what was there is gone. */
bool line_file_open(struct line_file *file, const char *directory, const char *name,
                    struct errors *errors);
/* Appends the lines, and hands them to the system. When it takes only a part, that part is cut off
 * again, and nothing follows any more. */
bool line_file_add(struct line_file *file, const struct text *lines, struct errors *errors);
/* One that never got a line does not stay when it has failed. */
bool line_file_close(struct line_file *file, struct errors *errors);

#endif
