/* The rounds of a whole collective, as sweeps of the kernel: who sends to whom, and what it costs.
 *
 * Where all pairs of nodes have equal paths, costs are numbers, the same for long stretches of
 * members: blocks of a vector that cannot be cut evenly differ by one element, so there are two
 * sorts of them, in a few stretches. Elsewhere costs are arrays, kept while the pairing of a round
 * is that of the one before.
 */
#ifndef CLOCK_RESOLVER_ROUNDS_H
#define CLOCK_RESOLVER_ROUNDS_H

#include "dataflow.h"
#include "kernel.h"

enum { PRICES_MOST = 3 }; /* sorts of messages in a round */

/* Costs by member of messages of one size, under one pairing. */
struct price_list {
    uint64_t bytes;
    bool there, reduce;
    int64_t *streams, *adds;
};

/* Costs of messages of one size, where all members pay alike. */
struct price {
    uint64_t bytes;
    bool there, reduce;
    int64_t stream_ps, add_ps;
    const int64_t *streams, *adds; /* by member instead; NULL: alike */
};

/* A whole collective on its way. */
struct passage {
    struct dataflow *flow;
    const struct group *group;
    const struct schedule *schedule;
    struct call call;
    uint64_t unit_bytes;

    struct kernel kernel;
    bool folded; /* the kernel's members are places */
    bool in_row; /* the kernel's member i is rank first + i */
    int first;
    bool checks; /* whether ports are asked in order of arrival has to be checked */
    bool devices_alike;
    bool fresh;         /* processors may be busy longer than their members' times */
    bool ports_free;    /* send ports are free where members begin to send, and not kept track of */
    bool all_have_sent; /* all that take part in rounds that go both ways */

    /* Of the round at work: elements of a part, and how many of the first parts have one more. */
    int parts;
    size_t each;
    int more;
    struct price known[PRICES_MOST], apart;
    int known_used;

    /* Sums by member, as differences to the member before. */
    int64_t *bytes, *messages, *adding;
    bool uneven; /* they are not those of the first for all */

    /* Of members that do not pay alike, under the pairing of `listed`; NULL before there is such a
     * round. */
    struct round listed;
    int64_t *latencies;
    struct price_list prices[PRICES_MOST];
    int prices_used;
};

/* The rank of the kernel's member. */
static inline int passage_rank(const struct passage *passage, int member)
{
    int size = passage->kernel.size;
    if (passage->in_row)
        return passage->first + member;
    if (passage->folded) {
        int power = 1 << (31 - __builtin_clz((unsigned)size)), rest = size - power;
        member = member >= power ? 2 * (member - power)
                 : member < rest ? 2 * member + 1
                                 : member + rest;
    }
    return passage->group->members[member];
}

/* Carries out all rounds; `kernel` has been loaded, and the sums are nought. */
void rounds_run(struct passage *passage);

#endif
