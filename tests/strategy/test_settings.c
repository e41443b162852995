/* Settings do what they say: each of these would pass unnoticed by the tests of learning and of time
 * if the setting were ignored. */
#include "tests/check.h"

#include "tests/strategy/fixture.h"

#include <unistd.h>

static void target_stops_the_run(void)
{
    struct result *result = run_line("steps=100 target_accuracy=0.5 eval_every=3", false);
    CHECK(result->target_reached && result->steps < 100);
    CHECK_EQUAL(result->target_step, result->steps);
    CHECK_EQUAL(result->steps % 3, 0);
    CHECK_EQUAL(result->target_ps, result->step[result->steps - 1].end_ps);
    CHECK(result->step[result->steps - 1].accuracy >= 0.5);
    CHECK(!(result->step[result->steps - 4].accuracy >= 0.5));
    result_free(result);
    result = run_line("steps=9 target_accuracy=1 eval_every=3", false);
    CHECK(result->has_target && !result->target_reached);
    CHECK_EQUAL(result->steps, 9);
    result_free(result);
}

static void target_loss_stops_the_run(void)
{
    struct result *tested = run_line("steps=100 target_loss=1 eval_every=3 strategy=data nodes=2", false);
    CHECK(tested->target_reached && tested->steps < 100 && tested->steps > 3);
    CHECK(tested->step[tested->steps - 1].test_loss <= 1 && tested->step[tested->steps - 4].test_loss > 1);
    CHECK_EQUAL(tested->target_bytes, tested->bytes_sent);
    CHECK_EQUAL(tested->step[0].bytes_sent * (uint64_t)tested->steps, tested->bytes_sent);
    result_free(tested);
    struct result *trained =
        run_line("steps=100 target_loss=1 eval_every=3 strategy=data nodes=2 data.train_rows=1797", false);
    CHECK(trained->target_reached && trained->steps < 100 && trained->steps > 3);
    CHECK_EQUAL(trained->steps % 3, 0);
    CHECK(trained->step[trained->steps - 1].loss <= 1 && trained->step[trained->steps - 4].loss > 1);
    result_free(trained);
}

static void evaluations_come_when_asked(void)
{
    struct result *result = run_line("steps=20 eval_every=7 strategy=data nodes=2", false);
    for (int step = 1; step <= 20; step++)
        CHECK_EQUAL(!isnan(result->step[step - 1].accuracy), step % 7 == 0 || step == 20);
    result_free(result);
}

static void batches_and_steps(void)
{
    struct result *weak = run_line("scaling=weak batch=16 strategy=data nodes=4 steps=3", false);
    CHECK_EQUAL(weak->batch, 64);
    CHECK_EQUAL(weak->node[3].samples, 16 * 3);
    result_free(weak);
    struct result *epochs = run_line("epochs=2 batch=64 math=off", false);
    CHECK_EQUAL(epochs->steps, 45); /* 2 x 1437 rows / 64, rounded up */
    result_free(epochs);
    struct result *uneven = run_line("batch=64 strategy=data nodes=3 steps=2 math=off", false);
    CHECK_EQUAL(uneven->node[0].samples, 44);
    CHECK_EQUAL(uneven->node[2].samples, 42);
    CHECK_NEAR(uneven->efficiency, uneven->speedup / 3, 1e-12);
    result_free(uneven);
    struct result *stages = run_line("strategy=pipeline nodes=2 steps=1 math=off", false);
    CHECK_EQUAL(stages->microbatches, 8); /* auto: 4 a stage */
    result_free(stages);
}

static bool notes_say(const struct result *result, const char *words)
{
    for (int i = 0; i < result->note_count; i++)
        if (strstr(result->notes[i], words))
            return true;
    return false;
}

/* A run's speed-up goes by its time alone, however its settings are spelled. */
static void speed_ups_are_over_the_fastest_single(void)
{
    const char *deep = "strategy=pipeline nodes=3 model=mlp:64-128x6-10:tanh steps=1 math=off ";
    const char *gpt = "strategy=pipeline nodes=2 model=gpt:layers=2 data=devils-dictionary steps=1 math=off ";
    char words[200];
    struct result *automatic = run_line(deep, false);
    snprintf(words, sizeof words, "%smicrobatches=%d", deep, automatic->microbatches);
    struct result *given = run_line(words, false);
    CHECK(automatic->speedup == given->speedup && given->microbatches == 12 && given->speedup < 1);
    CHECK(notes_say(given, "over `single` with microbatches=1") && !notes_say(automatic, "over `single`"));
    struct result *kept = run_line(gpt, false);
    snprintf(words, sizeof words, "%srecompute=full", gpt);
    struct result *dropped = run_line(words, false);
    CHECK(kept->single_step_s == dropped->single_step_s && dropped->step_s > kept->step_s);
    CHECK(notes_say(dropped, "of this run's recompute=full it has nothing"));
    result_free(automatic);
    result_free(given);
    result_free(kept);
    result_free(dropped);
}

