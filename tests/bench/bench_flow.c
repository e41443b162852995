/* Thousand events (starts and finishes of flows) a CPU second of netmodel=flow, the model alone:
 * each node keeps messages outstanding and sends the next when one has arrived. Bytes vary by
 * message (the jitter), so that hardly two events fall together; they are drawn before the time is
 * taken. */
#include "threadrack/base/memory.h"
#include "threadrack/base/philox.h"
#include "threadrack/clock/netmodel.h"

#include "tests/clock/fixture.h"

#include <stdlib.h>
#include <time.h>

enum pattern { RING, ALL_TO_ALL };
/* Sizes drawn; a prime, so that a node's rounds and its neighbours' are not in step. */
enum { SIZES = 4093 };

struct load {
    enum pattern pattern;
    int nodes, outstanding;
    struct netmodel *model;
    uint64_t now_ps, messages, limit;
    struct transfer *transfers;
    int *rounds; /* by node */
    uint32_t sizes[SIZES];
};

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void send(struct load *load, struct transfer *transfer)
{
    int src = transfer->src, round = load->rounds[src]++;
    int away = load->pattern == RING ? 1 : 1 + round % (load->nodes - 1);
    transfer->dst = (src + away) % load->nodes;
    transfer->bytes = load->sizes[(31u * (unsigned)src + (unsigned)round) % SIZES];
    transfer->sequence = (uint64_t)round;
    load->messages++;
    load->model->ops->start(load->model, transfer, load->now_ps);
}

static void sent(void *load, struct transfer *transfer)
{
    (void)load, (void)transfer;
}

static void delivered(void *context, struct transfer *transfer)
{
    struct load *load = context;
    if (load->messages < load->limit)
        send(load, transfer);
}

static void draw_sizes(struct load *load)
{
    struct draw draw = {.seed = 1, .purpose = PURPOSE_TEST};
    for (uint64_t i = 0; i < SIZES; i++)
        load->sizes[i] = 100000 + (uint32_t)draw_below(draw, i, 50000);
}

static double events_per_s(struct cluster *cluster, enum pattern pattern, int outstanding,
                           uint64_t limit)
{
    struct load load = {.pattern = pattern,
                        .nodes = cluster->nodes,
                        .outstanding = outstanding,
                        .model = netmodel_create(netmodel_named("flow"), cluster),
                        .limit = limit};
    struct netmodel_sink sink = {&load, sent, delivered};
    load.transfers = memory_zeroed((size_t)(load.nodes * outstanding), sizeof *load.transfers);
    load.rounds = memory_zeroed((size_t)load.nodes, sizeof *load.rounds);
    draw_sizes(&load);
    double begun = cpu_s();
    for (int i = 0; i < load.nodes * outstanding; i++) {
        load.transfers[i].src = i % load.nodes;
        send(&load, &load.transfers[i]);
    }
    while ((load.now_ps = load.model->ops->next(load.model)) != TIME_NEVER)
        load.model->ops->advance(load.model, load.now_ps, &sink);
    double spent = cpu_s() - begun;
    load.model->ops->free(load.model);
    free(load.transfers);
    free(load.rounds);
    cluster_free(cluster);
    return 2 * (double)load.messages / spent;
}

static struct cluster *cluster_named(const char *topology, const char *shape, int nodes)
{
    char size[32], kind[64];
    snprintf(size, sizeof size, "nodes=%d", nodes);
    snprintf(kind, sizeof kind, "cluster.topology=%s", topology);
    return shape ? CLUSTER(size, kind, shape) : CLUSTER(size, kind);
}

struct place {
    const char *topology, *shape;
    int nodes;
};

static void row(const char *what, const struct place *place, enum pattern pattern, int outstanding,
                uint64_t limit)
{
    struct cluster *cluster = cluster_named(place->topology, place->shape, place->nodes);
    if (!cluster)
        return;
    printf("%-26s %-10s %6d %12.0f\n", what, place->topology, place->nodes,
           events_per_s(cluster, pattern, outstanding, limit) / 1000);
    fflush(stdout);
}

int main(void)
{
    static const struct place places[] = {
        {"ring", NULL, 64},
        {"ring", NULL, 1024},
        {"ring", NULL, 4096},
        {"fat_tree", "cluster.fat_tree.k=8", 64},
        {"fat_tree", "cluster.fat_tree.k=16", 1024},
        {"fat_tree", "cluster.fat_tree.k=26", 4096},
        {"torus", "cluster.torus.dimensions=4x4x4", 64},
        {"torus", "cluster.torus.dimensions=8x8x16", 1024},
        {"torus", "cluster.torus.dimensions=16x16x16", 4096},
        {"dragonfly", NULL, 64},
        {"dragonfly", NULL, 1024},
        {"dragonfly", NULL, 4096},
    };
    static const struct place tapered = {"fat_tree", "cluster.fat_tree.form=2;32x32;1x16;1x1",
                                         1024};
    printf("%-26s %-10s %6s %12s\n", "pattern", "topology", "nodes", "k events/s");
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        row("ring", &places[i], RING, 1, 1000000);
        if (i >= 3)
            row("all-to-all", &places[i], ALL_TO_ALL, 1, places[i].nodes > 1024 ? 20000 : 40000);
    }
    row("all-to-all, 4 outstanding", &tapered, ALL_TO_ALL, 4, 8000);
    return 0;
}
