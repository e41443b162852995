/* Boxes of box.size devices on a fast fabric (a star of cluster.box.link), and for each device of a
 * box, its rail, a network plane that joins the devices of that number in all boxes: a switch, or
 * leaves of rail.leaf_size boxes and rail.spines spines. Devices of one rail talk on its plane; a
 * message to another rail crosses its own box first, to the device of the destination's rail, and
 * then takes that plane, as NCCL's PXN does; so no message leaves its plane.
 *
 *     rail 0: switch     rail 1: switch
 *       |   \              |    \
 *     node0  \           node1   \        box 0: node0, node1 on a switch
 *           node2               node3     box 1: node2, node3 on another
 *
 * Node b * size + r is device r of box b. It is two levels (../levels.h), the second attached to
 * each node. */
#include "../levels.h"
#include "../parts.h"

static bool shape_box(struct fabric *box, const struct config *config)
{
    struct path cable = {config_whole(config, "cluster.box.link.latency"),
                         config_whole(config, "cluster.box.link.bandwidth")};
    return star_shape(box, cable, (int)config_whole(config, "cluster.box.size"));
}

static bool shape_plane(struct fabric *plane, const struct config *config, int boxes,
                        struct errors *errors)
{
    struct path cable = cluster_link_setting(config);
    if (!config_is_set(config, "cluster.rail.leaf_size"))
        return star_shape(plane, cable, boxes);
    int size = (int)config_whole(config, "cluster.rail.leaf_size");
    struct leaf_spine_numbers numbers = {.cable = cable,
                                         .leaves = (boxes - 1) / size + 1,
                                         .leaf_size = size,
                                         .spines = (int)config_whole(config, "cluster.rail.spines"),
                                         .oversubscription =
                                             config_real(config, "cluster.rail.oversubscription")};
    return leaf_spine_shape(plane, &numbers, config_where(config, "cluster.topology"), errors);
}

static bool shape(struct fabric *fabric, const struct config *config, int nodes,
                  struct errors *errors)
{
    struct levels levels = {.count = 2, .level = {[1] = {.attach = ATTACH_NODE}}};
    int size = (int)config_whole(config, "cluster.box.size");
    if (!nodes)
        return true;
    if (shape_box(&levels.level[0].fabric, config) &&
        shape_plane(&levels.level[1].fabric, config, (nodes - 1) / size + 1, errors))
        return levels_shape(fabric, &levels, config_where(config, "cluster.topology"), errors);
    fabric_release(&levels.level[0].fabric);
    fabric_release(&levels.level[1].fabric);
    return false;
}

const struct topology_ops topology_rail_optimized = {
    .name = "rail_optimized",
    .summary = "boxes on a fast fabric, and a network plane for each device number of a box",
    .options = "cluster.box.size cluster.box.link.bandwidth cluster.box.link.latency "
               "cluster.rail.leaf_size cluster.rail.spines cluster.rail.oversubscription",
    .shape = shape,
    .wire = levels_wire,
    .route = levels_route,
    .path = levels_path,
    .bisection = levels_bisection,
    .nesting = levels_nesting,
    .release = levels_release,
};
