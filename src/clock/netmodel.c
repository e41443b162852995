#include "threadrack/clock/netmodel.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/family.h"

#include <stdlib.h>
#include <string.h>

#define NETMODEL(name) extern const struct netmodel_ops netmodel_##name;
#include "netmodel.def"
#undef NETMODEL

const struct netmodel_ops *const netmodels[] = {
#define NETMODEL(name) &netmodel_##name,
#include "netmodel.def"
#undef NETMODEL
    NULL};

const struct netmodel_ops *netmodel_find(const char *name, const char *where, struct errors *errors)
{
    return family_find(netmodels, FAMILY_PLAIN, "netmodel", "netmodels", name, where, errors);
}

struct netmodel *netmodel_create(const struct netmodel_ops *ops, const struct cluster *cluster)
{
    struct netmodel *model = ops->create(cluster);
    model->ops = ops;
    return model;
}

uint64_t transfer_ps(uint64_t bytes, uint64_t bandwidth_Bps)
{
    uint64_t near;
    if (!__builtin_mul_overflow(bytes, UINT64_C(1000000000000), &near) &&
        !__builtin_add_overflow(near, bandwidth_Bps / 2, &near))
        return near / bandwidth_Bps; /* several times as fast */
    unsigned __int128 scaled = (unsigned __int128)bytes * 1000000000000u + bandwidth_Bps / 2;
    return (uint64_t)(scaled / bandwidth_Bps);
}

uint64_t hockney_ps(struct path path, uint64_t bytes)
{
    return path.latency_ps + transfer_ps(bytes, path.bandwidth_Bps);
}

struct link_use {
    const struct cluster *cluster;
    int *now, *most; /* messages on each link: at present, and the most at one time */
    int *route;      /* room for one */
};

struct link_use *link_use_create(const struct cluster *cluster)
{
    struct link_use *use = memory_zeroed(1, sizeof *use);
    use->cluster = cluster;
    use->now = memory_zeroed((size_t)cluster->link_count, sizeof *use->now);
    use->most = memory_zeroed((size_t)cluster->link_count, sizeof *use->most);
    use->route = memory_zeroed((size_t)cluster_route_room(cluster), sizeof *use->route);
    return use;
}

void link_use_free(struct link_use *use)
{
    if (!use)
        return;
    free(use->now);
    free(use->most);
    free(use->route);
    free(use);
}

/* Puts `by` messages more on the route's links: on those that messages share, as flow does. */
static void link_use_add(struct link_use *use, int src, int dst, int by)
{
    const struct link *links = use->cluster->links;
    int length = cluster_route(use->cluster, src, dst, use->route);
    for (int i = 0; i < length; i++) {
        int link = links[use->route[i]].half_duplex ? use->route[i] & ~1 : use->route[i];
        if (links[link].fatpipe)
            continue;
        use->now[link] += by;
        if (use->now[link] > use->most[link])
            use->most[link] = use->now[link];
    }
}

void link_use_begin(struct link_use *use, int src, int dst)
{
    link_use_add(use, src, dst, 1);
}

void link_use_end(struct link_use *use, int src, int dst)
{
    link_use_add(use, src, dst, -1);
}

int link_use_worst(const struct link_use *use, int *factor)
{
    int worst = -1;
    *factor = 0;
    for (int link = 0; link < use->cluster->link_count; link++)
        if (use->most[link] > *factor) {
            *factor = use->most[link];
            worst = link;
        }
    return worst;
}
