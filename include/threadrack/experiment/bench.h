/* Benchmarks of collectives on the simulated clock, told as NCCL's own tests tell theirs.
 *
 * One measurement is one operation over all nodes, timing only. Its *time* runs from the instant 0, at
 * which every rank posts, on a silent network, until the last rank has ended; with n iterations they
 * are posted back to back and the time is an n-th of it all, so that a pipeline over iterations
 * shows. There is no warm-up, since the clock knows none: the first iteration is like every other.
 * Operations work in place, and the clock charges no copying within a node, so out of place would
 * take the same. Additions cost what cluster.device.add_bandwidth says.
 *
 * size S is that of the whole array, as NCCL's tests count it: algbw = S / time, busbw = algbw times a
 * factor by operation that makes it comparable with a link's bandwidth (nccl-tests,
 * doc/PERFORMANCE.md): allreduce 2(n-1)/n; reduce_scatter, allgather, alltoall, gather and scatter
 * (n-1)/n; broadcast and reduce 1. A barrier has no size, and so none of the three.
 */
#ifndef THREADRACK_EXPERIMENT_BENCH_H
#define THREADRACK_EXPERIMENT_BENCH_H

#include "threadrack/comm/collective.h"
#include "threadrack/experiment/sweep.h"

#include <stdio.h>

/* What is to be measured, besides the points of a sweep. */
struct bench {
    const char *operation; /* "allreduce" */
    uint64_t *sizes;       /* bytes; size_count of them, ascending */
    int size_count, size_room;
    /* As asked for: "auto", "ring", "chain:chunk=64KiB", "msccl:FILE.xml"; those that `all` stands
     * for are left out where they do not fit. */
    struct bench_algorithm {
        char *word;
        bool may_lack;
    } *algorithms;
    int algorithm_count, algorithm_room;
    int iterations;
};

/* The words of the command line, each NULL where it was not given: first and last size, and either a
 * factor or a step; algorithms separated by commas, or `all`, or `auto`. */
struct bench_words {
    const char *operation, *begin, *end, *factor, *step, *algorithms, *iterations;
};

/* False and all messages when a word is wrong; release it in either case. */
bool bench_resolve(struct bench *bench, struct bench_words words, struct errors *errors);
void bench_release(struct bench *bench);
/* Whether the points of the sweep make sense: keys that a bench does not read are not swept. */
bool bench_allows(const struct sweep *sweep, struct errors *errors);

/* A row of bench.csv. */
struct bench_row {
    int point;                     /* of the sweep */
    int nodes;
    const char *asked;             /* the algorithm's word */
    const struct collective *ran;  /* valid until the point's end where it is a file's */
    uint64_t size_bytes;
    size_t count;                  /* elements of the whole array */
    uint64_t time_ps, predicted_ps; /* predicted: the algorithm's closed form,
                                    * 0 where it has none */
    uint64_t messages, bytes_sent; /* of one iteration, over all nodes */
    double algbw_GBps, busbw_GBps; /* 1e9 bytes a second; NaN where there is none */
};

/* Told of the rows as they come, and before the first and after the last of each point. */
struct bench_listener {
    void *context;
    void (*begin)(void *context, const struct bench *bench, int point);
    bool (*row)(void *context, const struct bench *bench, const struct bench_row *row);
    void (*end)(void *context, const struct bench *bench);
    void (*note)(void *context, const char *what); /* behind `begin`; NULL: not told */
};

/* Measures everything; false when it was interrupted, a point could not be made (a message), or a
 * listener's row returned false. */
bool bench_sweep(const struct bench *bench, const struct sweep *sweep, struct bench_listener listener,
               struct errors *errors);

/* How NCCL's tests describe an operation. */
struct bench_operation {
    const char *name;
    double (*bus_factor)(double ranks); /* busbw / algbw */
    const char *redop;                  /* "sum" or "none" */
    bool rooted;
};
/* NULL for one that has no size. */
const struct bench_operation *bench_operation(const char *name);

/* ---- Output (DIR/bench.csv and manifest.json; JSON; words as NCCL's tests print them). ---- */

struct bench_output;
struct bench_output *bench_output_open(const char *directory, const struct sweep *sweep,
                                       char **arguments, const struct host *host,
                                       struct errors *errors);
bool bench_output_add(struct bench_output *output, const struct bench *bench,
                      const struct bench_row *row);
bool bench_output_close(struct bench_output *output, struct errors *errors);

struct bench_json; /* an array of rows, printed at its end */
struct bench_json *bench_json_create(const struct sweep *sweep);
void bench_json_add(struct bench_json *json, const struct bench *bench, const struct bench_row *row);
void bench_json_print(struct bench_json *json, FILE *stream); /* and frees it */

void bench_print_begin(const struct bench *bench, const struct sweep *sweep, int index,
                       FILE *stream);
void bench_print_note(const char *what, FILE *stream);
void bench_print_row(const struct bench *bench, const struct bench_row *row, FILE *stream);
/* What `auto` goes by: the predicted time of every algorithm at every size, `*` at its choice. */
bool bench_print_table(const struct bench *bench, const struct sweep *sweep, FILE *stream,
                       struct errors *errors);

#endif
