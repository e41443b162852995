#include "threadrack/base/errors.h"

#include "threadrack/base/memory.h"

#include <stdarg.h>
#include <stdlib.h>

const char *status_name(enum status status)
{
    static const char *const names[] = {"ok", "refused", "out_of_memory", "failed"};
    return names[status];
}

void errors_init(struct errors *errors)
{
    *errors = (struct errors){0};
}

void errors_release(struct errors *errors)
{
    for (int i = 0; i < errors->count; i++)
        free(errors->messages[i]);
    free(errors->messages);
    errors_init(errors);
}

static void append(struct errors *errors, enum status status, const char *format, va_list arguments)
{
    char *message = NULL;
    if (vasprintf(&message, format, arguments) < 0)
        BUG("out of host memory while writing an error message");
    errors->messages =
        memory_resize(errors->messages, (size_t)(errors->count + 1) * sizeof *errors->messages);
    errors->messages[errors->count++] = message;
    errors->status = status;
}

bool errors_add(struct errors *errors, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    append(errors, STATUS_REFUSED, format, arguments);
    va_end(arguments);
    return false;
}

bool errors_add_status(struct errors *errors, enum status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    append(errors, status, format, arguments);
    va_end(arguments);
    return false;
}

void errors_print(const struct errors *errors, FILE *stream)
{
    for (int i = 0; i < errors->count; i++)
        fprintf(stream, "threadrack: %s\n", errors->messages[i]);
}

void bug_at(const char *file, int line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "threadrack: BUG at %s:%d: ", file, line);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    abort();
}
