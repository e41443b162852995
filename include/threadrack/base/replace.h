/* Files that are written beside their place and put there when they are whole: whoever opens the path finds the old
 * file or the new one, and a full disk leaves nothing. */
#ifndef THREADRACK_BASE_REPLACE_H
#define THREADRACK_BASE_REPLACE_H

#include "threadrack/base/errors.h"

#include <stdio.h>

/* False and STATUS_FAILED, with errno's reason, where `write` returns false or the file cannot be put there. */
bool file_replace(const char *path, bool (*write)(FILE *stream, const void *context), const void *context,
                  struct errors *errors);

#endif
