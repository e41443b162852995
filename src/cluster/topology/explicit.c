/* A graph written out: cluster.links lists its cables. See ../graph.h for the routes. */
#include "../graph.h"
#include "explicit_links.h"

static bool shape(struct fabric *fabric, const struct config *config, int nodes,
                  struct errors *errors)
{
    if (!nodes)
        return true;
    struct cable_graph *graph = explicit_links_read(nodes, config, errors);
    return graph && cable_graph_finish(graph, fabric, config_where(config, "cluster.links"), errors);
}

const struct topology_ops topology_explicit = {
    .name = "explicit",
    .summary = "a graph of nodes and switches; messages take the path of least latency",
    .options = "cluster.links",
    .shape = shape,
    .wire = cable_graph_wire,
    .route = cable_graph_route,
    .path = cable_graph_path,
    .release = cable_graph_release,
};
