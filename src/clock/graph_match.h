/* Meets messages with receives: first come, first served by (source, tag), in the order in which sends
 * begin and receives are posted. */
#ifndef CLOCK_GRAPH_MATCH_H
#define CLOCK_GRAPH_MATCH_H

#include "threadrack/clock/graph.h"
#include "threadrack/clock/netmodel.h"

/* What waits for its counterpart: messages, or receives, never both. */
struct graph_line {
    bool used;
    int source;
    uint32_t tag;
    struct transfer *messages, **messages_end;
    uint32_t first, last; /* receives: ops plus one, linked by `following`; 0: none */
};

/* A hash table with open addressing, at most half full. Lines stay once they are made. */
struct graph_match {
    struct graph_line *lines;
    size_t room, count;
    uint32_t *following; /* by op: the receive behind it in its line, plus one */
};

void graph_match_init(struct graph_match *match, uint32_t ops);
void graph_match_release(struct graph_match *match);
/* The receive that has waited longest for such a message, or NULL; then the message waits. */
const struct graph_op *graph_match_message(struct graph_match *match, const struct graph *graph,
                                           struct transfer *message);
/* The message that has waited longest for such a receive, or NULL; then the receive waits. */
struct transfer *graph_match_receive(struct graph_match *match, const struct graph_op *receive);

#endif
