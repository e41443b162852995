/* GOAL there and back: what a run writes takes as long when it is read, but for the calcs' whole ns. */
#include "fixture.h"

#include <unistd.h>

/* Additions round on their own, so that a run of a few hundred may be off by some ns. */
enum { NS_OFF_MOST = 100 };

static void there_and_back(void)
{
    static const char *const networks[] = {
        "netmodel=flow", "netmodel=hockney", "netmodel=loggp cluster.loggp.offload=on",
        "netmodel=loggp", "netmodel=loggp cluster.loggp.rendezvous=1KiB"};
    char path[] = "/tmp/threadrack-goal-XXXXXX";
    close(mkstemp(path));
    for (int n = 0; n < 5; n++)
        for (int s = 0; strategies[s]; s++) {
            if (strategies[s]->runs_free)
                continue; /* what they do depends on the time */
            int nodes = strcmp(strategies[s]->name, "single") ? 4 : 1;
            struct result *was = run("strategy=%s nodes=%d %s steps=3 batch=64 bucket=64KiB math=off "
                                     "model=mlp:64-128x15-10:tanh goal=%s",
                                     strategy_words(strategies[s]), nodes, networks[n], path);
            struct result *back = run("strategy=replay %s replay.goal=%s replay.rules=rack math=off",
                                      networks[n], path);
            CHECK_EQUAL(back->nodes, nodes);
            CHECK_EQUAL(back->messages_sent, was->messages_sent);
            CHECK_EQUAL(back->bytes_sent, was->bytes_sent);
            CHECK_NEAR((double)back->length_ps, (double)was->length_ps, NS_OFF_MOST * 1000.0);
            result_free(was);
            result_free(back);
        }
    remove(path);
}

/* Strands have tags of their own, and what waits for another strand requires it. */
static void strands_there_and_back(void)
{
    static const char *const algorithms[] = {
        "torus2d:rows=2", "msccl:topologies/msccl-allpairs-4.xml",
        "msccl:tests/fuzz/corpus/msccl_xml/ring-4.xml"};
    char path[] = "/tmp/threadrack-goal-XXXXXX";
    close(mkstemp(path));
    for (int i = 0; i < 3; i++) {
        struct result *was = run("strategy=data nodes=4 netmodel=flow cluster.topology=full_mesh steps=2 "
                                 "math=off allreduce=%s goal=%s",
                                 algorithms[i], path);
        struct result *back = run("strategy=replay netmodel=flow cluster.topology=full_mesh nodes=4 "
                                  "replay.goal=%s replay.rules=rack math=off",
                                  path);
        CHECK_EQUAL(back->messages_sent, was->messages_sent);
        CHECK_NEAR((double)back->length_ps, (double)was->length_ps, NS_OFF_MOST * 1000.0);
        result_free(was);
        result_free(back);
    }
    remove(path);
}

/* Layers of whole ns and no additions: to the picosecond. */
static void exactly_in_whole_ns(void)
{
    char path[] = "/tmp/threadrack-goal-XXXXXX";
    close(mkstemp(path));
    struct result *was = run("strategy=pipeline nodes=4 netmodel=loggp steps=2 batch=64 math=off "
                             "model=stages:4,forward=1us,backward_input=2us,backward_weight=1us,width=1000 "
                             "goal=%s", path);
    struct result *back =
        run("strategy=replay netmodel=loggp replay.goal=%s replay.rules=rack math=off", path);
    CHECK(was->length_ps > 0);
    CHECK_EQUAL(back->length_ps, was->length_ps);
    result_free(was);
    result_free(back);
    remove(path);
}

SUITE("strategy: goal", TEST(there_and_back), TEST(strands_there_and_back), TEST(exactly_in_whole_ns));
