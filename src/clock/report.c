/* Who waits for whom, once nothing moves any more.
 *
 * What waits is a lane: a rank's compute lane for one of its group lanes, that one for a message of
 * a member's lane, and so on. Each waits for one other at a time, so from any lane a chain of waits
 * leads to a circle, or to a rank that has no more operations:
 *
 *     rank 0, compute -> rank 0, collectives of group A -> rank 1, collectives of A (not posted yet)
 *       -> rank 1, compute -> rank 1, receives of group B -> rank 2, compute, which has ended
 */
#include "resolver/dataflow.h"

/* A lane of a rank; lane 0 is the compute lane. */
struct place {
    int rank, lane;
};

static const struct lane *lane_at(struct clock *clock, struct place place)
{
    return lane_get(clock, place.rank, place.lane);
}

/* The operation that a lane is at is its (ended + 1)th; it is there once it has been posted. */
static bool is_at_work(const struct lane *lane)
{
    return lane->busy || lane->count > 0;
}

/* The lane of a strand that waits for a member, where there are several; else the lane itself. */
static const struct lane *one_that_waits(const struct lane *lane)
{
    const struct lane *found = lane->strand_count ? &lane->strands[0] : lane;
    for (int i = 0; i < lane->strand_count; i++) {
        const struct lane *strand = &lane->strands[i];
        if (strand->receiving || (strand->sending && !found->receiving))
            found = strand;
    }
    return found;
}

/* The member that the lane's step waits for: to send, or else to take what was sent; -1: none. */
static int member_waited_for(const struct lane *whole)
{
    const struct lane *lane = one_that_waits(whole);
    if (lane->receiving)
        return lane->step.recv_from == OP_ANY ? -1 : lane->step.recv_from;
    return lane->sending ? lane->step.send_to : -1;
}

/* The lane of that member from which the message is to come, or into which it is to go. */
static struct place counterpart(const struct lane *lane, int member)
{
    const struct group *group = lane->group;
    enum group_lane kind = lane->kind == LANE_SENDS      ? LANE_RECEIVES
                           : lane->kind == LANE_RECEIVES ? LANE_SENDS
                                                         : LANE_COLLECTIVES;
    return (struct place){group->members[member], group->lane_bases[member] + (int)kind};
}

/* Whom the place waits for; false at the end of the chain: the rank has no more operations. */
static bool next_place(struct clock *clock, struct place *place)
{
    const struct rank_state *rank = &clock->ranks[place->rank];
    if (place->lane == 0) {
        if (rank->state != COMPUTE_BLOCKED)
            return false;
        place->lane = rank->wait_lane;
        return true;
    }
    const struct lane *lane = lane_at(clock, *place);
    if (is_at_work(lane) && lane->receiving && lane->step.recv_from == OP_ANY)
        return false;
    int member = is_at_work(lane) ? member_waited_for(lane) : -1;
    if (member < 0) /* not posted yet: its program would have to */
        place->lane = 0;
    else
        *place = counterpart(lane, member);
    return true;
}

static bool is_same(struct place a, struct place b)
{
    return a.rank == b.rank && a.lane == b.lane;
}

/* Brent 1980: a place on the circle that the chain from `place` runs into; false: it ends. */
static bool find_circle(struct clock *clock, struct place *place)
{
    struct place mark = *place;
    for (uint64_t steps = 0, power = 1;; steps++) {
        if (!next_place(clock, place))
            return false;
        if (is_same(*place, mark))
            return true;
        if (steps == power) {
            mark = *place;
            power *= 2;
            steps = 0;
        }
    }
}

static void write_group(const struct group *group, FILE *stream)
{
    fprintf(stream, "the group of %d rank%s from rank %d on", group->size,
            group->size == 1 ? "" : "s", group->members[0]);
}

/* "receive 2 in the group of 3 ranks from rank 0 on, of 12 bytes". */
static void write_operation(const struct lane *lane, FILE *stream)
{
    static const char *const kinds[] = {"collective", "send", "receive"};
    const struct item *item = &lane->item;
    fprintf(stream, "%s %u in ", kinds[lane->kind], lane->ended + 1);
    write_group(lane->group, stream);
    if (lane->busy && item->schedule)
        fprintf(stream, ", %s of %zu elements, step %d", item->schedule->name, item->call.count,
                one_that_waits(lane)->index);
    else if (lane->busy)
        fprintf(stream, ", of %llu bytes", (unsigned long long)item->unit_bytes);
}

/* One wait of one rank for another (or for itself, where it is its own peer): the places of a rank
 * that lead to it are passed over. */
