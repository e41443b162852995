/* Flows share the links of their routes max-min fairly (maxmin.h). A message waits for its route's
 * latency, then its bytes flow, at a rate that changes whenever another flow that matters to it
 * comes or goes. Alone on its route it takes alpha + n / beta, to the picosecond.
 *
 * Sources. SimGrid's network models CM02 (Casanova, Marchal: A network model for simulation of grid
 * application, LIP RR-2002-40) and LV08 (Velho, Legrand: Accuracy study and improvement of network
 * simulation in the SimGrid framework, SIMUTools 2009; Velho, Schnorr, Casanova, Legrand: On the
 * validity of flow-level TCP network models, ACM TOMACS 23(4), 2013, section 3). What they add to
 * plain sharing can be switched on one by one (cluster/flow.c), and cluster.flow.preset sets it
 * all:
 *
 *     fairness rtt       a flow's weight is 1 / (latency + the sum of S / bandwidth over its links)
 *     bandwidth_factor   the share of each link's bandwidth that data gets
 *     latency_factor     the latency waited is that many times the route's (slow start, roughly)
 *     crosstraffic       a flow's acknowledgements take 5 % of its rate on the way back
 *     window             a flow is no faster than window / (2 x latency): TCP's greatest window
 *
 * A link that is not shared (fatpipe) is a bound for each of its flows. SimGrid 3.32 does the same
 * among flows of equal weights; else it fixes all when the heaviest reaches the capacity, and leaves
 * lighter ones below what anything asks of them. That is not max-min, and is not done here.
 *
 * Where the cluster says that bandwidths change in time (cluster.slow.link_trace), capacities do so at those
 * instants and all rates are found anew. Weights (fairness rtt) stay those of the bandwidths before.
 *
 * Valid for messages long enough to reach a steady rate: there are no packets, no slow start, no
 * loss, no queue in a switch, and rates change everywhere at once. Velho et al. find it good for
 * TCP from about 10 MB on, with their factors from about 100 kB; for a lossless fabric (InfiniBand,
 * NVLink) the plain form is the right one, and short messages err by what their packets' headers
 * take.
 *
 * Rates are whole units of 2^-k bytes/s, k as large as lets the widest link have below 2^51 units
 * (at most 24). What is left of a flow is counted in bytes x 2^k x 10^12, so that a duration is
 * exact and is rounded once, half up, to a picosecond.
 */
#include "threadrack/clock/netmodel.h"

#include "threadrack/base/memory.h"

#include "maxmin.h"
#include "timeline.h"

#include <math.h>
#include <stdlib.h>

/* Of a flow's rate, what a link on its way carries and what one on the way back does, where there
 * is cross traffic: in twentieths, so that both are whole numbers. */
enum { TWENTIETHS = 20, MOST_SCALE = 24, WEIGHT_BITS = 36 };

/* A message under way. Once its latency is over it is maxmin's flow of the same number. */
struct journey {
    unsigned __int128 left; /* at `since`, in unit x ps */
    uint64_t since_ps;
    struct transfer *transfer;
};

/* At begin_ps the link's bandwidth is another. */
struct turn {
    uint64_t begin_ps;
    int link;
};

struct flow_model {
    struct netmodel base;
    struct turn *turns; /* of all links, in order; from `turn` on they are to come */
    int turn_count, turn_room, turn;
    struct maxmin maxmin;
    struct timeline timeline; /* journeys: ends of latencies, then ends of flows */
    struct journey *journeys;
    int journey_count, journey_room;
    struct ints spare;       /* journeys' numbers to use again */
    int *route;              /* room for one */
    struct transfer **ended; /* in this instant */
    int ended_count, ended_room;
    bool stale; /* the set of flows has changed since the rates were found */
    uint64_t now_ps;
    int scale;         /* a unit is 2^-scale bytes/s */
    double share;      /* of a flow's rate, on a link on its way: 1, or TWENTIETHS */
    double heaviest_s; /* the least latency that a weight can stem from */
};

/* Both directions of a half-duplex cable are one link here. */
static int shared_link(const struct cluster *cluster, int link)
{
    return cluster->links[link].half_duplex ? link & ~1 : link;
}

/* ---- Units ---- */

static double units_of(const struct flow_model *flow, double bandwidth_Bps)
{
    return floor(ldexp(bandwidth_Bps, flow->scale));
}

/* The most that the link's bandwidth is times, at any time. */
static double most_factor(const struct cluster *cluster, int link)
{
    double most = 1;
    for (int i = 0; cluster->link_traces && i < cluster->link_traces[link].count; i++)
        most = fmax(most, cluster->link_traces[link].factor[i]);
    return most;
}

