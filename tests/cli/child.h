/* The built program as a child process, in a folder of its own with a few files. */
#ifndef THREADRACK_TESTS_CLI_CHILD_H
#define THREADRACK_TESTS_CLI_CHILD_H

#include <stddef.h>

struct fixture {
    const char *name, *bytes;
    size_t size; /* 0: that of the text */
};

struct bench {
    char folder[32];
    char *program; /* THREADRACK, or beside the running tests */
};

/* What the program did. */
struct outcome {
    int code;          /* what it exited with; -1 when it did not exit by itself */
    char out[1 << 16]; /* the beginning of what it said */
    char err[1 << 14];
};

/* Makes the folder; `fixtures` ends with a NULL name. */
void bench_open(struct bench *bench, const struct fixture *fixtures);
void bench_close(struct bench *bench);
/* How many entries the folder has. */
int bench_entries(const struct bench *bench);
/* Runs the program there; the words are separated by blanks, and quotes '...' keep blanks. */
void bench_run(const struct bench *bench, const char *words, struct outcome *outcome);
/* The same, where it should exit with the code; what it said instead is shown. */
void bench_ends(const struct bench *bench, const char *words, struct outcome *outcome, int code);
/* The text of a file there, for the caller to free; NULL when there is none. */
char *bench_read(const struct bench *bench, const char *name);

#endif