static bool write_wait(struct clock *clock, struct place *place, FILE *stream)
{
    enum { PLACES_MOST = 4 }; /* a lane whose operation is not posted, compute, the lane waited for */
    struct place from = *place, last = from;
    for (int i = 0; place->rank == from.rank && i < PLACES_MOST; i++) {
        last = *place;
        if (!next_place(clock, place))
            return false;
    }
    fprintf(stream, "rank %d waits for rank %d (", from.rank, place->rank);
    write_operation(lane_at(clock, last), stream);
    fputc(')', stream);
    return true;
}

enum { WAITS_SHOWN = 8 };
#define IN_A_CIRCLE "ranks wait for each other in a circle: "
#define FOR_EVER    "ranks wait for ever: "

static void write_chain(struct clock *clock, struct place place, bool circle, FILE *stream)
{
    struct place begin = place;
    for (int i = 0; i < WAITS_SHOWN; i++) {
        int rank = place.rank;
        if (i > 0)
            fputs(", ", stream);
        if (!write_wait(clock, &place, stream)) {
            fprintf(stream, "which never comes: rank %d has no more operations", rank);
            return;
        }
        if (circle && place.rank == begin.rank)
            return;
    }
    fputs(", and so on", stream);
}

static int blocked_count(const struct clock *clock, int *first)
{
    int count = 0;
    for (int rank = clock->rank_count - 1; rank >= 0; rank--)
        if (clock->ranks[rank].state == COMPUTE_BLOCKED) {
            *first = rank;
            count++;
        }
    return count;
}

static void report_mismatch(const struct mismatch *mismatch, FILE *stream)
{
    fprintf(stream, "rank %d sends %llu bytes to rank %d, which wants %llu there", mismatch->src,
            (unsigned long long)mismatch->sent_bytes, mismatch->dst,
            (unsigned long long)mismatch->wanted_bytes);
}

/* ---- Graphs, whose operations know themselves what they lack. ---- */

static bool waits_in_graph(const struct clock *clock, int rank)
{
    return clock->ranks[rank].state == COMPUTE_BLOCKED && clock->ranks[rank].wait_lane == 0;
}

/* A rank on the circle that the chain from `rank` runs into; -1: it ends. */
static int find_graph_circle(const struct clock *clock, const struct graph_wait *waits, int rank)
{
    for (int steps = 0; steps < clock->rank_count && rank >= 0; steps++)
        rank = waits_in_graph(clock, rank) ? waits[rank].peer : -1;
    return rank;
}

static void write_graph_chain(const struct clock *clock, const struct graph_wait *waits, int rank,
                              bool circle, FILE *stream)
{
    int begin = rank;
    for (int i = 0; i < WAITS_SHOWN; i++, rank = waits[rank].peer) {
        if (i > 0 && circle && rank == begin)
            return;
        if (i > 0)
            fputs(", ", stream);
        if (!waits_in_graph(clock, rank)) {
            fprintf(stream, "which never comes: rank %d has no more operations", rank);
            return;
        }
        if (waits[rank].peer < 0) {
            fprintf(stream, "rank %d waits: %u of its operations have not ended", rank,
                    graph_left(clock->ranks[rank].graph));
            return;
        }
        fprintf(stream, "rank %d waits for rank %d (to %s tag %u, line %u)", rank, waits[rank].peer,
                waits[rank].sends ? "send" : "receive", waits[rank].tag, waits[rank].line);
    }
    if (!circle || rank != begin)
        fputs(", and so on", stream);
}

static void report_graphs(const struct clock *clock, int first, FILE *stream)
{
    struct graph_wait *waits = memory_zeroed((size_t)clock->rank_count, sizeof *waits);
    graph_waits(clock, waits);
    int found = find_graph_circle(clock, waits, first);
    fputs(found >= 0 ? IN_A_CIRCLE : FOR_EVER, stream);
    write_graph_chain(clock, waits, found >= 0 ? found : first, found >= 0, stream);
    free(waits);
}

/* ---- */

static void report_lanes(struct clock *clock, int first, FILE *stream)
{
    struct place begin = {.rank = first}, place = begin;
    bool circle = find_circle(clock, &place);
    fputs(circle ? IN_A_CIRCLE : FOR_EVER, stream);
    write_chain(clock, circle ? place : begin, circle, stream);
}

void clock_report(struct clock *clock, FILE *stream)
{
    if (clock->flow) {
        dataflow_report(clock->flow, stream);
        return;
    }
    if (clock->mismatch.there) {
        report_mismatch(&clock->mismatch, stream);
        return;
    }
    int first = 0, count = blocked_count(clock, &first);
    if (waits_in_graph(clock, first))
        report_graphs(clock, first, stream);
    else
        report_lanes(clock, first, stream);
    fprintf(stream, "; %d of %d ranks wait", count, clock->rank_count);
}
