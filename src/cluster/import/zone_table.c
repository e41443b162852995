/* Zones whose routes are written out.
 *
 * Full takes only these. Floyd and Dijkstra chain them so that the links are fewest; of equal chains
 * each keeps the one that its algorithm, as SimGrid writes it, finds first (FloydZone::do_seal: the
 * middle point outermost; DijkstraZone: the nearest, then the one that a route named first). */
#include "platform.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_FULL = 2048, MOST_CHAINED = 512 };

struct written {
    const struct point *from, *to;
    struct way way;
};

struct table {
    struct written *routes;
    int count, room;
    int points;       /* the zone's, when it was sealed */
    int *at;          /* [from * points + to]: a route, or -1 */
    int *predecessor; /* [from * points + to]: the point before `to`, or -1; NULL of Full */
};

static struct table *table_of(struct zone *zone)
{
    if (!zone->own)
        zone->own = memory_zeroed(1, sizeof(struct table));
    return zone->own;
}

static void release(struct zone *zone)
{
    struct table *table = zone->own;
    for (int i = 0; i < table->count; i++)
        free(table->routes[i].way.links);
    free(table->routes);
    free(table->at);
    free(table->predecessor);
    free(table);
}

/* The table of routes is made at the first one: a zone's points stand before its routes. */
static void make_room(struct zone *zone, struct table *table)
{
    size_t cells = (size_t)zone->count * (size_t)zone->count;
    if (table->points == zone->count)
        return;
    free(table->at);
    table->points = zone->count;
    table->at = memory_zeroed(cells, sizeof *table->at);
    for (size_t i = 0; i < cells; i++)
        table->at[i] = -1;
    for (int i = 0; i < table->count; i++)
        table->at[table->routes[i].from->id * zone->count + table->routes[i].to->id] = i;
}

static int most_points(const struct zone *zone)
{
    return zone->ops == &zone_full ? MOST_FULL : MOST_CHAINED;
}

bool zone_table_add(struct zone *zone, const struct point *from, const struct point *to,
                    struct way way)
{
    struct table *table = table_of(zone);
    make_room(zone, table);
    int *at = &table->at[from->id * table->points + to->id];
    if (*at >= 0)
        return false;
    *at = table->count;
    *vector_push(&table->routes, &table->count, &table->room) = (struct written){from, to, way};
    return true;
}

/* What a route of so many links costs; none at all: more than any sum. */
enum { UNREACHED = 1 << 29 };

static int cost_of(const struct table *table, int from, int to)
{
    int route = table->at[from * table->points + to];
    return route < 0 ? UNREACHED : table->routes[route].way.count;
}

static void floyd(struct table *table)
{
    int n = table->points;
    int *cost = memory_zeroed((size_t)n * (size_t)n, sizeof *cost);
    for (int a = 0; a < n; a++)
        for (int b = 0; b < n; b++) {
            cost[a * n + b] = cost_of(table, a, b);
            table->predecessor[a * n + b] = cost[a * n + b] < UNREACHED ? a : -1;
        }
    for (int c = 0; c < n; c++)
        for (int a = 0; a < n; a++)
            for (int b = 0; b < n; b++) {
                int through = cost[a * n + c] + cost[c * n + b];
                if (through >= cost[a * n + b])
                    continue;
                cost[a * n + b] = through;
                table->predecessor[a * n + b] = table->predecessor[c * n + b];
            }
    free(cost);
}

/* The points in the order in which routes name them. */
static int *order_of(const struct table *table)
{
    int next = 0, n = table->points;
    int *order = memory_zeroed((size_t)n, sizeof *order);
    bool *seen = memory_zeroed((size_t)n, sizeof *seen);
    for (int i = 0; i < table->count; i++) {
        int ends[2] = {table->routes[i].from->id, table->routes[i].to->id};
        for (int e = 0; e < 2; e++)
            if (!seen[ends[e]]) {
                seen[ends[e]] = true;
                order[next++] = ends[e];
            }
    }
    for (int i = 0; i < n; i++)
        if (!seen[i])
            order[next++] = i;
    free(seen);
    return order;
}