static void what_has_no_effect_is_said(void)
{
    struct result *result =
        run_line("bucket=1KiB allreduce=ring cluster.loggp.gap=1us steps=1 math=off", false);
    CHECK(notes_say(result, "bucket=1KiB has no effect"));
    CHECK(notes_say(result, "allreduce=ring has no effect"));
    CHECK(notes_say(result, "cluster.loggp.gap=1us has no effect"));
    result_free(result);
    result = run_line("bucket=1KiB strategy=data nodes=2 steps=1 math=off", false);
    CHECK(!notes_say(result, "has no effect"));
    result_free(result);
}

static void rates_are_in_their_column(void)
{
    struct result *result = run_line("optimizer=adamw:lr=0.5 lr_schedule=linear:warmup=2 steps=4 "
                                     "lr_scaling=linear scaling=weak strategy=data nodes=4 math=off",
                                     false);
    const double expected[] = {1.25, 2, 2, 1};
    for (int step = 0; step < 4; step++)
        CHECK_NEAR(result->step[step].lr, expected[step], 1e-12);
    CHECK(notes_say(result, "lr_schedule=linear:warmup=2 has no effect"));
    CHECK(!notes_say(result, "does not grow") && !notes_say(result, "without a warm-up"));
    result_free(result);
    result = run_line("lr_scaling=sqrt strategy=data nodes=4 steps=2", false);
    CHECK_NEAR(result->step[1].lr, 0.2, 1e-12);
    CHECK(notes_say(result, "does not grow") && notes_say(result, "without a warm-up"));
    result_free(result);
    result = run_line("lr_scaling=sqrt lr_schedule=constant:warmup=3 steps=3", false);
    CHECK(notes_say(result, "there is one node") && notes_say(result, "is not over when"));
    result_free(result);
}

/* A pass over 17,226 gradients, and one that scales them: 17,226 x (4 + 8) bytes at 1 GB/s, two
 * launches of 1 us; between them two nodes' sums over the tensor group, then over the stages. */
#define SLOW "cluster.device.memory_bandwidth=1GB/s cluster.device.launch=1us netmodel=ideal math=off "
static void clipping_costs_what_it_should(void)
{
    struct result *free_one = run_line(SLOW "steps=1", false), *clipped = run_line(SLOW "steps=1 clip=1", false);
    CHECK_EQUAL(clipped->length_ps - free_one->length_ps, 17226 * 12 * 1000 + 2000000);
    result_free(free_one);
    result_free(clipped);
    free_one = run_line("strategy=hybrid nodes=4 mesh.tensor=2 mesh.pipeline=2 math=off steps=1 "
                        "allreduce=recursive_doubling", false);
    clipped = run_line("strategy=hybrid nodes=4 mesh.tensor=2 mesh.pipeline=2 math=off steps=1 clip=1 "
                       "allreduce=recursive_doubling", false);
    CHECK_EQUAL(clipped->messages_sent - free_one->messages_sent, 4 * 2);
    CHECK_EQUAL(clipped->bytes_sent - free_one->bytes_sent, 4 * 2 * 4);
    CHECK(clipped->length_ps > free_one->length_ps);
    result_free(free_one);
    result_free(clipped);
}

static uint64_t length_with(const char *optimizer)
{
    struct result *result = run(SLOW "steps=1 optimizer=%s", optimizer);
    uint64_t length = result->length_ps;
    result_free(result);
    return length;
}

/* Plain sgd moves 3 arrays of 17,226 floats, AdamW 7; LAMB has a second pass of 3, LARS one of 2. */
static void updates_cost_what_they_should(void)
{
    const int64_t array = 17226 * 4 * 1000, launch = 1000000;
    int64_t plain = (int64_t)length_with("sgd");
    CHECK_EQUAL((int64_t)length_with("sgd:momentum=0.9") - plain, 2 * array);
    CHECK_EQUAL((int64_t)length_with("adamw") - plain, 4 * array);
    CHECK_EQUAL((int64_t)length_with("lamb") - plain, 7 * array + launch);
    CHECK_EQUAL((int64_t)length_with("lars") - plain, 4 * array + launch);
}

