/* What observers are told, from the state of ranks and lanes. */
#include "observe.h"

void tell(const struct clock *clock, const struct sight *sight)
{
    for (struct clock_observer *observer = clock->observers; observer; observer = observer->next)
        observer->saw(observer, sight);
}

static void tell_rate(void *context, struct transfer *message, double before_Bps, double rate_Bps)
{
    const struct clock *clock = context;
    tell(clock, &(struct sight){.kind = SIGHT_MESSAGE_RATE,
                                .now_ps = clock->now_ps,
                                .rank = message->src,
                                .strand = -1,
                                .training_step = message->training_step,
                                .send_to = message->dst,
                                .receive_from = message->src,
                                .bytes = message->bytes,
                                .message = message,
                                .before_Bps = before_Bps,
                                .rate_Bps = rate_Bps});
}

void clock_observe(struct clock *clock, struct clock_observer *observer)
{
    struct clock_observer **end = &clock->observers;
    if (clock->flow)
        BUG("only the events resolver can be observed");
    while (*end)
        end = &(*end)->next;
    observer->next = NULL;
    *end = observer;
    clock->rates = (struct netmodel_watch){clock, tell_rate};
    clock->netmodel->watch = &clock->rates;
}

void tell_rank(const struct clock *clock, int rank, enum sight_kind kind)
{
    const struct rank_state *state = &clock->ranks[rank];
    tell(clock, &(struct sight){.kind = kind,
                                .now_ps = clock->now_ps,
                                .rank = rank,
                                .lane = kind == SIGHT_WAIT_BEGINS || kind == SIGHT_WAIT_ENDS
                                            ? state->wait_lane
                                            : 0,
                                .strand = -1,
                                .training_step = state->marks,
                                .send_to = -1,
                                .receive_from = -1});
}

static int member_rank(const struct lane *lane, int member)
{
    return member < 0 || member == OP_ANY ? -1 : lane->group->members[member];
}

void tell_lane(const struct clock *clock, int rank, const struct lane *lane, enum sight_kind kind)
{
    const struct item *item = &lane->item;
    bool step = kind == SIGHT_STEP_BEGINS || kind == SIGHT_STEP_ENDS;
    struct sight sight = {.kind = kind,
                          .now_ps = clock->now_ps,
                          .rank = rank,
                          .lane = lane->whole ? lane->whole->number : lane->number,
                          .strand = lane->whole ? (int)(lane - lane->whole->strands) : -1,
                          .training_step = item->training_step,
                          .schedule = item->schedule,
                          .index = step ? lane->index - 1 : 0,
                          .send_to = -1,
                          .receive_from = -1,
                          .bytes = item->unit_bytes};
    if (step) {
        sight.send_to = member_rank(lane, lane->step.send_to);
        sight.receive_from = member_rank(lane, lane->step.recv_from);
        sight.bytes = item->schedule ? lane->step.send.count * item->unit_bytes : item->unit_bytes;
    } else if (item->schedule) {
        sight.bytes = item->call.count * item->unit_bytes;
    } else {
        *(lane->kind == LANE_SENDS ? &sight.send_to : &sight.receive_from) =
            member_rank(lane, item->peer);
    }
    tell(clock, &sight);
}

/* The training step of the lane's operation at work, or of its last. */
static int training_step_of(const struct clock *clock, int rank, int lane)
{
    const struct rank_state *state = &clock->ranks[rank];
    if (state->graph)
        return state->marks;
    const struct lane_place *place = lane_place(state, lane);
    return place->lane ? place->lane->item.training_step : place->training_step;
}

static bool has_strands(const struct clock *clock, int rank, int lane)
{
    const struct rank_state *state = &clock->ranks[rank];
    return !state->graph && lane_place(state, lane)->lane && lane_place(state, lane)->lane->strand_count;
}

void tell_message(const struct clock *clock, const struct transfer *message, enum sight_kind kind)
{
    bool sender = kind == SIGHT_MESSAGE_BEGINS || kind == SIGHT_MESSAGE_SENT;
    int rank = sender ? message->src : message->dst;
    int lane = sender ? message->src_lane : message->dst_lane;
    tell(clock, &(struct sight){.kind = kind,
                                .now_ps = clock->now_ps,
                                .rank = rank,
                                .lane = lane,
                                .strand = !has_strands(clock, rank, lane) ? -1
                                          : sender                        ? message->src_strand
                                                                          : message->dst_strand,
                                .training_step = sender ? message->training_step
                                                        : training_step_of(clock, rank, lane),
                                .send_to = message->dst,
                                .receive_from = message->src,
                                .bytes = message->bytes,
                                .message = message});
}

static struct lane_label graph_label(int cpus, int lane)
{
    if (lane < cpus)
        return (struct lane_label){.group = -1, .cpu = lane};
    int number = lane - cpus;
    return (struct lane_label){.group = -1,
                               .kind = number % 2 ? LANE_RECEIVES : LANE_SENDS,
                               .track = number / 2 + 1};
}

struct lane_label clock_lane_label(const struct clock *clock, int rank, int lane)
{
    if (clock->ranks[rank].graph)
        return graph_label(graph_cpus(clock->ranks[rank].graph), lane);
    if (lane == 0)
        return (struct lane_label){.group = -1};
    const struct group *group = lane_membership(&clock->ranks[rank], lane)->group;
    enum group_lane kind = (enum group_lane)((lane - 1) % GROUP_LANES);
    for (int g = 0; g < clock->group_count; g++)
        if (clock->groups[g] == group)
            return (struct lane_label){
                .group = g, .kind = kind, .name = group->name, .size = group->size};
    BUG("lane %d of rank %d belongs to no group", lane, rank);
}

int clock_lane_count(const struct clock *clock, int rank)
{
    const struct rank_state *state = &clock->ranks[rank];
    return state->graph ? graph_cpus(state->graph) : clock->edges[rank].lane_count;
}
