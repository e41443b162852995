#include "threadrack/cluster/survey.h"

#include "threadrack/base/memory.h"

#include "reach.h"

#include <stdlib.h>

/* Above these, only some sources are looked at, and cuts are not computed. */
enum { ALL_PAIRS_NODES = 512, SOURCES = 32, COUNTED_SOURCES = 4, CUT_LINKS = 60000 };

static bool same_kind(const struct link_kind *kind, const struct link *link)
{
    return kind->bandwidth_Bps == link->bandwidth_Bps && kind->latency_ps == link->latency_ps;
}

static void count_kinds(const struct cluster *cluster, struct survey *survey)
{
    for (int i = 0; i < cluster->link_count; i += 2) {
        const struct link *link = &cluster->links[i];
        int k = survey->kind_count;
        while (k > 0 && !same_kind(&survey->kinds[k - 1], link))
            k--;
        if (k == 0) {
            *vector_push(&survey->kinds, &survey->kind_count, &survey->kind_room) =
                (struct link_kind){0, link->bandwidth_Bps, link->latency_ps};
            k = survey->kind_count;
        }
        survey->kinds[k - 1].cables++;
    }
}

static void look_from(const struct cluster *cluster, int src, int *links, struct survey *survey)
{
    for (int dst = 0; dst < cluster->nodes; dst++) {
        int hops = cluster_route(cluster, src, dst, links);
        uint64_t latency_ps = cluster_path(cluster, src, dst).latency_ps;
        survey->diameter = hops > survey->diameter ? hops : survey->diameter;
        if (latency_ps > survey->diameter_ps)
            survey->diameter_ps = latency_ps;
        survey->mean_hops += hops;
    }
}

/* The i-th of `count` nodes, evenly spread. */
static int spread_node(const struct cluster *cluster, int i, int count)
{
    return (int)((int64_t)i * cluster->nodes / count);
}

static void measure_routes(const struct cluster *cluster, struct survey *survey)
{
    int *links = memory_zeroed((size_t)cluster_route_room(cluster) + 1, sizeof *links);
    survey->sources = cluster->nodes <= ALL_PAIRS_NODES ? cluster->nodes : SOURCES;
    for (int i = 0; i < survey->sources; i++)
        look_from(cluster, spread_node(cluster, i, survey->sources), links, survey);
    if (cluster->nodes > 1)
        survey->mean_hops /= (double)survey->sources * (cluster->nodes - 1);
    free(links);
}

static void measure_paths(const struct cluster *cluster, struct survey *survey)
{
    struct reach *reach = reach_create(cluster);
    int sources = cluster->nodes < COUNTED_SOURCES ? cluster->nodes : COUNTED_SOURCES;
    double pairs = 0;
    for (int i = 0; i < sources; i++) {
        int src = spread_node(cluster, i, sources);
        reach_from(reach, src);
        for (int dst = 0; dst < cluster->nodes; dst++) {
            double paths = reach_paths(reach, dst);
            if (dst == src)
                continue;
            survey->mean_paths += paths;
            survey->most_paths = paths > survey->most_paths ? paths : survey->most_paths;
            survey->detours += cluster_path(cluster, src, dst).latency_ps > reach_ps(reach, dst);
            pairs++;
        }
    }
    survey->mean_paths = pairs > 0 ? survey->mean_paths / pairs : 0;
    survey->detours = pairs > 0 ? survey->detours / pairs : 0;
    reach_free(reach);
}

/* A family's formula is of all its places, and of links as its numbers say. */
static void measure_bisection(const struct cluster *cluster, struct survey *survey)
{
    if (cluster->nodes == cluster->places && !cluster->slow_links && cluster->topology->bisection)
        survey->bisection_Bps = cluster->topology->bisection(&cluster->fabric);
    survey->bisection = survey->bisection_Bps ? BISECTION_FORMULA : BISECTION_UNKNOWN;
    if (survey->bisection_Bps || cluster->nodes < 2 || cluster->link_count > CUT_LINKS)
        return;
    survey->bisection_Bps = cluster_cut(cluster);
    survey->bisection = BISECTION_CUT;
}

void survey_take(const struct cluster *cluster, struct survey *survey)
{
    *survey = (struct survey){0};
    count_kinds(cluster, survey);
    measure_routes(cluster, survey);
    if (cluster->platform)
        return; /* its links have no ends, so there is no graph to look at */
    measure_paths(cluster, survey);
    measure_bisection(cluster, survey);
}

void survey_release(struct survey *survey)
{
    free(survey->kinds);
    *survey = (struct survey){0};
}

double cluster_equal_paths(const struct cluster *cluster, int src, int dst)
{
    struct reach *reach = reach_create(cluster);
    reach_from(reach, src);
    double paths = reach_paths(reach, dst);
    reach_free(reach);
    return paths;
}
