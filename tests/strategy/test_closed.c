/* Collectives in closed form, and one node of a stage that stands for the others: the same times, bytes
 * and memory as every message gives where nothing contends. */
#include "tests/check.h"

#include "tests/strategy/fixture.h"

#define UNCONTENDED                                                                                \
    "math=off steps=2 cluster.topology=full_mesh cluster.link.bandwidth=25GB/s "                   \
    "cluster.link.latency=2us cluster.device=a100 netmodel=flow "
#define GPT "model=gpt:layers=4,heads=4,width=64,context=32,vocabulary=256 "

static const char *const meshes[] = {
    "strategy=data nodes=8 batch=64 bucket=64KiB",
    "strategy=data nodes=8 batch=64 zero=1",
    "strategy=hybrid nodes=8 mesh.data=4 mesh.tensor=2 batch=64 zero=2 bucket=64KiB",
    "strategy=data nodes=6 batch=60 allreduce=ring",
    "strategy=tensor nodes=4 batch=16",
    "strategy=pipeline nodes=4 batch=16 microbatches=8 pipeline.schedule=1f1b",
    "strategy=hybrid nodes=8 mesh.data=2 mesh.tensor=2 mesh.pipeline=2 batch=32 microbatches=4",
    "strategy=hybrid nodes=16 mesh.data=4 mesh.tensor=2 mesh.pipeline=2 batch=64 microbatches=8 "
    "pipeline.schedule=zero_bubble bucket=32KiB",
    "strategy=hybrid nodes=32 mesh.data=2 mesh.tensor=4 mesh.pipeline=4 batch=64 microbatches=16 "
    "pipeline.schedule=1f1b clip=1",
    "strategy=hybrid nodes=16 mesh.data=2 mesh.tensor=2 mesh.pipeline=4 batch=64 microbatches=8 "
    "mesh.order=data,pipeline,tensor",
};

static void agrees_with_messages(void)
{
    for (size_t i = 0; i < sizeof meshes / sizeof *meshes; i++) {
        struct result *messages = run(UNCONTENDED GPT "%s", meshes[i]);
        struct result *closed = run(UNCONTENDED GPT "collectives=closed_form %s", meshes[i]);
        double length = (double)messages->length_ps;
        CHECK_NEAR((double)closed->length_ps, length, 1e-3 * length);
        double bytes = (double)messages->bytes_sent;
        CHECK_NEAR((double)closed->bytes_sent, bytes, 1e-5 * bytes);
        CHECK_EQUAL(closed->messages_sent, messages->messages_sent);
        for (int node = 0; node < messages->nodes; node++) {
            const struct node_record *a = &closed->node[node], *b = &messages->node[node];
            CHECK_EQUAL(a->samples, b->samples);
            CHECK(!memcmp(a->memory_bytes, b->memory_bytes, sizeof a->memory_bytes));
            CHECK_NEAR((double)a->bubble_ps, (double)b->bubble_ps, 1e-3 * length);
        }
        result_free(messages);
        result_free(closed);
    }
}

/* Ports that serve one message at a time do not disturb these. */
static void agrees_where_only_collectives_use_ports(void)
{
    static const char *const kinds[] = {
        "ideal", "hockney", "loggp cluster.loggp.overhead=0s cluster.loggp.gap=0s"};
    for (int n = 0; n < 3; n++)
        for (int i = 0; i < 5; i++) {
            char line[512];
            snprintf(line, sizeof line,
                     "math=off steps=2 cluster=ethernet-10g links=off netmodel=%s %s %s", kinds[n],
                     GPT, meshes[i]);
            struct result *messages = run("%s", line);
            struct result *closed = run("collectives=closed_form %s", line);
            double length = (double)messages->length_ps;
            CHECK_NEAR((double)closed->length_ps, length, 1e-3 * length);
            result_free(messages);
            result_free(closed);
        }
}

/* Gathers behind reduce-scatters, where messages do not slow each other. */
static void agrees_where_lanes_overlap(void)
{
    static const char *const line = "math=off steps=2 cluster=ethernet-10g links=off netmodel=hockney "
                                    "strategy=data nodes=8 batch=64 bucket=64KiB zero=3 " GPT;
    struct result *messages = run("%s", line);
    struct result *closed = run("collectives=closed_form %s", line);
    CHECK_NEAR((double)closed->length_ps, (double)messages->length_ps,
               1e-3 * (double)messages->length_ps);
    CHECK_EQUAL(closed->messages_sent, messages->messages_sent);
    result_free(messages);
    result_free(closed);
}

static void refused(const char *words)
{
    char line[512];
    snprintf(line, sizeof line, "collectives=closed_form %s", words);
    refuses(line, "closed_form");
}

/* Of groups that lie otherwise in boxes of 8: six nodes of a box, and six of two boxes; a stage whose next
 * is in its own box, and one whose next is in another. */
static void unlike_paths_are_refused(void)
{
    refuses("collectives=closed_form math=off strategy=hybrid nodes=24 mesh.tensor=6 netmodel=hockney "
            "model=mlp:64-96-12 batch=96 cluster.topology=two_level cluster.box.size=8",
            "node 6 has other paths to its peers than node 0");
    refuses("collectives=closed_form math=off strategy=hybrid nodes=24 mesh.pipeline=3 "
            "mesh.order=pipeline,tensor,data netmodel=hockney model=mlp:64-96-96-12 batch=96 "
            "cluster.topology=two_level cluster.box.size=8",
            "has other paths to its peers than node");
}

static void what_would_differ_is_refused(void)
{
    refused("strategy=data nodes=4");
    refused("math=off strategy=data nodes=4 netmodel=flow");
    refused("math=off strategy=data nodes=4 netmodel=hockney noise=lognormal");
    refused("math=off strategy=data nodes=4 netmodel=hockney cluster.slow.nodes=1 cluster.slow.speed=0.5");
    refused("math=off strategy=data nodes=4 netmodel=hockney batch=7");
    refused("math=off strategy=data nodes=4 netmodel=loggp cluster.loggp.overhead=0s "
            "cluster.loggp.gap=0s zero=3");
    refused("math=off strategy=data nodes=4 mesh.expert=2 netmodel=hockney zero=1 batch=8 data=devils-dictionary "
            "model=gpt:layers=1,heads=2,width=16,context=8,experts=4");
    refused("math=off strategy=gossip nodes=4 netmodel=hockney");
    refused("math=off strategy=data nodes=4 netmodel=hockney links=on");
    refused("math=off strategy=data nodes=4 netmodel=hockney "
            "clock.resolver=lanes");
}

SUITE("strategy: closed form", TEST(agrees_with_messages),
      TEST(agrees_where_only_collectives_use_ports), TEST(agrees_where_lanes_overlap),
      TEST(what_would_differ_is_refused), TEST(unlike_paths_are_refused));
