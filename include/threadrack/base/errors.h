/* What went wrong while setting up, collected so that a user sees all of it at once.
 *
 * Setting up may fail because of the user; then a function appends one message to the `struct
 * errors` that it was given and returns false or NULL. A message names where (file:line:column, or
 * the key), what was expected, and the nearest right word if there is one. Running, in contrast,
 * allocates nothing and cannot fail: there, asserts and BUG() guard our own mistakes.
 */
#ifndef THREADRACK_BASE_ERRORS_H
#define THREADRACK_BASE_ERRORS_H

#include <stdbool.h>
#include <stdio.h>

/* Why a run has no result; the words that the column `status` uses. */
enum status {
    STATUS_OK,
    STATUS_REFUSED,       /* the experiment makes no sense as asked: a mesh that does not fit */
    STATUS_OUT_OF_MEMORY, /* a simulated node's memory is too small, or the host's */
    STATUS_FAILED         /* the host failed us: a file, a thread, a full disk */
};

struct errors {
    char **messages; /* count of them, each without a newline at its end */
    int count;
    enum status status; /* the kind of the last message; STATUS_OK while there is none */
};

const char *status_name(enum status status);

void errors_init(struct errors *errors);
void errors_release(struct errors *errors);

/* Appends a message of the kind STATUS_REFUSED, and returns false, so that a caller can say
 * `return errors_add(...)`. */
bool errors_add(struct errors *errors, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The same with another kind. */
bool errors_add_status(struct errors *errors, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* One line a message, each behind "threadrack: ". */
void errors_print(const struct errors *errors, FILE *stream);

/* A mistake of ours: says where, and aborts. */
#define BUG(...) bug_at(__FILE__, __LINE__, __VA_ARGS__)
_Noreturn void bug_at(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
