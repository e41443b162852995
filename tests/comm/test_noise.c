/* A barrier after each op waits for the slowest of p draws: over many steps the mean step is the
 * expected maximum of p log-normal draws. */
#include "tests/check.h"

#include "tests/clock/fixture.h"
#include "threadrack/comm/collective.h"
#include "threadrack/rank/post.h"

static const struct schedule *barrier(void)
{
    struct errors errors;
    errors_init(&errors);
    const struct collective *found = collective_find("barrier", "dissemination", "test", &errors);
    CHECK_FATAL(found != NULL);
    errors_release(&errors);
    return &found->schedule;
}

/* The distribution of the largest of p draws is F^p; its mean, by quantiles of the normal. */
static double expected_largest(int p, double sigma)
{
    double sum = 0, step = 1e-3;
    for (double z = -8; z < 8; z += step) {
        double here = pow(0.5 * erfc(-z / sqrt(2)), p),
               next = pow(0.5 * erfc(-(z + step) / sqrt(2)), p);
        sum += (next - here) * exp(sigma * (z + step / 2));
    }
    return sum;
}

/* In units of the op's duration without noise. */
static double mean_step(int ranks, int steps, const char *words)
{
    char nodes[16];
    snprintf(nodes, sizeof nodes, "nodes=%d", ranks);
    struct errors errors;
    struct noise noise;
    errors_init(&errors);
    CHECK(noise_parse(&noise, words, 5, "test", &errors));
    struct cluster *cluster = CLUSTER(nodes);
    struct rack *rack = rack_create(cluster, netmodel_named("ideal"), compute_costs[0], ranks);
    rack_set_noise(rack, &noise);
    int members[64];
    for (int i = 0; i < ranks; i++)
        members[i] = i;
    struct group *group = rack_group(rack, members, ranks, false);
    for (int i = 0; i < steps * ranks; i++) {
        struct rank *rank = rack_rank(rack, i % ranks);
        rank_compute_begin(rank, (struct work){.fixed_ps = 1000000000});
        rank_wait(rank, rank_post_collective(rank, group, barrier(), 0, NULL, 0));
    }
    for (int i = 0; i < ranks; i++)
        rank_end(rack_rank(rack, i));
    CHECK(rack_finish(rack, &errors));
    double mean = (double)clock_length_ps(rack_clock(rack)) * 1e-9 / steps;
    rack_free(rack);
    cluster_free(cluster);
    errors_release(&errors);
    return mean;
}

static void a_barrier_waits_for_the_slowest_draw(void)
{
    CHECK_NEAR(mean_step(4, 10, "none"), 1, 0);
    CHECK_NEAR(mean_step(2, 8000, "lognormal:sigma=0.3"), expected_largest(2, 0.3), 0.012);
    CHECK_NEAR(mean_step(16, 2000, "lognormal:sigma=0.3"), expected_largest(16, 0.3), 0.015);
}

SUITE("comm: noise", TEST(a_barrier_waits_for_the_slowest_draw));
