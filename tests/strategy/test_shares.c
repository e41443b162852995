/* Shares of the batch that are not even: what is learned stays what it is, and in proportion to speed a
 * step comes back to its ideal. */
#include "tests/strategy/fixture.h"

#include "threadrack/base/share.h"

/* Bound by flops: messages, launches, additions and memory are free. */
#define BOUND                                                                                      \
    "math=off steps=3 netmodel=ideal cluster.device.add_bandwidth=free cluster.device.launch=0s "  \
    "cluster.device.memory_bandwidth=1000TB/s "

static uint64_t length_of(const char *words)
{
    struct result *result = run(BOUND "%s", words);
    uint64_t length_ps = result->length_ps;
    result_free(result);
    return length_ps;
}

/* A step of one node is rows x R + U, U the update, which no share makes shorter. With shares in
 * proportion it is batch x R over the sum of speeds, and the update of the slowest. */
static void in_proportion_to_speed_a_step_is_ideal(void)
{
    double once = (double)length_of("strategy=single batch=88"),
           twice = (double)length_of("strategy=single batch=176"), rows = twice - once,
           update = once - rows;
    CHECK(update > 0 && update < rows / 10);
    const char *speeds = "strategy=data nodes=4 cluster.slow.nodes=2@0.5+3@0.25 batch=88 ";
    struct result *shared = run(BOUND "%s shares=speed", speeds), *even = run(BOUND "%s", speeds);
    CHECK_NEAR((double)shared->length_ps, rows / 2.75 + update / 0.25, 200);
    CHECK_NEAR((double)even->length_ps, rows / 4 / 0.25 + update / 0.25, 200);
    static const uint64_t taken[] = {32, 32, 16, 8};
    for (int i = 0; i < 4; i++) {
        CHECK_EQUAL(shared->node[i].samples, 3 * taken[i]);
        uint64_t rest = shared->node[i].waiting_ps + shared->node[i].exposed_comm_ps;
        CHECK_NEAR((double)rest, update / 0.25 - update / shared->node[i].speed, 200);
    }
    result_free(shared);
    result_free(even);
}

/* A node at half speed doubles the computing; it is the others who wait, and none for messages. */
static void the_others_wait_for_the_slow_one(void)
{
    uint64_t even = length_of("strategy=data nodes=4");
    struct result *slow = run(BOUND "strategy=data nodes=4 cluster.slow.nodes=1@0.5");
    CHECK_EQUAL(slow->length_ps, 2 * even);
    for (int i = 0; i < 4; i++) {
        CHECK_EQUAL(slow->node[i].waiting_ps, i == 1 ? 0 : even);
        CHECK_EQUAL(slow->node[i].exposed_comm_ps, 0);
    }
    result_free(slow);
}

static void every_share_learns_as_one_node(void)
{
    static const char *const lines[] = {
        "strategy=data nodes=3 shares=5:1:2", "strategy=data nodes=3 shares=5:1:2 zero=1 microbatches=2",
        "strategy=data nodes=4 shares=speed cluster.slow.spread=uniform:low=0.3,high=1",
        "strategy=parameter_server nodes=4 servers=2 shares=3:1",
        "strategy=hybrid mesh.data=2 mesh.tensor=2 mesh.pipeline=2 shares=7:2 microbatches=2"};
    struct result *single = run("strategy=single steps=20 batch=50");
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct result *other = run("%s steps=20 batch=50", lines[i]);
        for (int step = 0; step < 20; step++)
            CHECK_NEAR(other->step[step].loss, single->step[step].loss, 1e-4 * single->step[step].loss);
        result_free(other);
    }
    result_free(single);
}

static void a_tensor_group_is_as_fast_as_its_slowest(void)
{
    struct result *result = run("math=off steps=1 strategy=hybrid mesh.data=2 mesh.tensor=2 batch=30 "
                                "shares=speed cluster.slow.nodes=3@0.5");
    for (int i = 0; i < 4; i++)
        CHECK_EQUAL(result->node[i].samples, i < 2 ? 20 : 10);
    result_free(result);
}

static void rounding_is_by_largest_remainders(void)
{
    struct share shares[3] = {0};
    double weights[] = {1, 1, 1};
    shares_by_weight(8, weights, 3, shares);
    CHECK(shares[0].count == 3 && shares[1].count == 3 && shares[2].count == 2); /* ties: the first */
    double others[] = {0.55, 2.7, 0.75}; /* quotas 1.1, 5.4, 1.5 */
    shares_by_weight(8, others, 3, shares);
    CHECK(shares[0].count == 1 && shares[1].count == 5 && shares[2].count == 2);
    CHECK(shares[1].begin == 1 && shares[2].begin == 6);
}

#define MOE "data=devils-dictionary model=gpt:layers=1,heads=2,width=16,context=8,experts=4"

static void what_does_not_fit_is_refused(void)
{
    refuses("math=off strategy=data nodes=3 shares=100:1:1 batch=20", "worker 1 would have 0 of the batch's 20");
    refuses("math=off strategy=data nodes=2 shares=3:1 batch=8 microbatches=3", "give batch=12 or more");
    refuses("math=off strategy=data nodes=3 shares=1:1", "each of the 3 workers");
    refuses("math=off strategy=data nodes=2 shares=1:1:1", "each of the 2 workers");
    refuses("math=off strategy=data nodes=2 shares=1:-1", "each of the 2 workers");
    refuses("math=off strategy=data nodes=2 shares=sped", "expected even, speed");
    refuses("math=off strategy=data nodes=2 shares=2:1 collectives=closed_form netmodel=hockney", "shares of the batch differ");
    refuses("math=off strategy=data nodes=2 mesh.expert=2 shares=2:1 batch=30 " MOE, "need equal shares");
    refuses("math=off strategy=single shares=sped", "expected even, speed");
}

SUITE("strategy: shares", TEST(in_proportion_to_speed_a_step_is_ideal),
      TEST(the_others_wait_for_the_slow_one), TEST(every_share_learns_as_one_node),
      TEST(a_tensor_group_is_as_fast_as_its_slowest), TEST(rounding_is_by_largest_remainders),
      TEST(what_does_not_fit_is_refused));