/* Between two tensor ranks LAMB's sums are one message each way: two norms of each of six tensors. */
static void norms_are_messages(void)
{
    static const char two[] = "strategy=tensor nodes=2 math=off steps=1 allreduce=recursive_doubling";
    struct result *adamw = run("%s optimizer=adamw", two), *lamb = run("%s optimizer=lamb", two);
    CHECK_EQUAL(lamb->messages_sent - adamw->messages_sent, 2);
    CHECK_EQUAL(lamb->bytes_sent - adamw->bytes_sent, 2 * 6 * 2 * 4);
    CHECK(lamb->length_ps > adamw->length_ps);
    for (int node = 0; node < 2; node++)
        CHECK_EQUAL(lamb->node[node].memory_bytes[MEMORY_OPTIMIZER],
                    2 * lamb->node[node].memory_bytes[MEMORY_PARAMETERS]);
    result_free(adamw);
    result_free(lamb);
}

/* Two nodes over a cable with the options. */
static struct result *over_cable(const char *options, const char *netmodel)
{
    char path[] = "/tmp/threadrack-cable-XXXXXX.yaml";
    int file = mkstemps(path, 5);
    CU_ASSERT_FATAL(file >= 0);
    dprintf(file, "topology: explicit\nlinks: ['node0 node1 %s']\n", options);
    close(file);
    struct result *result =
        run("cluster=%s strategy=data nodes=2 steps=1 math=off netmodel=%s", path, netmodel);
    unlink(path);
    return result;
}

static void what_shares_nothing_says_so(void)
{
    static const char *const ignoring[] = {"ideal", "hockney", "loggp"};
    static const char words[] = "the fatpipes and half-duplex cables (1) have no effect";
    for (int i = 0; i < 3; i++) {
        struct result *half = over_cable("duplex=half", ignoring[i]);
        struct result *plain = over_cable("duplex=full sharing=shared", ignoring[i]);
        CHECK(notes_say(half, words));
        CHECK(!notes_say(plain, words));
        result_free(half);
        result_free(plain);
    }
    struct result *flow = over_cable("duplex=half", "flow");
    CHECK(!notes_say(flow, words));
    result_free(flow);
    /* Both ways of the ring are on it at one time. */
    struct result *both = over_cable("duplex=half", "hockney");
    struct result *fatpipe = over_cable("sharing=fatpipe", "hockney");
    CHECK(notes_say(both, "up to 2 messages were on link"));
    CHECK(!notes_say(fatpipe, "messages were on link"));
    result_free(both);
    result_free(fatpipe);
}

static void said(const char *line, const char *words, bool wanted)
{
    struct result *result = run("strategy=data nodes=2 steps=1 math=off %s", line);
    CHECK_EQUAL(notes_say(result, words), wanted);
    result_free(result);
}

/* Two cables of 1 us and 1 GB/s: slow start is worth 26,020 bytes. A message has all gradients: 300
 * bytes for each unit of the hidden layer, and 40. */
#define CABLES                                                                                     \
    "cluster.topology=star cluster.link.latency=1us cluster.link.bandwidth=1GB/s "                 \
    "allreduce=recursive_doubling "
static void models_out_of_their_range_say_so(void)
{
    said(CABLES "model=mlp:64-86-10", "have 25840 bytes on the average; over TCP, those below 26020",
         true);
    said(CABLES "model=mlp:64-87-10", "slow start", false);
    said(CABLES "model=mlp:64-86-10 cluster.flow.preset=lv08", "slow start", false);
    said(CABLES "model=mlp:64-86-10 netmodel=hockney", "slow start", false);
    said("netmodel=loggp cluster.loggp.gap=1us", "gap=1us is below cluster.loggp.overhead=2us", true);
    said("netmodel=loggp cluster.loggp.gap=2us", "is below", false);
    said("netmodel=loggp cluster.loggp.gap=1us cluster.loggp.offload=on", "is below", false);
}