static void set_capacity(struct flow_model *flow, int link, uint64_t now_ps)
{
    const struct cluster *cluster = flow->base.cluster;
    double bandwidth_Bps =
        cluster->flow.bandwidth_factor * (double)cluster_bandwidth_at(cluster, link, now_ps);
    double units = flow->share * units_of(flow, bandwidth_Bps);
    maxmin_set_capacity(&flow->maxmin, link, units);
}

static void choose_units(struct flow_model *flow)
{
    const struct cluster *cluster = flow->base.cluster;
    double widest = 1;
    for (int i = 0; i < cluster->link_count; i++)
        widest = fmax(widest, (double)cluster->links[i].bandwidth_Bps * most_factor(cluster, i));
    int exponent;
    frexp(widest * flow->share, &exponent);
    flow->scale = 51 - exponent < MOST_SCALE ? 51 - exponent : MOST_SCALE;
    for (int i = 0; i < cluster->link_count; i++)
        set_capacity(flow, i, 0);
}

/* ---- Bandwidths that change in time ---- */

static int turn_order(const void *a, const void *b)
{
    const struct turn *left = a, *right = b;
    if (left->begin_ps != right->begin_ps)
        return left->begin_ps < right->begin_ps ? -1 : 1;
    return left->link < right->link ? -1 : 1;
}

static void list_turns(struct flow_model *flow)
{
    const struct cluster *cluster = flow->base.cluster;
    for (int link = 0; cluster->link_traces && link < cluster->link_count; link++)
        for (int i = 0; i < cluster->link_traces[link].count; i++)
            *vector_push(&flow->turns, &flow->turn_count, &flow->turn_room) =
                (struct turn){cluster->link_traces[link].begin_ps[i], link};
    if (flow->turn_count)
        qsort(flow->turns, (size_t)flow->turn_count, sizeof *flow->turns, turn_order);
}

static uint64_t next_turn(const struct flow_model *flow)
{
    return flow->turn < flow->turn_count ? flow->turns[flow->turn].begin_ps : TIME_NEVER;
}

static void find_bounds(struct flow_model *flow);

/* Those up to now. */
static void take_turns(struct flow_model *flow, uint64_t now_ps)
{
    bool any = next_turn(flow) <= now_ps;
    for (; next_turn(flow) <= now_ps; flow->turn++)
        set_capacity(flow, flow->turns[flow->turn].link, now_ps);
    if (!any)
        return;
    find_bounds(flow);
    maxmin_forget(&flow->maxmin);
    flow->stale = true;
}

/* What a link adds to the weight's latency, in seconds. */
static double penalty_s(const struct cluster *cluster, int link)
{
    return (double)cluster->links[link].latency_ps * 1e-12 +
           (double)cluster->flow.weight_bytes / (double)cluster->links[link].bandwidth_Bps;
}

static void find_heaviest(struct flow_model *flow)
{
    const struct cluster *cluster = flow->base.cluster;
    flow->heaviest_s = 1;
    for (int i = 0; i < cluster->link_count; i++) {
        double penalty = penalty_s(cluster, i);
        if (penalty > 0)
            flow->heaviest_s = fmin(flow->heaviest_s, penalty);
    }
}

static struct netmodel *create(const struct cluster *cluster)
{
    struct flow_model *flow = memory_zeroed(1, sizeof *flow);
    flow->base = (struct netmodel){.cluster = cluster};
    flow->route = memory_zeroed((size_t)cluster_route_room(cluster), sizeof *flow->route);
    flow->share = cluster->flow.crosstraffic ? TWENTIETHS : 1;
    timeline_init(&flow->timeline);
    maxmin_init(&flow->maxmin, cluster->link_count);
    choose_units(flow);
    list_turns(flow);
    take_turns(flow, 0);
    find_heaviest(flow);
    return &flow->base;
}

static void release(struct netmodel *model)
{
    struct flow_model *flow = (struct flow_model *)model;
    maxmin_release(&flow->maxmin);
    timeline_release(&flow->timeline);
    free(flow->turns);
    free(flow->journeys);
    free(flow->spare.items);
    free(flow->route);
    free(flow->ended);
    free(flow);
}

/* ---- What the cache will need ---- */

/* Asks for the lines that the next event will need, most often from memory, while this one is
 * handled: its message and its links; and the journeys of those that may follow it. */
static void fetch_ahead(const struct flow_model *flow)
{
    const struct moment *soon = flow->timeline.heap + TIMELINE_ROOT;
    if (soon->time_ps == UINT64_MAX)
        return;
    __builtin_prefetch(flow->journeys[soon->number].transfer);
    __builtin_prefetch((const char *)flow->journeys[soon->number].transfer + LINE);
    if (maxmin_has(&flow->maxmin, soon->number)) {
        const struct flow *sharing = &flow->maxmin.flows[soon->number];
        const struct crossing *crossings = flow_crossings(sharing);
        for (int i = 0; i < sharing->count && i < 8; i++)
            __builtin_prefetch(&flow->maxmin.links[crossings[i].link]);
    }
    for (int i = 1; i <= TIMELINE_CHILDREN; i++) {
        __builtin_prefetch(&flow->journeys[soon[i].number]);
        if (soon[i].number < flow->maxmin.flow_count)
            __builtin_prefetch(&flow->maxmin.flows[soon[i].number]);
    }
}

