/* evaluate.clock: evaluations take their time, and nothing else changes. */
#include "tests/strategy/fixture.h"

/* Of five pieces in groups of two the last group has one. */
#define CHUNKS                                                                                                         \
    "hybrid mesh.pipeline=2 pipeline.schedule=interleaved pipeline.chunks=2 microbatches=4 model=mlp:64-32-32-32-10 " \
    "data.test_rows=321 "

#define COMMON "steps=12 batch=64 eval_every=%d evaluate.clock=%s netmodel=hockney"

static const char *const ways[] = {
    "single nodes=1",
    "single nodes=1 microbatches=3",
    "data nodes=4",
    "data nodes=3 zero=2 partition=iid",
    "tensor nodes=4",
    "hybrid nodes=4 mesh.pipeline=1",
    "parameter_server nodes=5 servers=2",
    "pipeline nodes=3 pipeline.schedule=gpipe",
    "pipeline nodes=2 pipeline.schedule=1f1b microbatches=5",
    "pipeline nodes=3 pipeline.schedule=zero_bubble",
    "hybrid nodes=8 mesh.pipeline=2 mesh.tensor=2",
    CHUNKS "nodes=2",
    CHUNKS "nodes=4 mesh.data=2 zero=1"};

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

static uint64_t pieces_ps(const char *way, int pieces)
{
    char words[256];
    snprintf(words, sizeof words, "%s microbatches=4 model=mlp:64-256-256-256-10 data.test_rows=%d "
                                  "cluster.link.latency=0s cluster.link.bandwidth=10Tbit/s", way, 16 * pieces);
    return taken_ps(words, 12);
}

/* Once the stages are full, more pieces cost what the slowest stage takes for them. */
static void stages_take_pieces_at_once(void)
{
    static const char *const full[] = {"pipeline nodes=2 pipeline.schedule=gpipe",
                                       "pipeline nodes=2 pipeline.schedule=1f1b",
                                       "pipeline nodes=2 pipeline.schedule=interleaved pipeline.chunks=2"};
    uint64_t alone = pieces_ps("single nodes=1", 14) - pieces_ps("single nodes=1", 8);
    for (size_t i = 0; i < sizeof full / sizeof *full; i++) {
        uint64_t more = pieces_ps(full[i], 14) - pieces_ps(full[i], 8);
        CHECK_EQUAL(pieces_ps(full[i], 20) - pieces_ps(full[i], 14), more);
        CHECK(2 * more >= alone);
        CHECK(4 * more < 3 * alone);
    }
}

/* Every row crosses each boundary once an evaluation, as floats. */
static void rows_go_through_all_stages(void)
{
    static const struct {
        const char *way;
        uint64_t floats; /* a row, over all boundaries */
    } boundaries[] = {{"pipeline nodes=2 model=mlp:64-32-10 data.test_rows=321", 32},
                      {"pipeline nodes=3 model=mlp:64-32-48-10 data.test_rows=300", 32 + 48},
                      {CHUNKS "nodes=2", 3 * 32},
                      {CHUNKS "nodes=4 mesh.data=2", 3 * 32}};
    for (size_t i = 0; i < sizeof boundaries / sizeof *boundaries; i++) {
        struct result *off = run("strategy=%s math=off " COMMON, boundaries[i].way, 3, "off"),
                      *on = run("strategy=%s math=off " COMMON, boundaries[i].way, 3, "on");
        uint64_t rows = strstr(boundaries[i].way, "300") ? 300 : 321;
        CHECK_EQUAL(on->bytes_sent - off->bytes_sent, 4 * rows * boundaries[i].floats * sizeof(float));
        result_free(off);
        result_free(on);
    }
}

static uint64_t computing_ps(const char *way, const char *clock)
{
    struct result *result = run("strategy=%s microbatches=4 model=mlp:64-32-32-32-10 " COMMON, way, 3, clock);
    uint64_t sum = 0;
    for (int i = 0; i < result->nodes; i++)
        sum += result->node[i].compute_ps;
    result_free(result);
    return sum;
}

/* The same pieces, loss and all, wherever their layers are. */
static void stages_compute_what_one_node_would(void)
{
    static const char *const apart[] = {"pipeline nodes=2", "pipeline nodes=4 pipeline.schedule=gpipe",
                                        "pipeline nodes=2 pipeline.schedule=interleaved pipeline.chunks=2"};
    uint64_t alone = computing_ps("single nodes=1", "on") - computing_ps("single nodes=1", "off");
    CHECK(alone > 0);
    for (size_t i = 0; i < sizeof apart / sizeof *apart; i++)
        CHECK_EQUAL(computing_ps(apart[i], "on") - computing_ps(apart[i], "off"), alone);
}

static uint64_t asked_for_ps(const char *rendezvous, int pieces)
{
    uint64_t length[2];
    for (int on = 0; on < 2; on++) {
        struct result *result = run("strategy=pipeline nodes=2 pipeline.schedule=gpipe microbatches=4 math=off steps=1 "
                                    "batch=64 model=mlp:64-256-256-256-10 netmodel=loggp cluster.link.latency=10us "
                                    "cluster.device.launch=30us data.test_rows=%d evaluate.clock=%s%s",
                                    16 * pieces, on ? "on" : "off", rendezvous);
        length[on] = result->length_ps;
        result_free(result);
    }
    return length[1] - length[0];
}

/* So that a rendezvous costs its overheads (2 us each way), and the way there and back of 20 us is in the shadow. */
static void the_next_piece_is_asked_for_early(void)
{
    const char *large = " cluster.loggp.rendezvous=64B";
    uint64_t eager = asked_for_ps("", 14) - asked_for_ps("", 8);
    uint64_t asked = asked_for_ps(large, 14) - asked_for_ps(large, 8);
    CHECK(asked > eager);
    CHECK(asked - eager < 6 * (uint64_t)10000000);
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
    refuses("strategy=pipeline nodes=2 pipeline.schedule=pipedream evaluate.clock=on", "in flight");
    refuses("strategy=data nodes=2 zero=3 evaluate.clock=on", "zero=3");
}

SUITE("strategy: evaluation", TEST(it_takes_time_and_changes_nothing), TEST(each_takes_its_part),
      TEST(stages_take_pieces_at_once), TEST(rows_go_through_all_stages),
      TEST(stages_compute_what_one_node_would),
      TEST(the_next_piece_is_asked_for_early), TEST(the_target_is_reached_later), TEST(what_does_not_go_is_refused));
