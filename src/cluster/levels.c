#include "levels.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

enum { MOST_PLACES = 1000000, MOST_LINKS = 400000000 };

int levels_nesting(const struct fabric *fabric, int *sizes)
{
    const struct levels *levels = fabric->state;
    for (int k = 0; k < levels->count; k++)
        sizes[k] = levels->level[k].size;
    return levels->count;
}

void levels_release(void *state)
{
    struct levels *levels = state;
    for (int k = 0; k < levels->count; k++)
        fabric_release(&levels->level[k].fabric);
    free(levels);
}

static int coordinate(const struct level *level, int node)
{
    return node / level->stride % level->size;
}

/* Sizes and strides; false when there are too many places. */
static bool measure(struct levels *levels, int *places)
{
    int64_t stride = 1;
    for (int k = 0; k < levels->count; k++) {
        struct level *level = &levels->level[k];
        bool all = level->attach == ATTACH_ALL;
        level->stride = (int)stride;
        level->size = all ? level->fabric.places / (int)stride : level->fabric.places;
        level->tree = k && level->attach == ATTACH_BOX ? levels->level[k - 1].tree : k;
        stride *= level->size;
        if (stride > MOST_PLACES)
            return false;
    }
    *places = (int)stride;
    return true;
}

/* A copy for each place below its tree and each box above it. */
static int64_t copies_of(const struct levels *levels, const struct level *level, int places)
{
    return level->attach == ATTACH_ALL
               ? 1
               : (int64_t)levels->level[level->tree].stride *
                     (places / ((int64_t)level->stride * level->size));
}

static int copy_of(const struct levels *levels, const struct level *level, int node)
{
    int below = levels->level[level->tree].stride;
    return level->attach == ATTACH_ALL ? 0
                                       : node % below + below * (node / (level->stride * level->size));
}

/* Numbers every copy's links and switches. */
static bool number(struct levels *levels, struct fabric *fabric)
{
    int64_t links = 0, switches = 0;
    for (int k = 0; k < levels->count; k++) {
        struct level *level = &levels->level[k];
        int64_t copies = copies_of(levels, level, fabric->places);
        level->first_link = (int)links;
        level->first_switch = (int)(fabric->places + switches);
        links += copies * level->fabric.links;
        switches += copies * level->fabric.switches;
        if (links > MOST_LINKS || switches > MOST_LINKS)
            return false;
        fabric->route_room += level->fabric.route_room * 3;
    }
    fabric->links = (int)links;
    fabric->switches = (int)switches;
    return true;
}

static bool check_attach(const struct levels *levels, const char *where, struct errors *errors)
{
    int below = 1;
    for (int k = 0; k < levels->count; k++) {
        const struct level *level = &levels->level[k];
        if (level->attach != ATTACH_ALL) {
            below *= level->fabric.places;
            if (below > MOST_PLACES || below <= 0)
                return true; /* measure says so */
            continue;
        }
        if (k == 0 || k + 1 < levels->count)
            return errors_add(errors, "%s: attach=all is for the last of several levels", where);
        if (level->fabric.places % below)
            return errors_add(errors,
                              "%s: attach=all: the boxes below have %d nodes each, which do not "
                              "divide the last level's %d places; %d or %d would",
                              where, below, level->fabric.places,
                              level->fabric.places / below * below,
                              (level->fabric.places / below + 1) * below);
    }
    return true;
}

bool levels_shape(struct fabric *fabric, const struct levels *given, const char *where,
                  struct errors *errors)
{
    struct levels *levels = fabric->state = memory_zeroed(1, sizeof *levels);
    *levels = *given;
    if (!check_attach(levels, where, errors))
        return false;
    if (measure(levels, &fabric->places) && number(levels, fabric))
        return true;
    return errors_add(errors, "%s: the levels make more than %d places or %d links", where, MOST_PLACES,
                      MOST_LINKS);
}

/* The vertex of place i of the copy of level k that holds a node whose coordinates of its tree up to
 * k are 0: linear in i. */
static int place_vertex(const struct levels *levels, int k, int node, int i)
{
    const struct level *level = &levels->level[k];
    if (level->attach == ATTACH_ALL)
        return i;
    node += i * level->stride;
    while (k > level->tree) {
        const struct level *box = &levels->level[--k];
        if (box->fabric.topology->climb)
            return box->first_switch + copy_of(levels, box, node) * box->fabric.switches;
    }
    return node;
}

/* The node of a copy whose coordinates of its tree up to k are 0. */
static int first_node(const struct levels *levels, int k, int copy)
{
    const struct level *level = &levels->level[k];
    int below = levels->level[level->tree].stride;
    return copy % below + copy / below * (level->stride * level->size);
}

void levels_wire(const struct fabric *fabric, struct wiring *wiring)
{
    const struct levels *levels = fabric->state;
    for (int k = 0; k < levels->count; k++) {
        const struct level *level = &levels->level[k];
        int copies = (int)copies_of(levels, level, fabric->places);
        for (int copy = 0; copy < copies; copy++) {
            int node = first_node(levels, k, copy), first = place_vertex(levels, k, node, 0);
            int stride = level->fabric.places > 1 ? place_vertex(levels, k, node, 1) - first : 1;
            struct wiring part =
                wiring_part(wiring, &level->fabric, first, stride,
                            level->first_switch + copy * level->fabric.switches);
            level->fabric.topology->wire(&level->fabric, &part);
        }
    }
}