static void the_nearest_mesh_is_named(void)
{
    struct result *result = run_line("strategy=hybrid nodes=4 mesh.data=1 mesh.tensor=1 "
                                     "mesh.pipeline=4 math=off",
                                     true);
    CHECK_EQUAL(result->status, STATUS_REFUSED);
    CHECK(strstr(result->reason, "mesh.data=2 mesh.tensor=1 mesh.pipeline=2 (nodes=4)") != NULL);
    result_free(result);
}

/* Named with every axis that was asked for, so that what is said can be done. */
static void the_nearest_mesh_fits(void)
{
    static const char *const shapes[] = {"gpt:layers=2,experts=4,top=2", "gpt:layers=2,experts=4,top=2",
                                         "gpt:layers=2", "gpt:layers=2,experts=4,top=2"};
    static const char *const asked[] = {"mesh.expert=3", "mesh.context=3", "mesh.context=3", "mesh.expert=4"};
    static const char *const said[] = {"mesh.data=2 mesh.tensor=1 mesh.pipeline=1 mesh.expert=2 (nodes=4)",
                                       "mesh.data=6 mesh.tensor=1 mesh.pipeline=1 mesh.context=1 (nodes=6)",
                                       "mesh.data=3 mesh.tensor=1 mesh.pipeline=1 mesh.context=2 (nodes=6)",
                                       "mesh.data=2 mesh.tensor=1 mesh.pipeline=1 mesh.expert=4 (nodes=8)"};
    for (int i = 0; i < 4; i++) {
        char line[400], words[500];
        snprintf(line, sizeof line, "strategy=data model=%s data=devils-dictionary steps=1 math=off ", shapes[i]);
        snprintf(words, sizeof words, "%smesh.data=%d %s", line, i == 3 ? 3 : 2, asked[i]);
        struct result *result = run_line(words, true);
        CHECK(result->status == STATUS_REFUSED && strstr(result->reason, said[i]));
        result_free(result);
        snprintf(words, sizeof words, "%s%.*s", line, (int)strcspn(said[i], "("), said[i]);
        result_free(run_line(words, false));
    }
}

static uint64_t overlapped_ps(const char *line)
{
    struct result *result = run_line(line, false);
    uint64_t overlapped = result->node[0].overlapped_comm_ps;
    result_free(result);
    return overlapped;
}

#define DEEP "model=mlp:64-128x8-10 batch=256 strategy=data nodes=4 steps=2 math=off "
static void buckets_overlap(void)
{
    CHECK(overlapped_ps(DEEP "bucket=64KiB") > 0);
    CHECK_EQUAL(overlapped_ps(DEEP "bucket=25MiB"), 0);
}

static uint64_t length_ps(const char *line, uint64_t *compute_ps)
{
    struct result *result = run_line(line, false);
    uint64_t length = result->length_ps;
    *compute_ps = result->node[0].compute_ps;
    result_free(result);
    return length;
}

/* Two nodes' ring adds half of 17,226 floats, 34,452 bytes, once a step. */
#define TWO "strategy=data nodes=2 allreduce=ring netmodel=hockney steps=1 math=off "
static void additions_cost_what_they_should(void)
{
    uint64_t compute, compute_free;
    uint64_t added = length_ps(TWO "cluster.device.add_bandwidth=1GB/s", &compute) -
                     length_ps(TWO "cluster.device.add_bandwidth=free", &compute_free);
    CHECK_EQUAL(added, 34452000);
    CHECK_EQUAL(compute - compute_free, 34452000);
    added = length_ps(TWO "cluster.slow.fraction=1 cluster.device.add_bandwidth=1GB/s", &compute) -
            length_ps(TWO "cluster.slow.fraction=1 cluster.device.add_bandwidth=free",
                      &compute_free);
    CHECK_EQUAL(added, 2 * 34452000);
}

SUITE("strategy: settings", TEST(target_stops_the_run), TEST(target_loss_stops_the_run), TEST(evaluations_come_when_asked),
      TEST(batches_and_steps), TEST(speed_ups_are_over_the_fastest_single),
      TEST(what_has_no_effect_is_said),
      TEST(rates_are_in_their_column), TEST(clipping_costs_what_it_should),
      TEST(updates_cost_what_they_should), TEST(norms_are_messages),
      TEST(what_shares_nothing_says_so), TEST(models_out_of_their_range_say_so),
      TEST(the_nearest_mesh_is_named), TEST(the_nearest_mesh_fits),
      TEST(buckets_overlap), TEST(additions_cost_what_they_should));
