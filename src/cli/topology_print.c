#include "topology_print.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/units.h"

#include <jansson.h>
#include <stdlib.h>

enum { ROOM = 64 };

static const char *const bisection_words[] = {
    "not computed: no formula holds, and there are too many links for a cut, or they have no ends",
    "one way, by the family's formula",
    "one way, least cut between the lower and the higher half of the nodes",
};

static void print_kinds(const struct survey *survey)
{
    for (int i = 0; i < survey->kind_count; i++) {
        const struct link_kind *kind = &survey->kinds[i];
        char bandwidth[ROOM], latency[ROOM];
        printf("%-12s%d of %s each way, %s\n", i ? "" : "cables", kind->cables,
               units_format(kind->bandwidth_Bps, UNIT_BANDWIDTH, bandwidth, ROOM),
               units_format(kind->latency_ps, UNIT_TIME, latency, ROOM));
    }
}

static void print_route(const struct cluster *cluster, struct pair pair, int *links)
{
    char latency[ROOM], bandwidth[ROOM];
    int count = cluster_route(cluster, pair.src, pair.dst, links);
    struct path path = cluster_path(cluster, pair.src, pair.dst);
    printf("%-12s%s", "route", cluster_vertex_name(cluster, pair.src));
    for (int i = 0; i < count && !cluster->platform; i++)
        printf(" > %s", cluster_vertex_name(cluster, cluster->links[links[i]].to));
    for (int i = 0; i < count && cluster->platform; i++)
        printf(" > %s", cluster_link_name(cluster, links[i]));
    printf("%s%s\n", cluster->platform ? " > " : "",
           cluster->platform ? cluster_vertex_name(cluster, pair.dst) : "");
    if (!count)
        return;
    printf("%-12s%d cables, %s, %s", "", count,
           units_format(path.latency_ps, UNIT_TIME, latency, ROOM),
           units_format(path.bandwidth_Bps, UNIT_BANDWIDTH, bandwidth, ROOM));
    if (!cluster->platform)
        printf("; one of %.4g of least latency", cluster_equal_paths(cluster, pair.src, pair.dst));
    printf("\n");
}

static void print_paths(const struct survey *survey)
{
    printf("%-12s%.4g on average, at most %.4g, of least latency between two nodes\n", "paths",
           survey->mean_paths, survey->most_paths);
    if (survey->detours > 0)
        printf("%-12s%.1f %% of routes are longer than the shortest path\n", "",
               100 * survey->detours);
}

void topology_print(const struct cluster *cluster, const struct survey *survey,
                    const struct pair *routes, int count)
{
    char bandwidth[ROOM], latency[ROOM];
    printf("%-12s%s\n", "cluster", cluster->name);
    printf("%-12s%s: %s\n", "topology", cluster->topology->name, cluster->topology->summary);
    printf("%-12s%d", "nodes", cluster->nodes);
    if (cluster->places > cluster->nodes)
        printf(", in %d places", cluster->places);
    printf("\n%-12s%d\n", "switches", cluster->vertices - cluster->places);
    print_kinds(survey);
    printf("%-12s%d cables, %s", "diameter", survey->diameter,
           units_format(survey->diameter_ps, UNIT_TIME, latency, ROOM));
    if (survey->sources < cluster->nodes)
        printf(" (of routes from %d nodes)", survey->sources);
    printf("\n%-12s%.4g cables on average\n", "hops", survey->mean_hops);
    if (cluster->nodes > 1)
        printf("%-12s%s%s%s\n", "bisection",
               survey->bisection ? units_format(survey->bisection_Bps, UNIT_BANDWIDTH, bandwidth, ROOM)
                                 : "",
               survey->bisection ? " " : "", bisection_words[survey->bisection]);
    if (cluster->nodes > 1 && !cluster->platform)
        print_paths(survey);
    int *links = memory_zeroed((size_t)cluster_route_room(cluster) + 1, sizeof *links);
    for (int i = 0; i < count; i++)
        print_route(cluster, routes[i], links);
    free(links);
}

static json_t *json_kinds(const struct survey *survey)
{
    json_t *kinds = json_array();
    for (int i = 0; i < survey->kind_count; i++)
        json_array_append_new(
            kinds, json_pack("{s:i, s:I, s:I}", "cables", survey->kinds[i].cables, "bandwidth_Bps",
                             (json_int_t)survey->kinds[i].bandwidth_Bps, "latency_ps",
                             (json_int_t)survey->kinds[i].latency_ps));
    return kinds;
}

static json_t *json_route(const struct cluster *cluster, struct pair pair, int *links)
{
    json_t *names = json_array();
    int count = cluster_route(cluster, pair.src, pair.dst, links);
    struct path path = cluster_path(cluster, pair.src, pair.dst);
    for (int i = 0; i < count; i++)
        json_array_append_new(names, json_string(cluster_link_name(cluster, links[i])));
    return json_pack("{s:i, s:i, s:o, s:I, s:f}", "from", pair.src, "to", pair.dst, "links", names,
                     "latency_ps", (json_int_t)path.latency_ps, "equal_cost_paths",
                     cluster_equal_paths(cluster, pair.src, pair.dst));
}

void topology_print_json(const struct cluster *cluster, const struct survey *survey,
                         const struct pair *routes, int count)
{
    static const char *const how[] = {"unknown", "formula", "cut"};
    int *links = memory_zeroed((size_t)cluster_route_room(cluster) + 1, sizeof *links);
    json_t *list = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(list, json_route(cluster, routes[i], links));
    json_t *all = json_pack(
        "{s:s, s:s, s:i, s:i, s:i, s:o, s:i, s:I, s:i, s:f, s:I, s:s, s:f, s:f, s:f, s:o}", "cluster",
        cluster->name, "topology", cluster->topology->name, "nodes", cluster->nodes, "places",
        cluster->places, "switches", cluster->vertices - cluster->places, "cables",
        json_kinds(survey), "diameter", survey->diameter, "diameter_ps",
        (json_int_t)survey->diameter_ps, "sources", survey->sources, "mean_hops", survey->mean_hops,
        "bisection_Bps", (json_int_t)survey->bisection_Bps, "bisection_by", how[survey->bisection],
        "mean_paths", survey->mean_paths, "most_paths", survey->most_paths, "detours",
        survey->detours, "routes", list);
    json_dumpf(all, stdout, JSON_INDENT(2));
    printf("\n");
    json_decref(all);
    free(links);
}
