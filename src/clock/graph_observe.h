/* What observers are told of graphs; nothing but a test where there is none.
 *
 * A graph has no lanes, and any number of its messages may be under way. Its calcs are on the lanes
 * 0 .. cpus - 1; a message takes the first free track of its sender's sends, from when it begins until
 * its last byte has left, and of its receiver's receives, from when it has begun and is asked for
 * until it has been taken in. Track t of them is lane cpus + 2 t for sends and the next for receives. */
#ifndef CLOCK_GRAPH_OBSERVE_H
#define CLOCK_GRAPH_OBSERVE_H

#include "observe.h"

struct graph_tracks {
    bool *taken;
    int count, room;
};

/* Of a rank's sends and receives. */
struct graph_lanes {
    int cpus;
    struct graph_tracks sends, receives;
};

void graph_lanes_release(struct graph_lanes *lanes);

void graph_tell_calc(const struct clock *clock, int rank, const struct graph_op *op,
                     enum sight_kind kind);
void graph_tell_send(const struct clock *clock, struct graph_lanes *lanes, struct transfer *message);
void graph_tell_sent(const struct clock *clock, struct graph_lanes *lanes,
                     const struct transfer *message);
void graph_tell_receive(const struct clock *clock, struct graph_lanes *lanes,
                        struct transfer *message);
void graph_tell_received(const struct clock *clock, struct graph_lanes *lanes,
                         const struct transfer *message);

#endif
