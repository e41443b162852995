/* Where a node's time goes. Every instant of a run belongs to exactly one of compute, exposed
 * communication, waiting and bubble; what holds at an instant depends on the compute lane and, in a
 * wait, on the state of the lane waited for. */
#include "state.h"

enum lane_status { LANE_IDLE, LANE_WAITS, LANE_MOVES, LANE_ADDS };

static enum lane_status lane_status(const struct lane *lane);

/* The most that one of the strands does. One that waits for another strand does nothing. */
static enum lane_status strands_status(const struct lane *lane)
{
    enum lane_status most = LANE_WAITS;
    for (int i = 0; i < lane->strand_count; i++) {
        enum lane_status status = LANE_IDLE;
        if (!lane->strands[i].held)
            status = lane_status(&lane->strands[i]);
        if (status == LANE_MOVES)
            return status;
        most = status == LANE_ADDS ? status : most;
    }
    return most;
}

static enum lane_status lane_status(const struct lane *lane)
{
    if (!lane || !lane->busy)
        return LANE_IDLE;
    if (lane->strand_count)
        return strands_status(lane);
    if (lane->adding)
        return LANE_ADDS;
    bool any = !lane->item.schedule && lane->item.peer == OP_ANY && lane->early;
    if (lane->receiving && !lane->message && !any)
        return LANE_WAITS; /* its sender has not begun to send */
    return LANE_MOVES;
}

static bool any_lane_moves(const struct rank_state *rank, int lane_count)
{
    for (int i = 1; i < lane_count; i++)
        if (lane_status(lane_place(rank, i)->lane) == LANE_MOVES)
            return true;
    return false;
}

static void account_graph(const struct rank_state *rank, struct rank_record *record,
                          uint64_t elapsed_ps)
{
    bool communicates = graph_communicates(rank->graph);
    if (graph_computes(rank->graph)) {
        record->compute_ps += elapsed_ps;
        record->overlapped_comm_ps += communicates ? elapsed_ps : 0;
    } else {
        *(communicates ? &record->exposed_comm_ps : &record->waiting_ps) += elapsed_ps;
    }
}

static void account_blocked(const struct rank_state *rank, struct rank_record *record,
                            uint64_t elapsed_ps)
{
    if (rank->wait_lane == 0) {
        account_graph(rank, record, elapsed_ps);
        return;
    }
    const struct lane *lane = lane_place(rank, rank->wait_lane)->lane;
    const struct group *group = lane_membership(rank, rank->wait_lane)->group;
    switch (lane_status(lane)) {
    case LANE_ADDS:
        record->compute_ps += elapsed_ps;
        break;
    case LANE_WAITS:
        *(group->pipeline ? &record->bubble_ps : &record->waiting_ps) += elapsed_ps;
        break;
    default:
        record->exposed_comm_ps += elapsed_ps;
    }
}

void account(struct clock *clock, struct rank_state *rank)
{
    uint64_t elapsed_ps = clock->now_ps - rank->accounted_ps;
    rank->accounted_ps = clock->now_ps;
    if (elapsed_ps == 0)
        return;
    int number = (int)(rank - clock->ranks);
    struct rank_record *record = &clock->books[number].record;
    if (rank->state == COMPUTE_BUSY) {
        record->compute_ps += elapsed_ps;
        if (any_lane_moves(rank, clock->edges[number].lane_count))
            record->overlapped_comm_ps += elapsed_ps;
    } else if (rank->state == COMPUTE_BLOCKED) {
        account_blocked(rank, record, elapsed_ps);
    }
}

struct node_record clock_record(const struct clock *clock, int rank)
{
    const struct rank_record *own = &clock->books[rank].record;
    struct node_record record = {.compute_ps = own->compute_ps,
                                 .exposed_comm_ps = own->exposed_comm_ps,
                                 .waiting_ps = own->waiting_ps,
                                 .bubble_ps = own->bubble_ps,
                                 .overlapped_comm_ps = own->overlapped_comm_ps,
                                 .bytes_sent = own->bytes_sent,
                                 .messages_sent = own->messages_sent};
    uint64_t stolen_ps = clock->ranks ? clock->ranks[rank].stolen_ps : 0;
    record.compute_ps -= stolen_ps;
    record.exposed_comm_ps += stolen_ps;
    if (record.overlapped_comm_ps > record.compute_ps)
        record.overlapped_comm_ps = record.compute_ps;
    record.waiting_ps += clock_length_ps(clock) - clock->edges[rank].ended_ps;
    return record;
}
