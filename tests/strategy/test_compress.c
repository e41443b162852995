/* Compressed gradients in whole runs: what crosses the links, what is learned, and that both ways to
 * run agree. */
#include "tests/strategy/fixture.h"

#include "threadrack/comm/compressor.h"

static void everything_sent_learns_as_no_compression(void)
{
    struct result *plain = run("strategy=data nodes=4 steps=30"),
                  *all = run("strategy=data nodes=4 steps=30 compress=topk:ratio=1");
    for (int step = 0; step < 30; step++)
        CHECK_NEAR(all->step[step].loss, plain->step[step].loss, 1e-4 * plain->step[step].loss);
    CHECK(all->bytes_sent > plain->bytes_sent); /* the places are sent, too */
    result_free(plain);
    result_free(all);
}

static void one_replica_compresses_nothing(void)
{
    struct result *plain = run("strategy=data nodes=1 steps=5"),
                  *alone = run("strategy=data nodes=1 steps=5 compress=topk:ratio=0.001");
    for (int step = 0; step < 5; step++)
        CHECK(alone->step[step].loss == plain->step[step].loss);
    CHECK_EQUAL(alone->length_ps, plain->length_ps);
    result_free(plain);
    result_free(alone);
}

/* A ring all-gather sends each payload over p - 1 links, a ring all-reduce 2(p - 1)/p vectors. */
static void bytes_are_those_of_the_payloads(void)
{
    static const char *const words[] = {"topk:ratio=0.01", "randomk:ratio=0.01", "int8", "signsgd",
                                        "qsgd:bits=2"};
    const uint64_t p = 4, parameters = 64 * 100 + 100, steps = 3;
    struct errors errors;
    errors_init(&errors);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct compressor compressor;
        CHECK(compressor_parse(&compressor, words[i], "test", &errors));
        struct result *result = run("strategy=data nodes=4 model=mlp:64-100 steps=3 math=off "
                                    "allgather=ring compress=%s", words[i]);
        uint64_t payload = 4 * compressor.ops->words(&compressor, parameters);
        CHECK_EQUAL(result->bytes_sent, steps * p * (p - 1) * payload);
        result_free(result);
    }
    struct result *half = run("strategy=data nodes=4 model=mlp:64-100 steps=3 math=off "
                              "allreduce=ring compress=fp16");
    CHECK_EQUAL(half->bytes_sent, steps * 2 * (p - 1) * 2 * parameters);
    result_free(half);
    errors_release(&errors);
}

static void full_rank_reproduces_the_gradients(void)
{
    struct result *plain = run("strategy=data nodes=4 steps=20 model=mlp:64-24-10"),
                  *full = run("strategy=data nodes=4 steps=20 model=mlp:64-24-10 "
                              "compress=powersgd:rank=24"),
                  *thin = run("strategy=data nodes=4 steps=20 model=mlp:64-24-10 allreduce=ring "
                              "compress=powersgd:rank=2");
    for (int step = 0; step < 20; step++)
        CHECK_NEAR(full->step[step].loss, plain->step[step].loss, 1e-4 * plain->step[step].loss);
    /* P and the biases, then Q: 2(p - 1) rounds of the ring, whose messages are a p-th each. */
    uint64_t factors = 2 * (24 + 64) + 2 * (10 + 24) + 24 + 10;
    CHECK_NEAR((double)thin->bytes_sent, 20.0 * 4 * 2 * 3 * (double)factors, 0);
    result_free(plain);
    result_free(full);
    result_free(thin);
}

static void each_learns_and_both_ways_to_run_agree(void)
{
    static const char *const words[] = {"none", "fp16", "bf16", "int8", "topk", "topk:feedback=off,"
                                        "ratio=0.05", "randomk", "qsgd", "signsgd", "powersgd",
                                        "powersgd:feedback=off"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *rate = !strcmp(words[i], "signsgd") ? "0.002" : "0.1";
        struct result *real = run("strategy=data nodes=3 steps=60 compress=%s optimizer=sgd:lr=%s "
                                  "bucket=8KiB", words[i], rate);
        struct result *timed = run("strategy=data nodes=3 steps=60 math=off compress=%s "
                                   "optimizer=sgd:lr=%s bucket=8KiB", words[i], rate);
        CHECK_EQUAL(timed->length_ps, real->length_ps);
        CHECK_EQUAL(timed->bytes_sent, real->bytes_sent);
        CHECK_EQUAL(timed->peak_memory_bytes, real->peak_memory_bytes);
        if (!(real->step[59].loss < 0.85 * real->step[0].loss))
            fprintf(stderr, "\n%s: the loss went from %g to %g\n", words[i],
                    real->step[0].loss, real->step[59].loss);
        CHECK(real->step[59].loss < 0.85 * real->step[0].loss);
        result_free(real);
        result_free(timed);
    }
}

SUITE("strategy: compression", TEST(everything_sent_learns_as_no_compression),
      TEST(one_replica_compresses_nothing), TEST(bytes_are_those_of_the_payloads),
      TEST(full_rank_reproduces_the_gradients),
      TEST(each_learns_and_both_ways_to_run_agree));
