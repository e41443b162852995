/* A rank's graph while its GOAL text is read. */
#ifndef CLOCK_GOAL_TEXT_H
#define CLOCK_GOAL_TEXT_H

#include "threadrack/clock/graph.h"

struct goal_label {
    const char *text; /* in the file; not ended by a zero byte */
    size_t length;
    uint32_t line; /* where it was first seen */
    int64_t op;    /* -1: not defined yet */
};

struct goal_edge {
    uint32_t after, before; /* labels */
    bool on_begin;
};

struct goal_draft {
    struct graph_op *ops;
    int op_count, op_room;
    struct goal_label *labels;
    int label_count, label_room;
    uint32_t *slots; /* a hash table of labels, by number plus one */
    size_t slot_count;
    struct goal_edge *edges;
    int edge_count, edge_room;
};

void goal_draft_release(struct goal_draft *draft);
/* The number of the label with that text, seen before or new. */
uint32_t goal_draft_label(struct goal_draft *draft, const char *text, size_t length, uint32_t line);
/* Makes the graph. False and messages when a label has no statement or dependencies go round. */
bool goal_draft_finish(struct goal_draft *draft, const char *name, int rank, struct graph *graph,
                       struct errors *errors);

#endif