static void dijkstra_from(struct table *table, const int *order, int source, int *cost, bool *done)
{
    int n = table->points, *predecessor = table->predecessor + source * n;
    for (int i = 0; i < n; i++) {
        cost[i] = i == source ? 0 : UNREACHED;
        predecessor[i] = -1;
        done[i] = false;
    }
    for (;;) {
        int nearest = -1;
        for (int i = 0; i < n; i++)
            if (!done[order[i]] && cost[order[i]] < UNREACHED &&
                (nearest < 0 || cost[order[i]] < cost[nearest]))
                nearest = order[i];
        if (nearest < 0)
            return;
        done[nearest] = true;
        for (int to = 0; to < n; to++) {
            int through = cost[nearest] + cost_of(table, nearest, to);
            if (through >= cost[to])
                continue;
            cost[to] = through;
            predecessor[to] = nearest;
        }
    }
}

static void dijkstra(struct table *table)
{
    size_t n = (size_t)table->points;
    int *order = order_of(table), *cost = memory_zeroed(n, sizeof *cost);
    bool *done = memory_zeroed(n, sizeof *done);
    for (int source = 0; source < table->points; source++)
        dijkstra_from(table, order, source, cost, done);
    free(order);
    free(cost);
    free(done);
}

bool zone_table_seal(struct zone *zone)
{
    struct table *table = table_of(zone);
    if (zone->count > most_points(zone))
        return false;
    make_room(zone, table);
    if (zone->ops == &zone_full || !zone->count)
        return true;
    size_t n = (size_t)table->points;
    free(table->predecessor);
    table->predecessor = memory_zeroed(n * n, sizeof *table->predecessor);
    if (zone->ops == &zone_floyd)
        floyd(table);
    else
        dijkstra(table);
    return true;
}

static void add_way(const struct way *way, struct trail *trail)
{
    for (int i = 0; i < way->count; i++)
        trail_add(trail, way->links[i]);
}

static bool full_route(const struct zone *zone, const struct point *from, const struct point *to,
                       struct trail *trail, const struct point **from_gateway,
                       const struct point **to_gateway)
{
    const struct table *table = zone->own;
    int route = table->at[from->id * table->points + to->id];
    if (route < 0)
        return false;
    add_way(&table->routes[route].way, trail);
    *from_gateway = table->routes[route].way.from_gateway;
    *to_gateway = table->routes[route].way.to_gateway;
    return true;
}

/* The chain is known from its end, so that it is walked by depth. */
static bool chain(const struct zone *zone, int from, int to, struct trail *trail,
                  const struct point **from_gateway, const struct point **to_gateway)
{
    const struct table *table = zone->own;
    int before = table->predecessor[from * table->points + to];
    if (before < 0)
        return false;
    const struct way *last = &table->routes[table->at[before * table->points + to]].way;
    const struct point *gateway = NULL;
    if (before == from)
        *from_gateway = last->from_gateway;
    else if (!chain(zone, from, before, trail, from_gateway, &gateway))
        return false;
    /* Within a zone on the way, from the gateway that was come by to the one that is left by. */
    if (gateway && gateway != last->from_gateway &&
        !platform_route(gateway, last->from_gateway, trail))
        return false;
    add_way(last, trail);
    *to_gateway = last->to_gateway;
    return true;
}

static bool chained_route(const struct zone *zone, const struct point *from, const struct point *to,
                          struct trail *trail, const struct point **from_gateway,
                          const struct point **to_gateway)
{
    return chain(zone, from->id, to->id, trail, from_gateway, to_gateway);
}

const struct zone_ops zone_full = {full_route, release};
const struct zone_ops zone_floyd = {chained_route, release};
const struct zone_ops zone_dijkstra = {chained_route, release};