/* ---- A message sets out ---- */

static uint64_t latency_of(const struct cluster *cluster, const struct transfer *transfer)
{
    uint64_t latency_ps = cluster_path(cluster, transfer->src, transfer->dst).latency_ps;
    double factor = cluster->flow.latency_factor;
    return factor == 1 ? latency_ps : (uint64_t)floor((double)latency_ps * factor + 0.5);
}

static int take_number(struct flow_model *flow)
{
    if (flow->spare.count)
        return flow->spare.items[--flow->spare.count];
    if (flow->journey_count == flow->journey_room) {
        size_t size = sizeof *flow->journeys, used = (size_t)flow->journey_room * size;
        flow->journey_room = 2 * flow->journey_room + 16;
        flow->journeys = memory_lines(flow->journeys, used, (size_t)flow->journey_room * size);
    }
    return flow->journey_count++;
}

static void start(struct netmodel *model, struct transfer *transfer, uint64_t now_ps)
{
    struct flow_model *flow = (struct flow_model *)model;
    if (timeline_first_ps(&flow->timeline) == TIME_NEVER)
        take_turns(flow, now_ps); /* else advance has */
    int number = take_number(flow);
    flow->journeys[number].transfer = transfer;
    timeline_set(&flow->timeline, number, now_ps + latency_of(model->cluster, transfer));
}

/* ---- Its latency is over: it flows ---- */

/* In multiples of 2^-WEIGHT_BITS, so that sums over a link are exact. A route without any latency
 * counts as one second's, as in SimGrid. */
static double weight_of(const struct flow_model *flow, int length)
{
    const struct cluster *cluster = flow->base.cluster;
    if (!cluster->flow.by_rtt)
        return 1;
    double penalty = 0;
    for (int i = 0; i < length; i++)
        penalty += penalty_s(cluster, flow->route[i]);
    double weight = rint(ldexp(flow->heaviest_s / (penalty > 0 ? penalty : 1), WEIGHT_BITS));
    return ldexp(weight > 1 ? weight : 1, -WEIGHT_BITS);
}

/* The least of what its window and the links that are not shared allow. */
static double bound_of(const struct flow_model *flow, int length)
{
    const struct cluster *cluster = flow->base.cluster;
    double bound = INFINITY, latency_ps = 0;
    for (int i = 0; i < length; i++) {
        latency_ps += (double)cluster->links[flow->route[i]].latency_ps;
        if (cluster->links[flow->route[i]].fatpipe)
            bound = fmin(bound, flow->maxmin.links[flow->route[i]].capacity / flow->share);
    }
    if (cluster->flow.window_bytes > 0 && latency_ps > 0)
        bound = fmin(bound,
                     units_of(flow, cluster->flow.bandwidth_factor *
                                        (double)cluster->flow.window_bytes / (2e-12 * latency_ps)));
    return floor(fmax(bound, 1));
}

static void cross(struct flow_model *flow, int number, int length, int share)
{
    const struct cluster *cluster = flow->base.cluster;
    for (int i = 0; i < length; i++)
        if (!cluster->links[flow->route[i]].fatpipe)
            maxmin_cross(&flow->maxmin, number, shared_link(cluster, flow->route[i]), share);
}

static void add_flow(struct flow_model *flow, int number, const struct transfer *transfer)
{
    const struct cluster *cluster = flow->base.cluster;
    int length = cluster_route(cluster, transfer->src, transfer->dst, flow->route);
    for (int i = 0; i < length; i++)
        __builtin_prefetch(&flow->maxmin.links[flow->route[i]]);
    maxmin_add(&flow->maxmin, number, weight_of(flow, length), bound_of(flow, length));
    cross(flow, number, length, (int)flow->share);
    if (cluster->flow.crosstraffic) {
        length = cluster_route(cluster, transfer->dst, transfer->src, flow->route);
        cross(flow, number, length, 1);
    }
}

/* Of all flows, whose links that are not shared may be others now. */
static void find_bounds(struct flow_model *flow)
{
    const struct cluster *cluster = flow->base.cluster;
    for (int number = 0; number < flow->journey_count; number++) {
        if (!maxmin_has(&flow->maxmin, number))
            continue;
        const struct transfer *transfer = flow->journeys[number].transfer;
        int length = cluster_route(cluster, transfer->src, transfer->dst, flow->route);
        flow->maxmin.flows[number].bound = bound_of(flow, length);
    }
}

