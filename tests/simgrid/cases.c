#include "cases.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/philox.h"
#include "threadrack/clock/netmodel.h"
#include "threadrack/comm/collective.h"

#include "tests/clock/fixture.h"

#include <stdlib.h>

/* SimGrid computes in doubles and calls nearly equal what differs by less than its precisions,
 * which by default are a nanosecond and 1e-5 of a link: they are set far below what is compared
 * here. (A maxmin/precision of 1e-11 makes it crash with cross traffic: its sums keep more than
 * that.) */
#define EXACT "--cfg=surf/precision:1e-14 --cfg=maxmin/precision:1e-8 "
#define PLAIN                                                                                      \
    EXACT "--cfg=network/model:CM02 --cfg=network/crosstraffic:0 --cfg=network/TCP-gamma:1e30"
#define CM02 EXACT "--cfg=network/model:CM02"
#define LV08 EXACT "--cfg=network/model:LV08"

#define PLAIN_WORDS                                                                                \
    "cluster.flow.preset=cm02", "cluster.flow.crosstraffic=off", "cluster.flow.window=none"
#define STAR     "nodes=16", "cluster.topology=star"
#define FAT_TREE "nodes=16", "cluster.topology=fat_tree", "cluster.fat_tree.k=4"
#define TORUS    "nodes=16", "cluster.topology=torus", "cluster.torus.dimensions=4x4"
#define DRAGONFLY                                                                                  \
    "nodes=16", "cluster.topology=dragonfly", "cluster.dragonfly.global.bandwidth=40Gbit/s",       \
        "cluster.dragonfly.global.latency=3us"
#define EXPLICIT                                                                                   \
    "nodes=8", "cluster.topology=explicit",                                                        \
        "cluster.links=node0 switch0,node1 switch0,node2 switch0,node3 switch0 latency=20us,"      \
        "node4 switch1,node5 switch1 bandwidth=1Gbit/s,node6 switch1,node7 switch2,"               \
        "switch0 switch1 bandwidth=15Gbit/s latency=7us,switch1 switch2 latency=50us,"             \
        "switch0 switch2 bandwidth=2Gbit/s latency=90us,node2 node4 latency=3us"

/* Cables that share in each of SimGrid's ways. Flows that a fatpipe holds back have equal weights
 * here: where they have not, SimGrid gives the lighter ones less than anything asks for (flow.c). */
#define CABLES                                                                                     \
    "nodes=8", "cluster.topology=explicit",                                                        \
        "cluster.links=node0 switch0,node1 switch0 duplex=half,node2 switch0 sharing=fatpipe,"     \
        "node3 switch0 duplex=half,node4 switch1,node5 switch1 duplex=half,"                       \
        "node6 switch1 sharing=fatpipe,node7 switch1,"                                             \
        "switch0 switch1 sharing=fatpipe bandwidth=4Gbit/s"

#define CASES(name, ...)                                                                           \
    {name, "plain", PLAIN, {__VA_ARGS__, PLAIN_WORDS}, 40},                                        \
        {name, "cm02", CM02, {__VA_ARGS__, "cluster.flow.preset=cm02"}, 10},                       \
    {                                                                                              \
        name, "lv08", LV08, {__VA_ARGS__, "cluster.flow.preset=lv08"}, 10                          \
    }
#define WINDOW_WORDS                                                                               \
    "cluster.flow.preset=lv08", "cluster.flow.window=20KiB", "cluster.flow.crosstraffic=on"

const struct simgrid_case simgrid_cases[] = {
    CASES("star", STAR),
    CASES("fat_tree", FAT_TREE),
    CASES("torus", TORUS),
    CASES("dragonfly", DRAGONFLY),
    CASES("explicit", EXPLICIT),
    CASES("cables", CABLES),
    {"fat_tree", "window", LV08 " --cfg=network/TCP-gamma:20480", {FAT_TREE, WINDOW_WORDS}, 10},
    {"explicit", "window", LV08 " --cfg=network/TCP-gamma:20480", {EXPLICIT, WINDOW_WORDS}, 10},
    {.topology = NULL},
};

struct cluster *case_cluster(const struct simgrid_case *one)
{
    int count = 0;
    while (one->words[count])
        count++;
    return cluster_of(one->words, count);
}

/* ---- Sets of flows ---- */

struct making {
    struct case_sets *sets;
    int nodes;
    struct draw draw;
    uint64_t draws;
};

static uint64_t below(struct making *making, uint64_t n)
{
    return draw_below(making->draw, making->draws++, n);
}

/* Starts are spread over some microseconds, so that no two events are near enough for SimGrid to
 * call them one. */
static void add_flow(struct making *making, int src, int dst, uint64_t bytes)
{
    struct case_sets *sets = making->sets;
    *vector_push(&sets->flows, &sets->count, &sets->room) =
        (struct case_flow){sets->sets, src, dst, bytes, below(making, 20000) * 1000};
}

static void add_round(struct making *making, const struct schedule *schedule, int index)
{
    struct call call = {.size = making->nodes, .count = 1u << 20};
    for (call.rank = 0; call.rank < call.size; call.rank++) {
        struct step step;
        if (schedule->step(&call, index, &step) && step.send_to >= 0)
            add_flow(making, call.rank, step.send_to, 4 * step.send.count);
    }
    making->sets->sets++;
}

static void add_allreduce(struct making *making, const char *name)
{
    struct errors errors;
    errors_init(&errors);
    const struct collective *collective = collective_find("allreduce", name, "test", &errors);
    errors_release(&errors);
    for (int index = 0; index < 5; index++)
        add_round(making, &collective->schedule, index);
}