/* A route being put together: only its links, only its sums, or both. */
struct trip {
    const struct levels *levels;
    int *links; /* NULL: not asked for */
    int count;
    struct path path;
    bool wants_path;
    uint64_t hash;
};

/* Adds links of one copy, numbered within it, in reverse and the other way when `down`. */
static void add_links(struct trip *trip, const struct level *level, int copy, int count, bool down)
{
    int *links = trip->links + trip->count, first = level->first_link + copy * level->fabric.links;
    for (int i = 0; i < count; i++)
        links[i] += first;
    for (int i = 0; down && i < count / 2; i++) {
        int other = links[i];
        links[i] = links[count - 1 - i];
        links[count - 1 - i] = other;
    }
    for (int i = 0; down && i < count; i++)
        links[i] ^= 1;
    trip->count += count;
}

/* From one place of a copy to another. */
static void cross(struct trip *trip, const struct level *level, int copy, int from, int to, bool down)
{
    const struct topology_ops *topology = level->fabric.topology;
    if (from == to)
        return;
    if (trip->wants_path)
        trip->path = path_join(trip->path, topology->path(&level->fabric, from, to, trip->hash));
    if (trip->links) {
        int count =
            topology->route(&level->fabric, from, to, trip->hash, trip->links + trip->count);
        add_links(trip, level, copy, count, down);
    }
    route_pick(&trip->hash, 1);
}

/* Between a node's place in its copy of a level, and where that copy is plugged into the next. */
static void climb(struct trip *trip, int k, int node, bool down)
{
    const struct level *level = &trip->levels->level[k];
    const struct topology_ops *topology = level->fabric.topology;
    int copy = copy_of(trip->levels, level, node), place = coordinate(level, node);
    if (!topology->climb) {
        cross(trip, level, copy, place, 0, down);
        return;
    }
    if (trip->wants_path)
        trip->path = path_join(trip->path, topology->climb_path(&level->fabric));
    if (trip->links)
        add_links(trip, level, copy,
                  topology->climb(&level->fabric, place, trip->links + trip->count), down);
}

/* Through the levels below `top` of a tree: up from a node, or down to it. */
static void climb_all(struct trip *trip, int tree, int top, int node, bool down)
{
    for (int i = tree; i < top; i++)
        climb(trip, down ? top - 1 - (i - tree) : i, node, down);
}

/* In one tree, whose levels are [tree, end), from the node `at` to that with the other place. */
static void travel(struct trip *trip, int tree, int end, int at, int to)
{
    int top = end - 1;
    while (coordinate(&trip->levels->level[top], at) == coordinate(&trip->levels->level[top], to))
        top--;
    const struct level *level = &trip->levels->level[top];
    climb_all(trip, tree, top, at, false);
    cross(trip, level, copy_of(trip->levels, level, at), coordinate(level, at),
          coordinate(level, to), false);
    climb_all(trip, tree, top, to, true);
}

static void go(struct trip *trip, int src, int dst)
{
    const struct levels *levels = trip->levels;
    const struct level *last = &levels->level[levels->count - 1];
    bool all = last->attach == ATTACH_ALL;
    if (all && src / last->stride != dst / last->stride) {
        cross(trip, last, 0, src, dst, false);
        return;
    }
    for (int tree = 0, end, at = src; tree < levels->count - all; tree = end) {
        for (end = tree + 1; end < levels->count && levels->level[end].attach == ATTACH_BOX;)
            end++;
        int64_t below = levels->level[tree].stride;
        int64_t above = (int64_t)levels->level[end - 1].stride * levels->level[end - 1].size;
        int to = (int)(at % below + dst % above / below * below + at / above * above);
        if (at != to)
            travel(trip, tree, end, at, to);
        at = to;
    }
}

int levels_route(const struct fabric *fabric, int src, int dst, uint64_t hash, int *links)
{
    struct trip trip = {.levels = fabric->state, .links = links, .hash = hash};
    go(&trip, src, dst);
    return trip.count;
}

struct path levels_path(const struct fabric *fabric, int src, int dst, uint64_t hash)
{
    struct trip trip = {.levels = fabric->state,
                        .path = {.bandwidth_Bps = UINT64_MAX},
                        .wants_path = true,
                        .hash = hash};
    go(&trip, src, dst);
    return trip.path;
}

/* Halves along the last level, when each of its places is a node (attach node or all): of all its
 * copies. */
uint64_t levels_bisection(const struct fabric *fabric)
{
    const struct levels *levels = fabric->state;
    const struct level *last = &levels->level[levels->count - 1];
    uint64_t (*bisection)(const struct fabric *) = last->fabric.topology->bisection;
    bool halves = last->attach != ATTACH_BOX && last->size % 2 == 0;
    return halves && bisection
               ? bisection(&last->fabric) * (uint64_t)copies_of(levels, last, fabric->places)
               : 0;
}
