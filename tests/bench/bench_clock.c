/* Messages a CPU second of one core that the clock resolves under loggp, through the C rank
 * programs: every rank computes a little, posts and waits, and the streams are resolved. By message
 * rings and all-to-alls are cut after a few steps, by kernel they are whole (of 100,000 ranks: cut as
 * well). By kernel a message takes about as long as a tenth of a compute op, so there the figure is of
 * collectives behind each other, as the peers' are, and the one with compute ops between stands beside it.
 *
 * Overlapping: a rank computes behind what it has posted, so that two of its lanes are busy, which
 * only the resolvers lanes and events take.
 *
 * A minute or so, at whose end is the whole ring of 16,384 ranks, by kernel and by message.
 */
#include "tests/clock/fixture.h"
#include "threadrack/base/memory.h"
#include "threadrack/comm/collective.h"
#include "threadrack/rank/post.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double cpu_s(void)
{
    return seconds(CLOCK_PROCESS_CPUTIME_ID);
}

static double wall_s(void)
{
    return seconds(CLOCK_MONOTONIC);
}

struct pattern {
    const char *title, *operation, *algorithm;
    bool short_enough; /* never cut: of few steps, and members that fold have other steps than the rest */
};

/* The schedule of a pattern, cut after so many steps: schedules know no end but their own. */
static const struct schedule *whole;
static int steps_most;

static bool cut_step(const struct call *call, int index, struct step *step)
{
    return index < steps_most && whole->step(call, index, step);
}

static bool cut_round(const struct call *call, int index, struct round *round)
{
    return index < steps_most && whole->round(call, index, round);
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
    double rate;         /* messages a second */
    double within;       /* the same, but only of the last rank's wait, in which kernels run */
    double elapsed_s;    /* a collective, of CPU time */
    double wall_s;       /* the same on the wall */
    double bytes_a_rank; /* of the rack's and the clock's own memory, at the end */
    uint64_t messages;   /* a collective */
    const char *lost;
};

static size_t heap_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

struct way {
    const char *title, *ports, *resolver;
    bool kernels;
    bool overlaps; /* ranks post first and compute behind it, so that two lanes are busy */
    bool bare;     /* ranks compute before the first collective only, as in the peers' figures */
    int threads;   /* of the clock */
    int ranks_most;
};

enum { WORKS = 64 };
static struct work works[WORKS]; /* not all alike */

/* What a rank's program does in a turn. */
static inline void one_rank(struct rack *rack, int rank, struct group *all, const struct schedule *schedule,
                            const struct way *way, int turn, size_t count)
{
    const struct work *work = &works[(unsigned)(rank * 7 + turn) % WORKS];
    struct rank *self = rack_rank(rack, rank);
    if (way->overlaps) {
        struct request request = rank_post_collective(self, all, schedule, 0, NULL, count);
        rank_compute_begin(self, *work);
        rank_wait(self, request);
        return;
    }
    if (!way->bare || turn == 0)
        rank_compute_begin(self, *work);
    rank_collective(self, all, schedule, 0, NULL, count);
}

static void one_turn(struct rack *rack, struct group *all, const struct schedule *schedule,
                     const struct way *way, int turn)
{
    size_t count = (size_t)rack_size(rack) * 256;
    for (int i = 0, ranks = rack_size(rack); i < ranks; i++)
        one_rank(rack, i, all, schedule, way, turn, count);
    rack_resolve(rack);
}

/* Returns how long the last rank took, in whose wait a kernel runs. */
static double timed_turn(struct rack *rack, struct group *all, const struct schedule *schedule,
                         const struct way *way, int turn)
{
    int last = rack_size(rack) - 1;
    size_t count = (size_t)rack_size(rack) * 256;
    for (int i = 0; i < last; i++)
        one_rank(rack, i, all, schedule, way, turn, count);
    double began = cpu_s();
    one_rank(rack, last, all, schedule, way, turn, count);
    double waited = cpu_s() - began;
    rack_resolve(rack);
    return waited;
}

