/* A graph written out: cluster.links lists its cables. See ../graph.h for the routes. */
#include "../graph.h"
#include "explicit_links.h"

static bool shape(struct fabric *fabric, const struct config *config, int nodes,
                  struct errors *errors)
{
    if (!nodes)
        return true;
    struct graph *graph = explicit_links_read(nodes, config, errors);
    return graph && graph_finish(graph, fabric, config_where(config, "cluster.links"), errors);
}

const struct topology_ops topology_explicit = {
    .name = "explicit",
    .summary = "a graph of nodes and switches; messages take the path of least latency",
    .options = "cluster.links",
    .shape = shape,
    .wire = graph_wire,
    .route = graph_route,
    .path = graph_path,
    .release = graph_release,
};