static void add_all_to_all(struct making *making)
{
    for (int src = 0; src < making->nodes; src++)
        for (int dst = 0; dst < making->nodes; dst++)
            if (src != dst)
                add_flow(making, src, dst, 65536);
    making->sets->sets++;
}

static void add_many_to_one(struct making *making)
{
    for (int src = 1; src < making->nodes; src++)
        add_flow(making, src, 0, 100000 + 1000 * (uint64_t)src);
    making->sets->sets++;
}

static void add_neighbours(struct making *making)
{
    for (int i = 0; i < making->nodes; i++) {
        add_flow(making, i, (i + 1) % making->nodes, 1000000);
        add_flow(making, i, (i + making->nodes - 1) % making->nodes, 1000000);
    }
    making->sets->sets++;
}

static void add_random(struct making *making, int flows)
{
    for (int i = 0; i < flows; i++) {
        int src = (int)below(making, (uint64_t)making->nodes);
        int dst = (int)below(making, (uint64_t)making->nodes - 1);
        add_flow(making, src, dst + (dst >= src), 20000 + below(making, 400000));
    }
    making->sets->sets++;
}

struct case_sets case_sets_of(const struct simgrid_case *one, const struct cluster *cluster)
{
    struct case_sets sets = {0};
    struct making making = {
        &sets,
        cluster->nodes,
        {.seed = 7, .purpose = PURPOSE_TEST, .step = (uint32_t)one->topology[0]},
        0};
    add_allreduce(&making, "ring");
    add_allreduce(&making, "recursive_doubling");
    add_allreduce(&making, "halving_doubling");
    add_all_to_all(&making);
    add_many_to_one(&making);
    add_random(&making, cluster->nodes);
    add_neighbours(&making);
    for (int i = 0; i < one->random_sets; i++)
        add_random(&making, 2 + (int)below(&making, 20));
    return sets;
}

/* ---- Running a set ---- */

static void keep_time(void *now, struct transfer *transfer)
{
    transfer->finish_ps = *(uint64_t *)now;
}

static void ignore(void *now, struct transfer *transfer)
{
    (void)now, (void)transfer;
}

static int by_start(const void *a, const void *b)
{
    const struct transfer *left = a, *right = b;
    return left->ready_ps < right->ready_ps ? -1 : left->ready_ps > right->ready_ps;
}

void case_run_set(const struct cluster *cluster, const struct case_flow *flows, int count,
                  uint64_t *ends_ps)
{
    struct netmodel *model = netmodel_create(netmodel_named("flow"), cluster);
    struct transfer *transfers = memory_zeroed((size_t)count, sizeof *transfers);
    uint64_t now = 0;
    struct netmodel_sink sink = {&now, ignore, keep_time};
    for (int i = 0; i < count; i++)
        transfers[i] = (struct transfer){.src = flows[i].src,
                                         .dst = flows[i].dst,
                                         .bytes = flows[i].bytes,
                                         .ready_ps = flows[i].start_ps,
                                         .sequence = (uint64_t)i};
    qsort(transfers, (size_t)count, sizeof *transfers, by_start);
    for (int begun = 0;;) {
        uint64_t next_ps = model->ops->next(model);
        if (begun < count && transfers[begun].ready_ps <= next_ps) {
            now = transfers[begun].ready_ps;
            model->ops->start(model, &transfers[begun++], now);
        } else if (next_ps == TIME_NEVER) {
            break;
        } else {
            now = next_ps;
            model->ops->advance(model, now, &sink);
        }
    }
    for (int i = 0; i < count; i++)
        ends_ps[transfers[i].sequence] = transfers[i].finish_ps;
    model->ops->free(model);
    free(transfers);
}

/* ---- For the oracle ---- */

static void write_route(const struct cluster *cluster, int src, int dst, int *route, FILE *out)
{
    int length = cluster_route(cluster, src, dst, route);
    fprintf(out, "route %d %d %d", src, dst, length);
    for (int i = 0; i < length; i++)
        fprintf(out, " %d", cluster->links[route[i]].half_duplex ? route[i] & ~1 : route[i]);
    fprintf(out, "\n");
}

void case_write(const struct cluster *cluster, const struct case_sets *sets, int every, FILE *out)
{
    int *route = memory_zeroed((size_t)cluster_route_room(cluster), sizeof *route);
    fprintf(out, "hosts %d\n", cluster->nodes);
    for (int i = 0; i < cluster->link_count; i++)
        fprintf(out, "link %llu %.15g %s\n", (unsigned long long)cluster->links[i].bandwidth_Bps,
                (double)cluster->links[i].latency_ps * 1e-12,
                cluster->links[i].fatpipe ? "FATPIPE" : "SHARED");
    size_t nodes = (size_t)cluster->nodes;
    bool *written = memory_zeroed(nodes * nodes, sizeof *written);
    for (int i = 0; i < 2 * sets->count; i++) {
        const struct case_flow *flow = &sets->flows[i / 2];
        int src = i % 2 ? flow->dst : flow->src, dst = i % 2 ? flow->src : flow->dst;
        bool *there = &written[(size_t)src * nodes + (size_t)dst];
        if (!*there)
            write_route(cluster, src, dst, route, out);
        *there = true;
    }
    free(written);
    for (int i = 0; i < sets->count; i++)
        if (sets->flows[i].set % every == 0)
            fprintf(out, "flow %d %d %d %llu %.15g\n", sets->flows[i].set, sets->flows[i].src,
                sets->flows[i].dst, (unsigned long long)sets->flows[i].bytes,
                (double)sets->flows[i].start_ps * 1e-12);
    free(route);
}
