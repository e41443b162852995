/* evaluate.clock: evaluations take their time, and nothing else changes. */
#include "tests/strategy/fixture.h"

#define COMMON "steps=12 batch=64 eval_every=%d evaluate.clock=%s netmodel=hockney"

static const char *const ways[] = {"single nodes=1", "single nodes=1 microbatches=3", "data nodes=4",
                                   "data nodes=3 zero=2 partition=iid", "tensor nodes=4", "hybrid nodes=4 mesh.pipeline=1",
                                   "parameter_server nodes=5 servers=2"};

static void it_takes_time_and_changes_nothing(void)
{
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
        struct result *off = run("strategy=%s " COMMON, ways[w], 3, "off"),
                      *on = run("strategy=%s " COMMON, ways[w], 3, "on"),
                      *timed = run("math=off strategy=%s " COMMON, ways[w], 3, "on");
        losses_agree(on, off, 0);
        CHECK(on->final_accuracy == off->final_accuracy);
        CHECK_EQUAL(on->timed_evaluations, 4);
        CHECK_EQUAL(off->timed_evaluations, 0);
        CHECK(on->length_ps > off->length_ps);
        CHECK_EQUAL(on->step[1].end_ps, off->step[1].end_ps);
        CHECK(on->step[2].end_ps > off->step[2].end_ps);
        CHECK_EQUAL(timed->length_ps, on->length_ps);
        CHECK_EQUAL(timed->bytes_sent, on->bytes_sent);
        CHECK_EQUAL(timed->peak_memory_bytes, off->peak_memory_bytes);
        result_free(off);
        result_free(on);
        result_free(timed);
    }
}

/* An evaluation is always as long; and each replica has its part of the rows. */
static uint64_t taken_ps(const char *words, int every)
{
    struct result *off = run("math=off strategy=%s " COMMON, words, every, "off"),
                  *on = run("math=off strategy=%s " COMMON, words, every, "on");
    uint64_t taken = on->length_ps - off->length_ps;
    result_free(off);
    result_free(on);
    return taken;
}

static void each_takes_its_part(void)
{
    const char *fast = "single nodes=1 data.test_rows=320 cluster.device.launch=0s";
    uint64_t once = taken_ps(fast, 12);
    CHECK(once > 0);
    CHECK_EQUAL(taken_ps(fast, 3), 4 * once);
    CHECK_EQUAL(taken_ps(fast, 1), 12 * once);
    /* Two replicas have 160 rows each in pieces of 32. */
    double half = (double)taken_ps("data nodes=2 data.test_rows=320 cluster.device.launch=0s", 12);
    CHECK(half > 0.49 * (double)once && half < 0.75 * (double)once);
}

static void the_target_is_reached_later(void)
{
    struct result *off = run("strategy=data nodes=4 steps=300 target_accuracy=0.8 evaluate.clock=off"),
                  *on = run("strategy=data nodes=4 steps=300 target_accuracy=0.8 evaluate.clock=on");
    CHECK(off->target_reached && on->target_reached);
    CHECK_EQUAL(on->target_step, off->target_step);
    CHECK(on->target_ps > off->target_ps);
    result_free(off);
    result_free(on);
}

static void what_does_not_go_is_refused(void)
{
    refuses("strategy=async_server nodes=4 evaluate.clock=on", "different steps");
    refuses("strategy=gossip nodes=4 evaluate.clock=on", "no node that has rows");
    refuses("strategy=fedavg nodes=4 evaluate.clock=on partition=iid", "no node that has rows");
    refuses("strategy=pipeline nodes=2 evaluate.clock=on", "stages");
    refuses("strategy=data nodes=2 zero=3 evaluate.clock=on", "zero=3");
}

SUITE("strategy: evaluation", TEST(it_takes_time_and_changes_nothing), TEST(each_takes_its_part),
      TEST(the_target_is_reached_later), TEST(what_does_not_go_is_refused));
