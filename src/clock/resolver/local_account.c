/* Where a rank's time goes, as in ../account.c. A lane that receives waits until its message's sender
 * has begun, and moves from then on; that is known when the message arrives. Until then it is *not
 * matched*: a rank that is blocked on it accounts nothing, and computing that overlaps with no other
 * lane is put down as a stretch, to be counted as overlapped from the begin on:
 *
 *     lane      [ step begins, unmatched ....... b ...... arrives ]
 *     compute       [ stretch ]      [ stretch   ]
 *                                        ======== overlapped
 */
#include "local.h"

static bool any_lane_moves(const struct local *local, const struct local_rank *rank)
{
    int left = rank->busy;
    for (uint32_t number = 1; left; number++) {
        const struct local_lane *lane = local_lane(local, rank, number);
        if (lane && !lane->adding && (!lane->receiving || lane->matched))
            return true;
        left -= lane != NULL;
    }
    return false;
}

static void put_down(struct local_rank *rank, uint64_t from_ps, uint64_t to_ps)
{
    struct stretch *last =
        rank->stretch_count ? &rank->stretches[rank->stretch_count - 1] : NULL;
    if (last && last->to_ps == from_ps) {
        last->to_ps = to_ps;
        return;
    }
    if (rank->stretch_count == rank->stretch_room) { /* a rank has one or two of them */
        rank->stretch_room = rank->stretch_room ? 2 * rank->stretch_room : 1;
        rank->stretches = memory_resize(rank->stretches, (size_t)rank->stretch_room * sizeof *rank->stretches);
    }
    rank->stretches[rank->stretch_count++] = (struct stretch){from_ps, to_ps};
}

static struct rank_record *record_of(const struct dataflow *flow, const struct local_rank *rank)
{
    return &flow->clock->books[rank - flow->local->ranks].record;
}

static void account_busy(const struct dataflow *flow, struct local_rank *rank, uint64_t elapsed_ps)
{
    struct rank_record *record = record_of(flow, rank);
    record->compute_ps += elapsed_ps;
    if (any_lane_moves(flow->local, rank))
        record->overlapped_comm_ps += elapsed_ps;
    else if (rank->unmatched)
        put_down(rank, rank->accounted_ps, rank->now_ps);
}

static void account_blocked(const struct dataflow *flow, struct local_rank *rank,
                            const struct local_lane *lane, uint64_t elapsed_ps)
{
    struct rank_record *record = record_of(flow, rank);
    *(lane && lane->adding ? &record->compute_ps : &record->exposed_comm_ps) += elapsed_ps;
}

void local_account(const struct dataflow *flow, struct local_rank *rank)
{
    uint64_t elapsed_ps = rank->now_ps - rank->accounted_ps;
    if (elapsed_ps == 0)
        return;
    if (rank->state == COMPUTE_BUSY) {
        account_busy(flow, rank, elapsed_ps);
    } else if (rank->state == COMPUTE_BLOCKED) {
        const struct local_lane *lane = local_lane(flow->local, rank, rank->wait_lane);
        if (lane && !lane->adding && lane->receiving && !lane->matched)
            return; /* see local_account_match */
        account_blocked(flow, rank, lane, elapsed_ps);
    }
    rank->accounted_ps = rank->now_ps;
}

static void count_overlap(struct local_rank *rank, struct rank_record *record,
                          uint64_t moves_from_ps)
{
    int left = 0;
    for (int i = 0; i < rank->stretch_count; i++) {
        struct stretch stretch = rank->stretches[i];
        if (stretch.to_ps > moves_from_ps) {
            uint64_t from = later(stretch.from_ps, moves_from_ps);
            record->overlapped_comm_ps += stretch.to_ps - from;
            stretch.to_ps = from;
        }
        if (stretch.to_ps > stretch.from_ps)
            rank->stretches[left++] = stretch;
    }
    rank->stretch_count = rank->unmatched ? left : 0;
}

void local_account_match(const struct dataflow *flow, struct local_rank *rank,
                         const struct local_lane *lane, uint64_t begun_ps)
{
    uint64_t moves_from = later(begun_ps, lane->since_ps);
    struct rank_record *record = record_of(flow, rank);
    if (rank->state == COMPUTE_BLOCKED && rank->wait_lane == lane->number) {
        uint64_t split = later(moves_from, rank->accounted_ps);
        *(lane->group->pipeline ? &record->bubble_ps : &record->waiting_ps) +=
            split - rank->accounted_ps;
        record->exposed_comm_ps += rank->now_ps - split;
        rank->accounted_ps = rank->now_ps;
    }
    rank->unmatched--;
    count_overlap(rank, record, moves_from);
}
