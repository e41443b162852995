/* Compressed gradients on their way to servers: what crosses the links, what is learned, and that both ways to run
 * agree. */
#include "tests/strategy/fixture.h"

#include "threadrack/comm/compressor.h"

static void same_losses(const struct result *was, const struct result *should, double tolerance)
{
    losses_agree(was, should, tolerance);
    CHECK_NEAR(was->final_loss, should->final_loss, tolerance * should->final_loss);
}

/* The server adds the same payloads up as every replica does, in the same order. */
static void one_server_is_data_parallelism(void)
{
    static const char *const words[] = {"int8", "int8:feedback=on", "topk:ratio=0.05", "topk:feedback=off",
                                        "signsgd optimizer=sgd:lr=0.002"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct result *data = run("strategy=data nodes=4 steps=20 bucket=1GiB compress=%s", words[i]);
        struct result *server = run("strategy=parameter_server nodes=5 steps=20 compress=%s", words[i]);
        struct result *ssp = run("strategy=ssp_server staleness=0 nodes=5 steps=20 compress=%s", words[i]);
        struct result *backup = run("strategy=backup_workers backup=0 nodes=5 steps=20 compress=%s", words[i]);
        same_losses(server, data, 1e-12);
        same_losses(ssp, server, 1e-12);
        same_losses(backup, data, 1e-4); /* which adds up in the order of arrival */
        result_free(data);
        result_free(server);
        result_free(ssp);
        result_free(backup);
    }
}

static void everything_sent_learns_as_no_compression(void)
{
    struct result *plain = run("strategy=parameter_server servers=3 nodes=7 steps=20"),
                  *all = run("strategy=parameter_server servers=3 nodes=7 steps=20 compress=topk:ratio=1"),
                  *half = run("strategy=parameter_server servers=3 nodes=7 steps=20 compress=fp16");
    same_losses(all, plain, 1e-6);
    same_losses(half, plain, 1e-3);
    CHECK(all->bytes_sent > plain->bytes_sent);
    CHECK(half->bytes_sent < plain->bytes_sent);
    result_free(plain);
    result_free(all);
    result_free(half);
}

/* Each worker pushes payloads and pulls parameters; at the beginning the first hands these over. */
static void bytes_are_those_of_the_payloads(void)
{
    static const char *const words[] = {"fp16", "bf16", "topk:ratio=0.01", "randomk:ratio=0.01", "int8", "signsgd",
                                        "qsgd:bits=2"};
    const uint64_t parameters = 64 * 100 + 100, workers = 4, steps = 3, share = parameters / 2;
    struct errors errors;
    errors_init(&errors);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct compressor compressor;
        CHECK(compressor_parse(&compressor, words[i], "test", &errors));
        struct result *result = run("strategy=parameter_server servers=2 nodes=6 model=mlp:64-100 steps=3 math=off "
                                    "compress=%s", words[i]);
        uint64_t payload = compressor.ops->words ? 4 * compressor.ops->words(&compressor, share) : 2 * share;
        CHECK_EQUAL(result->bytes_sent, steps * workers * (2 * payload + 4 * parameters) + 4 * parameters);
        result_free(result);
    }
    errors_release(&errors);
}

/* Where the network is free, payloads only cost. */
static void compressing_is_charged(void)
{
    static const char *const strategies_[] = {"parameter_server", "async_server", "ssp_server", "backup_workers"};
    for (int i = 0; i < 4; i++) {
        const char *words = "nodes=5 steps=10 math=off netmodel=ideal model=mlp:64-8192-10";
        struct result *plain = run("strategy=%s %s", strategies_[i], words),
                      *coded = run("strategy=%s %s compress=topk", strategies_[i], words);
        CHECK(coded->node[1].compute_ps > plain->node[1].compute_ps);
        CHECK(coded->node[0].bytes_sent == plain->node[0].bytes_sent || i > 0);
        result_free(plain);
        result_free(coded);
    }
}

static const char *const ways[] = {"parameter_server servers=2", "async_server", "async_server servers=2",
                                   "ssp_server staleness=2", "backup_workers backup=1"};

static void each_learns_and_both_ways_to_run_agree(void)
{
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++)
        for (int i = 0; compressors[i]; i++) {
            bool signs = !strcmp(compressors[i]->name, "signsgd");
            if (compressors[i]->low_rank)
                continue;
            char line[256];
            snprintf(line, sizeof line, "strategy=%s nodes=6 steps=30 compress=%s optimizer=sgd:lr=%s "
                     "cluster.slow.nodes=5", ways[w], compressors[i]->name,
                     signs ? "0.002" : "0.1");
            struct result *real = run("%s", line), *timed = run("math=off %s", line);
            CHECK_EQUAL(timed->length_ps, real->length_ps);
            CHECK_EQUAL(timed->bytes_sent, real->bytes_sent);
            CHECK_EQUAL(timed->peak_memory_bytes, real->peak_memory_bytes);
            if (!(real->final_loss < 0.95 * real->step[0].loss))
                fprintf(stderr, "\n%s: the loss went from %g to %g\n", line, real->step[0].loss, real->final_loss);
            CHECK(real->final_loss < 0.95 * real->step[0].loss);
            result_free(real);
            result_free(timed);
        }
}

static void factors_are_refused(void)
{
    refuses("strategy=parameter_server nodes=4 compress=powersgd", "powersgd sends factors");
    refuses("strategy=async_server nodes=4 compress=powersgd:rank=2", "topk");
}

SUITE("strategy: pushes", TEST(one_server_is_data_parallelism), TEST(everything_sent_learns_as_no_compression),
      TEST(bytes_are_those_of_the_payloads), TEST(compressing_is_charged),
      TEST(each_learns_and_both_ways_to_run_agree), TEST(factors_are_refused));