static struct outcome measure(struct cluster *cluster, const struct resolver_ops *resolver,
                              const struct schedule *schedule, const struct way *way,
                              double budget_s)
{
    int ranks = cluster->nodes;
    int *members = memory_zeroed((size_t)ranks, sizeof *members);
    for (int i = 0; i < ranks; i++)
        members[i] = i;
    size_t before = heap_bytes();
    struct rack *rack = rack_create(cluster, netmodel_named("loggp"), compute_costs[0], ranks);
    rack_use(rack, resolver, way->kernels);
    rack_use_threads(rack, way->threads);
    struct group *all = rack_group(rack, members, ranks, false);
    struct errors errors;
    errors_init(&errors);
    double began = cpu_s(), began_here = wall_s(), within = 0;
    int turn = 0, looks = ranks < 4096 ? 4096 / ranks : 1; /* a look at the time takes as long as a few ranks */
    do
        for (int i = 0; i < looks; i++)
            one_turn(rack, all, schedule, way, turn++);
    while (cpu_s() - began < budget_s);
    double timed_s = cpu_s(), timed_here = wall_s();
    int timed = way->kernels ? 4 : 0;
    for (int i = 0; i < timed; i++)
        within += timed_turn(rack, all, schedule, way, turn + i);
    timed_s = cpu_s() - timed_s;
    timed_here = wall_s() - timed_here;
    double bytes = (double)(heap_bytes() - before) / ranks;
    for (int i = 0; i < ranks; i++)
        rank_end(rack_rank(rack, i));
    bool finished = rack_finish(rack, &errors);
    double elapsed = cpu_s() - began - timed_s, here = wall_s() - began_here - timed_here;
    const struct clock *clock = rack_clock(rack);
    uint64_t messages = clock_messages(clock) / (uint64_t)(turn + timed);
    struct outcome outcome = {.rate = (double)messages * turn / elapsed,
                              .within = (double)messages * timed / within,
                              .elapsed_s = elapsed / turn,
                              .wall_s = here / turn,
                              .bytes_a_rank = bytes,
                              .messages = messages,
                              .lost = clock_lost(clock) ? clock_lost(clock)
                                      : finished        ? NULL
                                                        : "it did not come to its end"};
    errors_release(&errors);
    rack_free(rack);
    free(members);
    return outcome;
}

enum { BY_MESSAGE, BY_KERNEL, BY_WINDOWS, BY_EVENTS, OVERLAPPING, OVERLAPPING_EVENTS, WAYS };
static const struct way ways[WAYS] = {
    {"dataflow, program order", "cluster.loggp.ports=program_order", "dataflow", .ranks_most = 1 << 20},
    {"kernel, program order", "cluster.loggp.ports=program_order", "dataflow", .kernels = true, .bare = true,
     .ranks_most = 1 << 20},
    {"windows, arrival order", "cluster.loggp.ports=arrival", "windows", .ranks_most = 1 << 20},
    {"events, arrival order", "cluster.loggp.ports=arrival", "events", .ranks_most = 1024},
    {"lanes, overlapping", "cluster.loggp.ports=arrival", "lanes", .overlaps = true,
     .ranks_most = 1 << 20},
    {"events, overlapping", "cluster.loggp.ports=arrival", "events", .overlaps = true,
     .ranks_most = 1024}};

static struct outcome measure_way(const struct pattern *pattern, int ranks, const struct way *way,
                                  bool cut, double budget_s)
{
    struct schedule few = {.name = "cut", .step = cut_step, .round = cut_round};
    struct errors errors;
    errors_init(&errors);
    whole = schedule_of(pattern, "bench");
    struct cluster *cluster = bench_cluster(ranks, way->ports);
    struct outcome outcome = measure(cluster, resolver_find(way->resolver, "bench", &errors),
                                     cut ? &few : whole, way, budget_s);
    cluster_free(cluster);
    errors_release(&errors);
    return outcome;
}

static bool is_cut(const struct pattern *pattern, int ranks, const struct way *way)
{
    return !pattern->short_enough && (!way->kernels || ranks > 16384);
}

/* The headline is of collectives alone. */
static void print_more_of_kernel(const struct pattern *pattern, int ranks, const struct way *way,
                                 const struct outcome *found)
{
    struct way computing = *way;
    computing.bare = false;
    double rate = measure_way(pattern, ranks, &computing, is_cut(pattern, ranks, way), 0.1).rate;
    printf("; %.0f M with a compute op before each; the kernel alone %.0f M", rate / 1e6, found->within / 1e6);
}

