/* Whatever resolves it, a clock can be stopped in the midst of a step; the steps that had ended hold. */
#include "tests/check.h"

#include "tests/clock/fixture.h"
#include "threadrack/clock/resolver.h"
#include "threadrack/comm/collective.h"
#include "threadrack/rank/post.h"

#include <string.h>

enum { RANKS = 16, STEPS = 200 };

struct beats {
    int count, last; /* the clock stops at the last; 0: it does not */
    uint64_t messages;
};

static bool beat(void *context, struct clock *clock)
{
    struct beats *beats = context;
    beats->messages = clock_messages_so_far(clock);
    return ++beats->count != beats->last;
}

static const struct schedule *ring(void)
{
    int i = 0;
    while (strcmp(collectives[i]->operation, "allreduce") || strcmp(collectives[i]->name, "ring"))
        i++;
    return &collectives[i]->schedule;
}

/* As the driver does, but that all steps are posted at once. */
static struct rack *run_steps(const struct cluster *cluster, const char *netmodel,
                              const struct resolver_ops *resolver, bool kernels, int threads, struct beats *beats)
{
    int members[RANKS];
    for (int i = 0; i < RANKS; i++)
        members[i] = i;
    struct rack *rack = rack_create(cluster, netmodel_named(netmodel), compute_costs[0], RANKS);
    rack_use(rack, resolver, kernels);
    rack_use_threads(rack, threads);
    struct group *all = rack_group(rack, members, RANKS, false);
    rack_pulse_with(rack, (struct clock_pulse){beat, beats});
    for (int step = 0; step < STEPS; step++)
        for (int i = 0; i < RANKS; i++) {
            struct rank *rank = rack_rank(rack, i);
            rank_wait(rank, rank_post_collective(rank, all, ring(), 0, NULL, 64));
            rank_mark(rank);
        }
    for (int i = 0; i < RANKS; i++)
        rank_end(rack_rank(rack, i));
    return rack;
}

static void stop(const struct cluster *cluster, const char *netmodel, const struct resolver_ops *resolver,
                 bool kernels, int threads)
{
    struct errors errors;
    errors_init(&errors);
    struct beats through = {0};
    struct rack *whole = run_steps(cluster, netmodel, resolver, kernels, threads, &through);
    CHECK(rack_finish(whole, &errors) && !clock_stopped(rack_clock(whole)));
    CHECK(through.count >= 4);
    struct beats stopped = {.last = through.count / 2};
    struct rack *part = run_steps(cluster, netmodel, resolver, kernels, threads, &stopped);
    CHECK_EQUAL(rack_posted_messages(whole), STEPS * 2 * (RANKS - 1) * RANKS);
    CHECK_EQUAL(clock_messages(rack_clock(whole)), rack_posted_messages(whole));
    CHECK(!rack_finish(part, &errors) && clock_stopped(rack_clock(part)) && !clock_lost(rack_clock(part)));
    CHECK(rack_is_stuck(part));
    CHECK_EQUAL(errors.count, 0);
    CHECK_EQUAL(stopped.count, stopped.last);
    CHECK(stopped.messages > 0 && stopped.messages < clock_messages(rack_clock(whole)));
    int steps = rack_marks_by(part, RANKS);
    CHECK(steps > 0 && steps < STEPS);
    for (int i = 0; i < steps; i++) {
        CHECK_EQUAL(clock_mark_ps(rack_clock(part), i), clock_mark_ps(rack_clock(whole), i));
        CHECK_EQUAL(clock_mark_bytes(rack_clock(part), i), clock_mark_bytes(rack_clock(whole), i));
    }
    rack_free(whole);
    rack_free(part);
    errors_release(&errors);
}

static void every_resolver_stops(void)
{
    struct cluster *cluster = CLUSTER("nodes=16", "cluster.loggp.overhead=1us", "cluster.loggp.gap=0s");
    for (int n = 0; netmodels[n]; n++)
        for (int r = 0; resolvers[r]; r++) {
            struct resolver_run run = {.cluster = cluster, .netmodel = netmodels[n]};
            for (int way = 0; way < 4 && !resolvers[r]->refuses(&run); way++)
                stop(cluster, netmodels[n]->name, resolvers[r], way / 2, 1 + way % 2);
        }
    cluster_free(cluster);
}

SUITE("rank: stop", TEST(every_resolver_stops));
