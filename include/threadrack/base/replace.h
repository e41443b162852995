/* Files that are written beside their place and put there when they are whole: whoever opens the path finds the old
 * file or the new one, and a full disk leaves nothing. A symbolic link stays, and
 * the file that it names is replaced; into a device or a pipe is written as it comes. */
#ifndef THREADRACK_BASE_REPLACE_H
#define THREADRACK_BASE_REPLACE_H

#include "threadrack/base/errors.h"

#include <stdio.h>

/* The path itself, or where the symbolic links end that it names, whether a file is there yet or not; to be freed. */
char *file_behind_links(const char *path);

/* False and STATUS_FAILED, with errno's reason, where `write` returns false or the file cannot be put there. */
bool file_replace(const char *path, bool (*write)(FILE *stream, const void *context), const void *context,
                  struct errors *errors);

#endif
