/* Gradient accumulation: microbatches outside pipelines are taken one after the other; only one of them
 * is kept, and gradients are exchanged once a step. */
#include "tests/check.h"

#include "tests/strategy/fixture.h"

static const char *const ways[] = {"single", "data nodes=4", "data nodes=2 zero=1", "tensor nodes=2",
                                   "parameter_server nodes=3", NULL};

static struct learned by(const char *way, int microbatches)
{
    char line[256];
    snprintf(line, sizeof line, "strategy=%s microbatches=%d batch=32 steps=5 optimizer=sgd:lr=0.1", way,
             microbatches);
    return learn("mlp:64-32-10:tanh", line);
}

static void it_learns_and_sends_the_same(void)
{
    for (int w = 0; ways[w]; w++) {
        bool sums_rows = strncmp(ways[w], "tensor", 6) != 0;
        struct learned whole = by(ways[w], 1);
        for (int m = 2; m <= 8; m *= 2) {
            struct learned parts = by(ways[w], m);
            losses_agree(parts.result, whole.result, 1e-4);
            for (int i = 0; sums_rows && i < whole.result->nodes; i++)
                CHECK_EQUAL(parts.result->node[i].bytes_sent, whole.result->node[i].bytes_sent);
            learned_release(parts);
        }
        learned_release(whole);
    }
}

static void one_microbatch_is_kept(void)
{
    uint64_t kept[3];
    for (int i = 0; i < 3; i++) {
        struct result *result = run("strategy=data nodes=2 model=mlp:64-32-10:tanh batch=64 steps=1 "
                                    "math=off microbatches=%d", 1 << i);
        kept[i] = result->node[0].memory_bytes[MEMORY_ACTIVATIONS];
        result_free(result);
    }
    CHECK_EQUAL(kept[0], 2 * kept[1]);
    CHECK_EQUAL(kept[1], 2 * kept[2]);
}

SUITE("strategy: accumulation", TEST(it_learns_and_sends_the_same), TEST(one_microbatch_is_kept));