static void bench(const struct pattern *pattern, int ranks)
{
    steps_most = 16;
    for (int i = 0; i < WAYS; i++) {
        const struct way *way = &ways[i];
        if (ranks > way->ranks_most)
            continue;
        struct outcome found =
            measure_way(pattern, ranks, way, is_cut(pattern, ranks, way), 0.1);
        printf("%-18s %6d ranks, %-23s %8.2f M messages/s, %5.0f B a rank (%.2f of 1 KiB)",
               pattern->title, ranks, way->title, found.rate / 1e6, found.bytes_a_rank,
               found.bytes_a_rank / 1024);
        if (way->kernels)
            print_more_of_kernel(pattern, ranks, way, &found);
        printf("%s%s\n", found.lost ? ", LOST: " : "", found.lost ? found.lost : "");
        fflush(stdout);
    }
}

static const struct pattern patterns[] = {{"ring", "allreduce", "ring", false},
                                          {"recursive doubling", "allreduce", "recursive_doubling",
                                           true},
                                          {"halving-doubling", "allreduce", "halving_doubling", true},
                                          {"all-to-all", "alltoall", "pairwise", false}};
enum { PATTERNS = sizeof patterns / sizeof *patterns };

static void bench_whole_ring(const struct way *way)
{
    struct outcome found = measure_way(&patterns[0], 16384, way, false, 0);
    printf("whole ring         %6d ranks, %-23s %8.2f M messages in %.2f s (aim %d)\n", 16384, way->title,
           (double)found.messages / 1e6, found.elapsed_s, way->kernels ? 2 : 20);
    fflush(stdout);
}

/* Wall time with two clock threads over that with one, run in turn; the least of three each. */
static void bench_threads(const struct pattern *pattern, int ranks, const struct way *way)
{
    double least_s[2] = {1e9, 1e9};
    steps_most = 16;
    for (int i = 0; i < 6; i++) {
        struct way now = *way;
        now.threads = 1 + i % 2;
        double took_s = measure_way(pattern, ranks, &now, is_cut(pattern, ranks, way), 0.1).wall_s;
        least_s[i % 2] = took_s < least_s[i % 2] ? took_s : least_s[i % 2];
    }
    printf("%-18s %6d ranks, %-23s clock.threads=2 takes %.2f of the wall time of 1\n", pattern->title,
           ranks, way->title, least_s[1] / least_s[0]);
    fflush(stdout);
}

/* A whole ring of 1,024 in a process of its own. Call it first: a child begins with what its parent
 * has. */
static void bench_peak(const struct way *way)
{
    struct rusage usage = {0};
    pid_t child = fork();
    if (child == 0) {
        measure_way(&patterns[0], 1024, way, false, 0);
        _exit(0);
    }
    if (child > 0 && wait4(child, NULL, 0, &usage) == child)
        printf("peak memory of a whole ring of 1,024, %-23s %6.1f MiB\n", way->title,
               (double)usage.ru_maxrss / 1024);
}

int main(void)
{
    static const int sizes[] = {64, 1024, 16384};
    for (int i = 0; i < WORKS; i++)
        works[i].fixed_ps = 1000 + (uint64_t)i * 1000;
    for (int i = 0; i <= BY_EVENTS; i++)
        bench_peak(&ways[i]);
    printf("(peers, quoted from issue 3, other machines, in the order in which they are named below: "
           "176, 354, 355, 46, 179 MiB)\n"
           "clock: messages a CPU second of one core under loggp, by message the first 16 steps.\n"
           "Quoted from issue 3, ring of 8/64/256/1,024, other machines: LogGOPSim 2.4/1.9/1.7/1.4 "
           "M,\n"
           "ASTRA-sim 0.6/0.9/1.0/0.6 M, congestion-aware 0.5/0.7/0.7/0.4 M, SimGrid S4U (CM02)\n"
           "0.39/0.38/0.34/0.26 M, SMPI 0.24/0.20/0.17/0.15 M.\n");
    for (int p = 0; p < PATTERNS; p++)
        for (int s = 0; s < 3; s++)
            bench(&patterns[p], sizes[s]);
    for (int p = 0; p < PATTERNS; p++)
        bench(&patterns[p], 100000);
    for (int p = 0; p < PATTERNS; p++)
        for (int s = 1; s < 3; s++)
            for (int i = BY_MESSAGE; i <= BY_WINDOWS; i++)
                bench_threads(&patterns[p], sizes[s], &ways[i]);
    bench_whole_ring(&ways[BY_KERNEL]);
    bench_whole_ring(&ways[BY_MESSAGE]);
    return 0;
}
