/* Where ranks are changes when things happen, not what is learned; and all that is of nodes follows. */
#include "tests/strategy/fixture.h"

#include <unistd.h>

static const char *const model = "mlp:64-64-64-64-16";

static void what_is_learned_stays(void)
{
    static const char *const places[] = {"round_robin", "random", "list:15+0:14", "packed"};
    char line[256];
    snprintf(line, sizeof line, "cluster=dgx-a100-pod nodes=16 strategy=hybrid mesh.tensor=8 mesh.data=2 "
                                "mesh.pipeline=1 allreduce=ring steps=2 batch=64");
    struct learned packed = learn(model, line);
    for (int i = 0; i < 4; i++) {
        char placed[320];
        snprintf(placed, sizeof placed, "%s placement=%s", line, places[i]);
        struct learned other = learn(model, placed);
        same_learned(&other, &packed);
        CHECK(i == 3 ? other.result->length_ps == packed.result->length_ps
                     : other.result->length_ps > packed.result->length_ps);
        learned_release(other);
    }
    learned_release(packed);
}

/* Rank i on node places[i] is a cluster whose node i is that one. */
static void is_the_cluster_permuted(const char *how)
{
    struct result *placed =
        run("strategy=hybrid mesh.data=2 mesh.tensor=2 nodes=4 steps=2 model=mlp:64-128-64-10 %s "
            "placement=list:2+0+3+1 cluster.slow.nodes=1@0.5 cluster.slow.links=node1@0.25+node2@0.5", how);
    struct result *permuted =
        run("strategy=hybrid mesh.data=2 mesh.tensor=2 nodes=4 steps=2 model=mlp:64-128-64-10 %s "
            "cluster.slow.nodes=3@0.5 cluster.slow.links=node3@0.25+node0@0.5", how);
    static const int rank_on[] = {1, 3, 0, 2};
    CHECK_EQUAL(placed->length_ps, permuted->length_ps);
    for (int node = 0; node < 4; node++) {
        CHECK_EQUAL(placed->node[node].rank, rank_on[node]);
        CHECK_NEAR(placed->node[node].speed, node == 1 ? 0.5 : 1, 0);
        CHECK_EQUAL(placed->node[node].compute_ps, permuted->node[rank_on[node]].compute_ps);
    }
    for (int link = 0; link < placed->link_count; link++)
        if (!strncmp(placed->link[link].name, "node1->", 7))
            CHECK_EQUAL(placed->link[link].record.bytes, permuted->node[3].bytes_sent);
    result_free(placed);
    result_free(permuted);
}

static void a_list_is_the_cluster_permuted(void)
{
    static const char *const ways[] = {
        "netmodel=flow", "netmodel=hockney", "netmodel=loggp", "math=off netmodel=loggp",
        "math=off netmodel=loggp clock.resolver=windows", "math=off netmodel=flow noise=lognormal",
        "netmodel=hockney allreduce=recursive_doubling"};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        is_the_cluster_permuted(ways[i]);
}

/* Boxes are boxes, whatever ranks are in them: averages within them take as long. */
static void boxes_are_of_nodes(void)
{
    const char *line = "strategy=hierarchical cluster=boxes-of-8 nodes=16 steps=4 local_steps=2 across_steps=100 "
                       "allreduce=ring math=off";
    struct result *packed = run("%s", line), *spread = run("%s placement=round_robin", line);
    CHECK_EQUAL(spread->length_ps, packed->length_ps);
    CHECK_EQUAL(spread->node_of[1], 8);
    CHECK(packed->node_of == NULL);
    result_free(packed);
    result_free(spread);
}

/* A hierarchical all-reduce finds its boxes where they are, and is refused where there are none of equal size. */
static void levels_are_of_nodes(void)
{
    const char *line = "strategy=data cluster=boxes-of-8 nodes=16 steps=1 allreduce=hierarchical math=off";
    struct result *packed = run("%s", line), *other = run("%s placement=list:8:15+0:7", line);
    CHECK_EQUAL(other->length_ps, packed->length_ps);
    result_free(packed);
    result_free(other);
    char refused[256];
    snprintf(refused, sizeof refused, "%s placement=list:0+8:14+1:7+15", line);
    result_free(run_line(refused, true));
}

/* Few ranks on a large cluster go where they are put. */
static void ranks_may_be_fewer_than_nodes(void)
{
    struct result *result = run("strategy=tensor mesh.tensor=4 mesh.data=1 mesh.pipeline=1 cluster=dgx-a100-pod "
                                "steps=1 math=off placement=list:12:15 model=mlp:64-64-64-16");
    CHECK_EQUAL(result->nodes, 4);
    CHECK_EQUAL(result->node_of[0], 12);
    CHECK_EQUAL(result->memory[0].first, 12);
    CHECK_EQUAL(result->memory[result->memory_count - 1].last, 15);
    result_free(result);
}

static void a_placement_that_changes_nothing_says_so(void)
{
    struct result *result = run("strategy=data cluster=boxes-of-8 nodes=8 steps=1 math=off placement=round_robin:box=8");
    bool said = false;
    for (int i = 0; i < result->note_count; i++)
        said = said || strstr(result->notes[i], "placement=round_robin:box=8 has no effect");
    CHECK(said);
    result_free(result);
}

SUITE("strategy: placement", TEST(what_is_learned_stays), TEST(a_list_is_the_cluster_permuted), TEST(boxes_are_of_nodes),
      TEST(levels_are_of_nodes), TEST(ranks_may_be_fewer_than_nodes), TEST(a_placement_that_changes_nothing_says_so));
