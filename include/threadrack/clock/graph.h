/* A workload as a graph: for each rank, operations and what each of them has to wait for, as GOAL
 * text describes it (Group Operation Assembly Language: Hoefler, Siebert, Lumsdaine: Group Operation
 * Assembly Language, ICPP 2009; the dialect is that of LogGOPSim):
 *
 *     num_ranks 2
 *     rank 0 {
 *     l1: calc 100 cpu 0            // computes for 100 ns
 *     l2: send 8b to 1 tag 5 cpu 0 nic 0
 *     l2 requires l1                // l2 begins once l1 has ended
 *     }
 *     rank 1 {
 *     l1: recv 8b from 0 tag 5
 *     l2: calc 50 cpu 1
 *     l2 irequires l1               // l2 begins once l1 has begun
 *     }
 *
 * One statement a line; labels belong to their rank and may be used above their line; a statement
 * needs none. tag, cpu and nic are 0 when left out. Comments are // and, over lines, slash-star. Not
 * understood, and an error that names the line: any source or any tag (-1), a nic above 0, a message
 * to oneself, and the statements that LogGOPSim2 adds (put, get, append, test, ...).
 */
#ifndef THREADRACK_CLOCK_GRAPH_H
#define THREADRACK_CLOCK_GRAPH_H

#include "threadrack/base/errors.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum graph_kind { GRAPH_SEND, GRAPH_RECEIVE, GRAPH_CALC };

struct graph_op {
    enum graph_kind kind;
    int cpu;
    int peer;         /* rank sent to or received from */
    uint32_t tag, line;
    uint32_t index;   /* in its graph */
    uint32_t waits;   /* dependencies that must be met before it begins */
    uint64_t value;   /* of a calc ps, else bytes */
    size_t first;     /* its dependents: graph.dependents[first .. the next op's first) */
};

struct graph_dependent {
    uint32_t op;
    bool on_begin; /* irequires: met when this one begins; else when it ends */
};

/* Of one rank. */
struct graph {
    struct graph_op *ops; /* op_count of them, in the file's order, and one more for its `first` */
    uint32_t op_count;
    struct graph_dependent *dependents;
};

struct goal {
    char *name;   /* the file's, for messages */
    int ranks;
    int cpus;     /* the highest cpu of any op, plus one */
    struct graph *graphs; /* by rank; ranks that the file does not mention have nothing to do */
};

/* Both report all mistakes as "name:line: ...", a cycle of dependencies among them, and return NULL
 * then. */
struct goal *goal_read(const char *path, const char *where, struct errors *errors);
struct goal *goal_parse(const char *text, size_t length, const char *name, struct errors *errors);
void goal_free(struct goal *goal);

/* By which rules a graph runs on the clock.
 *
 * GRAPH_GOAL, as LogGOPSim has it: a processor does one thing at a time, in the order in which things
 * become ready (at one instant: what messages under way still need, then sends, then calcs, each in
 * the file's order). A send takes it for o + (n-1)O, and has ended then: it is buffered, unless it is
 * a rendezvous, which has ended when that is paid for its data. A message that has come takes the
 * processor of its receive, or if that is not posted yet the one with its sender's number, at once.
 *
 * GRAPH_RACK, as rank programs run: a send has ended when its last byte has left; overheads interrupt
 * a calc and put it off; a receive's o is paid once it is posted. */
enum graph_rules { GRAPH_GOAL, GRAPH_RACK };

#endif
