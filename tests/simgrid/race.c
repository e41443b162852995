/* CPU seconds of netmodel=flow beside SimGrid's on the same flows: `race ORACLE CASE`, CASE being a
 * file to write. The two take turns, three each, and the least of each counts. SimGrid's seconds
 * are those of its engine's run, in which one actor starts the flows; reading its platform is not
 * in them. Fails when the two do not agree on the sum of the times at which flows end. */
#include "cases.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/philox.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

enum { TURNS = 3 };

/* SimGrid's own precisions, which are its fastest. */
#define SIMGRID "--cfg=network/model:CM02 --cfg=network/crosstraffic:0 --cfg=network/TCP-gamma:1e30"
#define FAT_TREE(nodes, k)                                                                         \
    {                                                                                              \
        "nodes=" nodes, "cluster.topology=fat_tree", "cluster.fat_tree.k=" k,                      \
            "cluster.flow.preset=cm02", "cluster.flow.crosstraffic=off",                           \
            "cluster.flow.window=none"                                                             \
    }

struct lap {
    double cpu_s, sum_s; /* of all flows' ends */
};

/* Rounds in which every node sends one message: to the next node as a ring all-reduce does, or to
 * another one in each round as an all-to-all does. Bytes and starts vary by message. */
static struct case_sets rounds_of(int nodes, bool ring, int rounds)
{
    struct draw draw = {.seed = 1, .purpose = PURPOSE_TEST};
    struct case_sets sets = {.count = nodes * rounds, .sets = rounds};
    sets.flows = memory_zeroed((size_t)sets.count, sizeof *sets.flows);
    for (int i = 0; i < sets.count; i++) {
        int round = i / nodes, src = i % nodes, away = ring ? 1 : 1 + round % (nodes - 1);
        sets.flows[i] = (struct case_flow){round, src, (src + away) % nodes,
                                           100000 + draw_below(draw, 2 * (uint64_t)i, 50000),
                                           draw_below(draw, 2 * (uint64_t)i + 1, 20000) * 1000};
    }
    return sets;
}

static struct lap run_ours(const struct cluster *cluster, const struct case_sets *sets)
{
    struct lap lap = {0};
    uint64_t *ends_ps = memory_zeroed((size_t)sets->count, sizeof *ends_ps);
    int count = sets->count / sets->sets;
    clock_t begun = clock();
    for (int first = 0; first < sets->count; first += count)
        case_run_set(cluster, &sets->flows[first], count, &ends_ps[first]);
    lap.cpu_s = (double)(clock() - begun) / CLOCKS_PER_SEC;
    for (int i = 0; i < sets->count; i++)
        lap.sum_s += (double)ends_ps[i] * 1e-12;
    free(ends_ps);
    return lap;
}

static struct lap run_simgrid(const char *oracle, const char *path)
{
    struct lap lap = {NAN, NAN};
    char *command = memory_text("%s --time " SIMGRID " --log=root.thres:error <%s", oracle, path);
    FILE *out = popen(command, "r");
    if (!out || fscanf(out, "%lf %lf", &lap.cpu_s, &lap.sum_s) != 2)
        fprintf(stderr, "no answer from: %s\n", command);
    if (out)
        pclose(out);
    free(command);
    return lap;
}

static bool race(const struct simgrid_case *one, bool ring, int rounds, const char *oracle,
                 const char *path)
{
    struct lap ours = {INFINITY, 0}, theirs = {INFINITY, 0};
    struct cluster *cluster = case_cluster(one);
    FILE *out = cluster ? fopen(path, "w") : NULL;
    if (!out)
        return false;
    int nodes = cluster->nodes;
    struct case_sets sets = rounds_of(nodes, ring, rounds);
    case_write(cluster, &sets, 1, out);
    fclose(out);
    for (int turn = 0; turn < TURNS; turn++) {
        struct lap a = run_ours(cluster, &sets), b = run_simgrid(oracle, path);
        ours = (struct lap){fmin(ours.cpu_s, a.cpu_s), a.sum_s};
        theirs = (struct lap){fmin(theirs.cpu_s, b.cpu_s), b.sum_s};
    }
    bool agree = fabs(ours.sum_s - theirs.sum_s) <= 1e-3 * ours.sum_s;
    printf("%-12s %6d %8d %10.4f %10.4f %8.3f%s\n", ring ? "ring" : "all-to-all", nodes, sets.count,
           ours.cpu_s, theirs.cpu_s, ours.cpu_s / theirs.cpu_s, agree ? "" : "  DISAGREE");
    fflush(stdout);
    free(sets.flows);
    cluster_free(cluster);
    return agree;
}

int main(int argc, char **argv)
{
    static const struct simgrid_case places[] = {
        {.words = FAT_TREE("64", "8")},
        {.words = FAT_TREE("256", "12")},
        {.words = FAT_TREE("1024", "16")},
    };
    static const int rounds[] = {256, 64, 16};
    bool good = argc == 3;
    printf("%-12s %6s %8s %10s %10s %8s\n", "fat_tree", "nodes", "flows", "flow CPU s", "SimGrid s",
           "ratio");
    for (int i = 0; good && i < 3; i++)
        for (int ring = 1; ring >= 0; ring--)
            good = race(&places[i], ring, rounds[i], argv[1], argv[2]) && good;
    return good ? 0 : 1;
}
