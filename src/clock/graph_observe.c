#include "graph_observe.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

static int take_track(struct graph_tracks *tracks)
{
    int track = 0;
    while (track < tracks->count && tracks->taken[track])
        track++;
    if (track == tracks->count)
        vector_push(&tracks->taken, &tracks->count, &tracks->room);
    tracks->taken[track] = true;
    return track;
}

void graph_lanes_release(struct graph_lanes *lanes)
{
    free(lanes->sends.taken);
    free(lanes->receives.taken);
}

void graph_tell_calc(const struct clock *clock, int rank, const struct graph_op *op,
                     enum sight_kind kind)
{
    if (clock->observers)
        tell(clock, &(struct sight){.kind = kind,
                                    .strand = -1,
                                    .now_ps = clock->now_ps,
                                    .rank = rank,
                                    .lane = op->cpu,
                                    .training_step = clock->ranks[rank].marks,
                                    .send_to = -1,
                                    .receive_from = -1});
}

/* Of the send, or of the receive of a message. */
static void tell_operation(const struct clock *clock, const struct transfer *message, bool sends,
                           enum sight_kind kind)
{
    int rank = sends ? message->src : message->dst;
    tell(clock, &(struct sight){.kind = kind,
                                    .strand = -1,
                                .now_ps = clock->now_ps,
                                .rank = rank,
                                .lane = sends ? message->src_lane : message->dst_lane,
                                .training_step = sends ? message->training_step
                                                       : clock->ranks[rank].marks,
                                .send_to = sends ? message->dst : -1,
                                .receive_from = sends ? -1 : message->src,
                                .bytes = message->bytes});
}

void graph_tell_send(const struct clock *clock, struct graph_lanes *lanes, struct transfer *message)
{
    if (!clock->observers)
        return;
    message->src_lane = lanes->cpus + 2 * take_track(&lanes->sends);
    tell_operation(clock, message, true, SIGHT_OPERATION_BEGINS);
    tell_message(clock, message, SIGHT_MESSAGE_BEGINS);
}

void graph_tell_sent(const struct clock *clock, struct graph_lanes *lanes,
                     const struct transfer *message)
{
    if (!clock->observers)
        return;
    tell_message(clock, message, SIGHT_MESSAGE_SENT);
    tell_operation(clock, message, true, SIGHT_OPERATION_ENDS);
    lanes->sends.taken[(message->src_lane - lanes->cpus) / 2] = false;
}

void graph_tell_receive(const struct clock *clock, struct graph_lanes *lanes,
                        struct transfer *message)
{
    if (!clock->observers)
        return;
    message->dst_lane = lanes->cpus + 2 * take_track(&lanes->receives) + 1;
    tell_operation(clock, message, false, SIGHT_OPERATION_BEGINS);
}

void graph_tell_received(const struct clock *clock, struct graph_lanes *lanes,
                         const struct transfer *message)
{
    if (!clock->observers)
        return;
    tell_message(clock, message, SIGHT_MESSAGE_RECEIVED);
    tell_operation(clock, message, false, SIGHT_OPERATION_ENDS);
    lanes->receives.taken[(message->dst_lane - lanes->cpus) / 2] = false;
}
