/* Messages a CPU second of one core that the clock resolves under loggp, through the C rank programs:
 * every rank posts and waits, and the streams are resolved. */
#include "tests/clock/fixture.h"
#include "threadrack/base/memory.h"
#include "threadrack/comm/collective.h"
#include "threadrack/rank/post.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

struct pattern {
    const char *title, *operation, *algorithm;
};

/* The schedule of a pattern, cut after so many steps: schedules know no end but their own. */
static const struct schedule *whole;
static int steps_most;

static bool cut_step(const struct call *call, int index, struct step *step)
{
    return index < steps_most && whole->step(call, index, step);
}

static struct cluster *bench_cluster(int ranks, const char *ports)
{
    char nodes[32];
    snprintf(nodes, sizeof nodes, "nodes=%d", ranks);
    return CLUSTER(nodes, ports, "cluster.link.latency=1us", "cluster.link.bandwidth=10GB/s",
                   "cluster.loggp.overhead=1us", "cluster.loggp.gap=1us");
}

static const struct schedule *schedule_of(const struct pattern *pattern, const char *where)
{
    struct errors errors;
    errors_init(&errors);
    const struct collective *found =
        collective_find(pattern->operation, pattern->algorithm, where, &errors);
    errors_release(&errors);
    return found ? &found->schedule : NULL;
}

struct outcome {
    double rate;          /* messages a second */
    double bytes_a_rank;  /* of the rack's and the clock's own memory, at the end */
    uint64_t messages;
    const char *lost;
};

static size_t heap_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/* Each rank computes a little, not all alike, posts the collective and waits. */
static void one_turn(struct rack *rack, struct group *all, const struct schedule *schedule, int turn)
{
    int ranks = rack_size(rack);
    for (int i = 0; i < ranks; i++) {
        struct rank *self = rack_rank(rack, i);
        rank_compute_begin(self, (struct work){.fixed_ps = 1000 + (uint64_t)((i * 7 + turn) % 64) * 1000});
        rank_wait(self, rank_post_collective(self, all, schedule, 0, NULL, (size_t)ranks * 256));
    }
    rack_resolve(rack);
}

static struct outcome measure(struct cluster *cluster, const struct resolver_ops *resolver,
                              const struct schedule *schedule, bool kernels, double budget_s)
{
    int ranks = cluster->nodes;
    int *members = memory_zeroed((size_t)ranks, sizeof *members);
    for (int i = 0; i < ranks; i++)
        members[i] = i;
    size_t before = heap_bytes();
    struct rack *rack = rack_create(cluster, netmodel_named("loggp"), compute_costs[0], ranks);
    rack_use(rack, resolver, kernels);
    struct group *all = rack_group(rack, members, ranks, false);
    struct errors errors;
    errors_init(&errors);
    double began = cpu_s();
    int turn = 0;
    do
        one_turn(rack, all, schedule, turn++);
    while (cpu_s() - began < budget_s);
    double bytes = (double)(heap_bytes() - before) / ranks;
    for (int i = 0; i < ranks; i++)
        rank_end(rack_rank(rack, i));
    rack_finish(rack, &errors);
    double elapsed = cpu_s() - began;
    const struct clock *clock = rack_clock(rack);
    struct outcome outcome = {.rate = (double)clock_messages(clock) / elapsed,
                              .bytes_a_rank = bytes,
                              .messages = clock_messages(clock),
                              .lost = clock_lost(clock)};
    errors_release(&errors);
    rack_free(rack);
    free(members);
    return outcome;
}

/* A way to resolve: by message the schedule is cut, since a whole one would take too long. */
struct way {
    const char *title, *ports, *resolver;
    bool kernels;
};

static void bench(const struct pattern *pattern, int ranks)
{
    static const struct schedule cut = {.name = "cut", .step = cut_step};
    static const struct way ways[] = {
        {"dataflow, program order", "cluster.loggp.ports=program_order", "dataflow", false},
        {"kernel, program order", "cluster.loggp.ports=program_order", "dataflow", true},
        {"windows, arrival order", "cluster.loggp.ports=arrival", "windows", false},
        {"events, arrival order", "cluster.loggp.ports=arrival", "events", false}};
    struct errors errors;
    errors_init(&errors);
    whole = schedule_of(pattern, "bench");
    steps_most = 16;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        if (ways[i].kernels && ranks > 16384)
            continue; /* a whole ring of so many is billions of messages */
        struct cluster *cluster = bench_cluster(ranks, ways[i].ports);
        struct outcome found =
            measure(cluster, resolver_find(ways[i].resolver, "bench", &errors),
                    ways[i].kernels ? whole : &cut, ways[i].kernels, 0.1);
        printf("%-18s %6d ranks, %-23s %8.2f M messages/s, %5.0f B a rank%s%s\n", pattern->title,
               ranks, ways[i].title, found.rate / 1e6, found.bytes_a_rank,
               found.lost ? ", LOST: " : "", found.lost ? found.lost : "");
        cluster_free(cluster);
    }
    errors_release(&errors);
}

int main(void)
{
    static const struct pattern patterns[] = {
        {"ring", "allreduce", "ring"},
        {"recursive doubling", "allreduce", "recursive_doubling"},
        {"halving-doubling", "allreduce", "halving_doubling"}};
    static const int sizes[] = {64, 1024, 16384};
    printf("clock: messages a CPU second of one core under loggp, by message the first %d steps.\n"
           "Quoted from issue 3, ring of 8/64/256/1,024, other machines: LogGOPSim 2.4/1.9/1.7/1.4 M,\n"
           "ASTRA-sim 0.6/0.9/1.0/0.6 M, SimGrid S4U (CM02) 0.39/0.38/0.34/0.26 M.\n", 16);
    for (int p = 0; p < 3; p++)
        for (int s = 0; s < 3; s++)
            bench(&patterns[p], sizes[s]);
    bench(&patterns[0], 100000);
    return 0;
}
