/* Whether a timeline keeps the rules of the Trace Event Format that viewers rely on. */
#ifndef TESTS_EXPERIMENT_TRACE_CHECK_H
#define TESTS_EXPERIMENT_TRACE_CHECK_H

/* What a timeline holds. */
struct trace_counts {
    int processes, slices, arrows;
    int counters, rates; /* of links: bytes under way, and how fast they flow */
};

/* Reads a file, gzipped or not, and checks: it is JSON; every event is of a kind we know, with a time;
 * pids and tids have names; slices of a track nest, end after they begin, and are all ended; each arrow
 * has one beginning and one end, not before it, and both lie inside slices of their tracks; a counter's
 * time goes forward and it ends at 0. NULL when all is well, else what is wrong, valid until the next
 * call. */
const char *trace_check(const char *path, struct trace_counts *counts);

#endif