static void begin_flow(struct flow_model *flow, int number)
{
    struct journey *journey = &flow->journeys[number];
    add_flow(flow, number, journey->transfer);
    unsigned __int128 left = (unsigned __int128)journey->transfer->bytes * 1000000000000u;
    journey->left = flow->scale >= 0 ? left << flow->scale : left >> -flow->scale;
    journey->since_ps = flow->now_ps;
    flow->stale = true;
}

/* ---- Rates change ---- */

static void tell_rate(const struct flow_model *flow, int number, double before, double rate)
{
    const struct netmodel_watch *watch = flow->base.watch;
    if (watch)
        watch->rate(watch->context, flow->journeys[number].transfer, ldexp(before, -flow->scale),
                    ldexp(rate, -flow->scale));
}

static void set_rate(struct flow_model *flow, int number, uint64_t rate_before, uint64_t rate)
{
    struct journey *journey = &flow->journeys[number];
    unsigned __int128 moved =
        (unsigned __int128)rate_before * (flow->now_ps - journey->since_ps);
    journey->left -= moved < journey->left ? moved : journey->left;
    journey->since_ps = flow->now_ps;
    uint64_t duration_ps = (uint64_t)((journey->left + rate / 2) / rate);
    timeline_set(&flow->timeline, number, flow->now_ps + duration_ps);
}

static void find_rates(struct flow_model *flow)
{
    flow->stale = false;
    maxmin_update(&flow->maxmin);
    for (int i = 0; i < flow->maxmin.change_count; i++) {
        const struct change *change = &flow->maxmin.changes[i];
        double rate = flow->maxmin.flows[change->flow].rate;
        set_rate(flow, change->flow, (uint64_t)change->rate_before, (uint64_t)rate);
        tell_rate(flow, change->flow, change->rate_before, rate);
    }
}

static uint64_t next(struct netmodel *model)
{
    struct flow_model *flow = (struct flow_model *)model;
    if (flow->stale)
        find_rates(flow);
    uint64_t first_ps = timeline_first_ps(&flow->timeline), turn_ps = next_turn(flow);
    /* With nothing under way a turn is no event. */
    return first_ps != TIME_NEVER && turn_ps < first_ps ? turn_ps : first_ps;
}

/* ---- An instant ---- */

static void end_journey(struct flow_model *flow, int number)
{
    *vector_push(&flow->ended, &flow->ended_count, &flow->ended_room) =
        flow->journeys[number].transfer;
    ints_add(&flow->spare, number);
}

/* Its latency is over, or it has ended. */
static void step_journey(struct flow_model *flow, int number)
{
    if (maxmin_has(&flow->maxmin, number)) {
        maxmin_remove(&flow->maxmin, number);
        flow->stale = true;
        tell_rate(flow, number, flow->maxmin.flows[number].rate, 0);
        end_journey(flow, number);
    } else if (flow->journeys[number].transfer->bytes) {
        begin_flow(flow, number);
    } else {
        end_journey(flow, number);
    }
}

static int in_order(const void *a, const void *b)
{
    const struct transfer *left = *(struct transfer *const *)a,
                          *right = *(struct transfer *const *)b;
    if (left->src != right->src)
        return left->src < right->src ? -1 : 1;
    return left->sequence < right->sequence ? -1 : left->sequence > right->sequence;
}

static void advance(struct netmodel *model, uint64_t now_ps, const struct netmodel_sink *sink)
{
    struct flow_model *flow = (struct flow_model *)model;
    flow->now_ps = now_ps;
    flow->ended_count = 0;
    take_turns(flow, now_ps);
    while (timeline_first_ps(&flow->timeline) == now_ps)
        step_journey(flow, timeline_take(&flow->timeline));
    fetch_ahead(flow);
    if (flow->ended_count > 1)
        qsort(flow->ended, (size_t)flow->ended_count, sizeof *flow->ended, in_order);
    for (int i = 0; i < flow->ended_count; i++) {
        sink->sent(sink->context, flow->ended[i]);
        sink->delivered(sink->context, flow->ended[i]);
    }
}

const struct netmodel_ops netmodel_flow = {
    .name = "flow",
    .summary = "flows share every link of their routes max-min fairly; the default",
    .validity = "valid for messages whose time is bandwidth's; over TCP, slow start is worth 13.01 latencies "
                "(Velho and Legrand 2009), which cluster.flow.preset=lv08 adds",
    .options = "cluster.link.latency, cluster.link.bandwidth, the topology's other links, "
               "cluster.flow.*",
    .shares_links = true,
    .create = create,
    .free = release,
    .start = start,
    .next = next,
    .advance = advance,
};
