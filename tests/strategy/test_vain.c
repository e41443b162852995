/* What comes to nothing is said, or refused, and not said where it comes to something. */
#include "tests/check.h"

#include "tests/strategy/fixture.h"

#include <unistd.h>

static bool says(const struct result *result, const char *words)
{
    for (int i = 0; i < result->note_count; i++)
        if (strstr(result->notes[i], words))
            return true;
    return false;
}

static bool run_says(const char *line, const char *words)
{
    struct result *result = run_line(line, false);
    bool said = says(result, words);
    result_free(result);
    return said;
}

#define NEVER "none hears of another"
static void averages_that_never_come(void)
{
    struct result *silent = run_line("nodes=4 strategy=local_sgd steps=10 local_steps=20 math=off", false);
    CHECK(says(silent, "local_steps=20: the run ends with step 10") && silent->messages_sent == 0);
    result_free(silent);
    CHECK(run_says("nodes=4 strategy=diloco steps=7 math=off", NEVER));
    CHECK(!run_says("nodes=4 strategy=diloco steps=8 math=off", NEVER));
    CHECK(run_says("nodes=4 strategy=hierarchical box=2 steps=31 math=off", "across_steps=32"));
    CHECK(!run_says("nodes=4 strategy=hierarchical box=2 steps=32 math=off", NEVER));
    CHECK(!run_says("nodes=1 strategy=local_sgd steps=3 math=off", NEVER));
}

#define DATA "nodes=4 strategy=data math=off steps=1 "
static void codes_as_narrow_as_numbers(void)
{
    static const char *const words = "saves no byte under precision=bf16";
    struct result *plain = run_line(DATA "precision=bf16", false),
                  *coded = run_line(DATA "precision=bf16 compress=fp16", false);
    CHECK(says(coded, words) && !says(plain, words));
    CHECK(coded->bytes_sent == plain->bytes_sent && coded->length_ps > plain->length_ps);
    struct result *full = run_line(DATA "precision=bf16 precision.gradients=fp32", false),
                  *less = run_line(DATA "precision=bf16 precision.gradients=fp32 compress=bf16", false);
    CHECK(!says(less, words) && 2 * less->bytes_sent == full->bytes_sent);
    result_free(plain);
    result_free(coded);
    result_free(full);
    result_free(less);
}

static void rows_that_come_many_times_a_step(void)
{
    CHECK(run_says("batch=14370 steps=1", "a step goes 10 times through them"));
    CHECK(!run_says("batch=1437 steps=1", "a step goes"));
    CHECK(!run_says("batch=14370 steps=1 math=off", "a step goes"));
}

static void names_that_are_of_another_format(void)
{
    char folder[] = "/tmp/threadrack-vain-XXXXXX", line[100];
    CHECK_FATAL(mkdtemp(folder) != NULL);
    static const char *const names[] = {"x.pt", "x.safetensors"};
    for (int i = 0; i < 2; i++) {
        snprintf(line, sizeof line, "steps=1 save.state=off save=%s/%s", folder, names[i]);
        CHECK(run_says(line, "what is written is safetensors") == (i == 0));
        CHECK(remove(strstr(line, "/tmp")) == 0);
    }
    rmdir(folder);
}

/* Ring attention is spoken of where there is some. */
static void what_recomputing_drops(void)
{
    static const char *const ring = "ring attention keeps no";
    CHECK(!run_says("strategy=hybrid nodes=2 model=mlp:64-64-10 math=off steps=1 recompute=full", ring));
    CHECK(run_says("strategy=data mesh.context=2 model=gpt:layers=1 data=devils-dictionary math=off steps=1 "
                   "recompute=selective", ring));
}

static void what_there_is_not_is_refused(void)
{
    refuses("nodes=4 strategy=fedavg partition=iid federated.clients=4 steps=1", "at most federated.clients=3");
    result_free(run_line("nodes=4 strategy=fedavg partition=iid federated.clients=3 steps=1 math=off", false));
    refuses("data.train_rows=1797 target_accuracy=0.5", "so that none test");
}

SUITE("strategy: what comes to nothing", TEST(averages_that_never_come), TEST(codes_as_narrow_as_numbers),
      TEST(rows_that_come_many_times_a_step), TEST(names_that_are_of_another_format), TEST(what_recomputing_drops),
      TEST(what_there_is_not_is_refused));
