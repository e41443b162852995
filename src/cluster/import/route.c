/* The way between two points, through all zones. */
#include "platform.h"

static int depth_of(const struct zone *zone)
{
    int depth = 0;
    for (; zone; zone = zone->parent)
        depth++;
    return depth;
}

/* The zone that holds both, and what of that zone holds each: itself, or the point of a zone. */
struct meeting {
    const struct zone *zone;
    const struct point *from, *to;
};

static struct meeting meet(const struct point *from, const struct point *to)
{
    int from_depth = depth_of(from->zone), to_depth = depth_of(to->zone);
    for (; from_depth > to_depth; from_depth--)
        from = from->zone->point;
    for (; to_depth > from_depth; to_depth--)
        to = to->zone->point;
    while (from->zone != to->zone) {
        from = from->zone->point;
        to = to->zone->point;
    }
    return (struct meeting){from->zone, from, to};
}

/* The k-th point on the way from a point up to the zone; NULL past it. */
static const struct point *holder(const struct point *point, const struct zone *zone, int k)
{
    if (point->zone == zone)
        return k == 0 ? point : NULL;
    for (const struct zone *at = point->zone; at != zone; at = at->parent)
        if (k-- == 0)
            return at->point;
    return NULL;
}

static const struct bypass *find(const struct zone *zone, const struct point *from,
                                 const struct point *to)
{
    for (int i = 0; from && to && i < zone->bypass_count; i++)
        if (zone->bypasses[i].from == from && zone->bypasses[i].to == to)
            return &zone->bypasses[i];
    return NULL;
}

/* Innermost zones first, as SimGrid looks (NetZoneImpl::get_bypass_route). */
static const struct bypass *find_bypass(const struct zone *zone, const struct point *from,
                                        const struct point *to)
{
    const struct bypass *found = NULL;
    for (int most = 0; !found && zone->bypass_count &&
                       (holder(from, zone, most) || holder(to, zone, most)); most++) {
        for (int i = 0; !found && i < most; i++) {
            found = find(zone, holder(from, zone, i), holder(to, zone, most));
            if (!found)
                found = find(zone, holder(from, zone, most), holder(to, zone, i));
        }
        if (!found)
            found = find(zone, holder(from, zone, most), holder(to, zone, most));
    }
    return found;
}

static bool to_gateway(const struct point *from, const struct point *gateway, struct trail *trail)
{
    return from == gateway || (gateway && platform_route(from, gateway, trail));
}

static bool take_bypass(const struct bypass *bypass, const struct point *from,
                        const struct point *to, struct trail *trail)
{
    if (from != bypass->from && !to_gateway(from, bypass->way.from_gateway, trail))
        return false;
    for (int i = 0; i < bypass->way.count; i++)
        trail_add(trail, bypass->way.links[i]);
    return to == bypass->to || to_gateway(bypass->way.to_gateway, to, trail);
}

bool platform_route(const struct point *from, const struct point *to, struct trail *trail)
{
    struct meeting meeting = meet(from, to);
    const struct bypass *bypass = find_bypass(meeting.zone, from, to);
    if (bypass)
        return take_bypass(bypass, from, to, trail);
    /* The links between the zones come after those that lead to the gateway, which only they name. */
    int links[256];
    struct trail middle = {links, 0, sizeof links / sizeof *links};
    const struct point *from_gateway = NULL, *gateway = NULL;
    if (!meeting.zone->ops->route(meeting.zone, meeting.from, meeting.to, &middle, &from_gateway,
                                  &gateway) || middle.count > middle.room)
        return false;
    if (meeting.from != from && !to_gateway(from, from_gateway, trail))
        return false;
    for (int i = 0; i < middle.count; i++)
        trail_add(trail, links[i]);
    return meeting.to == to || (gateway && to_gateway(gateway, to, trail));
}
