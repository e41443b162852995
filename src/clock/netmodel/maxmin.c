#include "maxmin.h"

#include "threadrack/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void ints_grow(struct ints *ints)
{
    ints->room = ints->room ? 2 * ints->room : 16;
    ints->items = memory_resize(ints->items, (size_t)ints->room * sizeof *ints->items);
}

void maxmin_init(struct maxmin *maxmin, int links)
{
    *maxmin = (struct maxmin){.link_count = links};
    maxmin->links = memory_lines(NULL, 0, ((size_t)links + 1) * sizeof *maxmin->links);
    for (int i = 0; i < links; i++)
        maxmin->links[i].level = INFINITY;
}

void maxmin_release(struct maxmin *maxmin)
{
    for (int i = 0; i < maxmin->link_count; i++)
        if (maxmin->links[i].doublings)
            free(maxmin->links[i].far);
    for (int i = 0; i < maxmin->flow_count; i++)
        if (maxmin->flows[i].doublings)
            free(maxmin->flows[i].far);
    void *const all[] = {maxmin->fresh.items, maxmin->dirty.items, maxmin->tied.items,
                         maxmin->filling,     maxmin->crossings,   maxmin->touched,
                         maxmin->heap,        maxmin->changes,     maxmin->links,
                         maxmin->flows};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

void maxmin_set_capacity(struct maxmin *maxmin, int link, double units)
{
    maxmin->links[link].capacity = units;
}

/* ---- Flows come and go ---- */

static void list_fresh(struct maxmin *maxmin, int number)
{
    if (!maxmin->flows[number].listed)
        ints_add(&maxmin->fresh, number);
    maxmin->flows[number].listed = true;
}

static void make_room_for(struct maxmin *maxmin, int number)
{
    size_t size = sizeof *maxmin->flows;
    int room = 2 * number + 16;
    maxmin->flows = memory_lines(maxmin->flows, (size_t)maxmin->flow_count * size, (size_t)room * size);
    maxmin->flow_count = room;
}

void maxmin_add(struct maxmin *maxmin, int number, double weight, double bound)
{
    if (number >= maxmin->flow_count)
        make_room_for(maxmin, number);
    struct flow *flow = &maxmin->flows[number];
    flow->weight = weight;
    flow->bound = bound;
    flow->level = -1;
    flow->rate = 0;
    flow->count = 0;
    flow->alive = true;
    list_fresh(maxmin, number);
}

/* Twice the room for `count` items of a list, which are near or far. */
static void *twice(void *near, void *far, int count, size_t size)
{
    void *more = memory_resize(far, 2 * (size_t)count * size);
    if (!far)
        memcpy(more, near, (size_t)count * size);
    return more;
}

static struct crossing *add_crossing(struct flow *flow)
{
    if (flow->count == NEAR_CROSSINGS << flow->doublings) {
        flow->far = twice(flow->near, flow->doublings ? flow->far : NULL, flow->count,
                          sizeof *flow->far);
        flow->doublings++;
    }
    return &flow_crossings(flow)[flow->count++];
}

static struct visit *add_visit(struct maxmin_link *link)
{
    if (link->count == NEAR_VISITS << link->doublings) {
        link->far = twice(link->near, link->doublings ? link->far : NULL, (int)link->count,
                          sizeof *link->far);
        link->doublings++;
    }
    return &link_visits(link)[link->count++];
}

void maxmin_cross(struct maxmin *maxmin, int number, int link_number, int share)
{
    struct flow *flow = &maxmin->flows[number];
    struct maxmin_link *link = &maxmin->links[link_number];
    const struct visit *last = link->count ? &link_visits(link)[link->count - 1] : NULL;
    link->weight += share * flow->weight;
    if (last && last->flow == number) {
        struct crossing *crossing = &flow_crossings(flow)[last->crossing];
        crossing->share = (crossing->share + (unsigned)share) % (1u << SHARE_BITS);
        return;
    }
    *add_visit(link) = (struct visit){number, flow->count};
    struct crossing *crossing = add_crossing(flow);
    crossing->link = link_number;
    crossing->slot = link->count - 1;
    crossing->share = (unsigned)share % (1u << SHARE_BITS);
}

static void list_dirty(struct maxmin *maxmin, int number)
{
    if (!maxmin->links[number].dirty)
        ints_add(&maxmin->dirty, number);
    maxmin->links[number].dirty = 1;
}

static void leave(struct maxmin *maxmin, const struct crossing *crossing, const struct flow *flow)
{
    struct maxmin_link *link = &maxmin->links[crossing->link];
    link->used -= crossing->share * flow->rate;
    link->weight -= crossing->share * flow->weight;
    if (--link->count == 0) {
        link->level = INFINITY;
        return;
    }
    struct visit *visits = link_visits(link), last = visits[link->count];
    visits[crossing->slot] = last;
    flow_crossings(&maxmin->flows[last.flow])[last.crossing].slot = crossing->slot;
    if (link->level < INFINITY)
        list_dirty(maxmin, crossing->link);
}

void maxmin_remove(struct maxmin *maxmin, int number)
{
    struct flow *flow = &maxmin->flows[number];
    const struct crossing *crossings = flow_crossings(flow);
    for (int i = 0; i < flow->count; i++)
        leave(maxmin, &crossings[i], flow);
    flow->alive = false;
}

void maxmin_forget(struct maxmin *maxmin)
{
    for (int i = 0; i < maxmin->link_count; i++)
        maxmin->links[i].level = INFINITY;
    for (int i = 0; i < maxmin->flow_count; i++)
        if (maxmin->flows[i].alive)
            list_fresh(maxmin, i);
}

/* ---- The set that is filled again ---- */

/* Its place among the touched, from 0. */
static int touch(struct maxmin *maxmin, int number)
{
    struct maxmin_link *link = &maxmin->links[number];
    if (link->touched)
        return link->touched - 1;
    vector_reserve(&maxmin->touched, maxmin->touched_count + 1, &maxmin->touched_room);
    struct touched_link *touched = &maxmin->touched[maxmin->touched_count++];
    touched->link = number;
    touched->first = -1;
    touched->filling = 0;
    touched->filling_weight = 0;
    link->touched = maxmin->touched_count;
    return link->touched - 1;
}

static void pull_crossing(struct maxmin *maxmin, int number, const struct crossing *crossing)
{
    const struct flow *flow = &maxmin->flows[number];
    int place = touch(maxmin, crossing->link), share = (int)crossing->share;
    struct touched_link *touched = &maxmin->touched[place];
    maxmin->links[crossing->link].used -= share * flow->rate;
    touched->filling_weight += share * flow->weight;
    touched->filling++;
    maxmin->crossings[maxmin->crossing_count] =
        (struct filling_crossing){number, place, touched->first, share};
    touched->first = maxmin->crossing_count++;
}

/* Takes a flow into the set: what it has is given back. */
static void pull(struct maxmin *maxmin, int number)
{
    struct flow *flow = &maxmin->flows[number];
    if (flow->filling)
        return;
    vector_reserve(&maxmin->filling, maxmin->filling_count + 1, &maxmin->filling_room);
    maxmin->filling[maxmin->filling_count++] =
        (struct filling_flow){number, maxmin->crossing_count, flow->rate};
    flow->filling = maxmin->filling_count;
    vector_reserve(&maxmin->crossings, maxmin->crossing_count + flow->count,
                   &maxmin->crossing_room);
    const struct crossing *crossings = flow_crossings(flow);
    for (int i = 0; i < flow->count; i++)
        pull_crossing(maxmin, number, &crossings[i]);
}

/* All flows of the link, which is touched, at that level or above it. */
static void pull_from(struct maxmin *maxmin, const struct maxmin_link *link, double level)
{
    const struct visit *visits = link_visits(link);
    int count = (int)link->count, place = link->touched - 1;
    for (int i = 0; i < count && maxmin->touched[place].filling < count; i++)
        if (maxmin->flows[visits[i].flow].level >= level)
            pull(maxmin, visits[i].flow);
}

/* The flows whose bottleneck it is, since its level changes. No flow of it is above them. */
static void pull_top(struct maxmin *maxmin, int number)
{
    struct maxmin_link *link = &maxmin->links[number];
    double level = link->level;
    if (level == INFINITY)
        return;
    link->level = INFINITY;
    touch(maxmin, number);
    pull_from(maxmin, link, level);
}

/* With a flow come those that share its bottleneck: what it gives back is theirs, too. With a new
 * flow (whose level is below all) come those of every bottleneck on its way. */
static void close_set(struct maxmin *maxmin)
{
    for (; maxmin->closed < maxmin->filling_count; maxmin->closed++) {
        const struct flow *flow = &maxmin->flows[maxmin->filling[maxmin->closed].flow];
        const struct crossing *crossings = flow_crossings(flow);
        for (int i = 0; i < flow->count; i++) {
            double level = maxmin->links[crossings[i].link].level;
            if (flow->level < 0 || flow->level == level)
                pull_top(maxmin, crossings[i].link);
        }
    }
}

static void begin_set(struct maxmin *maxmin)
{
    maxmin->filling_count = maxmin->crossing_count = maxmin->touched_count = maxmin->closed = 0;
    for (int i = 0; i < maxmin->fresh.count; i++) {
        struct flow *flow = &maxmin->flows[maxmin->fresh.items[i]];
        flow->listed = false;
        if (flow->alive)
            pull(maxmin, maxmin->fresh.items[i]);
    }
    for (int i = 0; i < maxmin->dirty.count; i++) {
        maxmin->links[maxmin->dirty.items[i]].dirty = 0;
        pull_top(maxmin, maxmin->dirty.items[i]);
    }
    maxmin->fresh.count = maxmin->dirty.count = 0;
    close_set(maxmin);
}

/* ---- Whether the links agree with the filling ---- */

/* Rounding a rate down leaves at most one unit times its share; no share is above this. */
enum { MOST_SHARE = 32 };

/* The level of those whose bottleneck the link is, given what the others take now. */
static double level_now(const struct maxmin_link *link, const struct touched_link *touched)
{
    return maxmin_level(touched->left + link->top_rate, link->top_weight);
}

/* Levels nearer than this to that of flows of a weight on the link might be the same one anew: all
 * of the link would be fixed in one round, at the lower. */
static double margin(const struct maxmin_link *link, double weight)
{
    return 2 + (link->weight + link->count * MOST_SHARE) / weight;
}

static void check_bottleneck(struct maxmin *maxmin, const struct touched_link *touched)
{
    const struct maxmin_link *link = &maxmin->links[touched->link];
    if (touched->tied || touched->peak >= link->level - margin(link, link->top_weight) ||
        level_now(link, touched) != link->level)
        pull_top(maxmin, touched->link);
}

/* A full link has no flow above those that it holds back; one that is full but for rounding is to
 * be filled as a whole. */
static void check_link(struct maxmin *maxmin, struct touched_link touched)
{
    const struct maxmin_link *link = &maxmin->links[touched.link];
    bool was_bottleneck = link->level < INFINITY;
    if (was_bottleneck)
        check_bottleneck(maxmin, &touched);
    if (touched.tied)
        pull_from(maxmin, link, touched.peak - margin(link, touched.tied_weight));
    else if (!was_bottleneck && touched.left < link->count * MOST_SHARE)
        pull_from(maxmin, link, 0);
}

static bool check_links(struct maxmin *maxmin)
{
    int before = maxmin->filling_count, touched = maxmin->touched_count;
    for (int i = 0; i < touched; i++)
        if (maxmin->touched[i].peak >= 0)
            check_link(maxmin, maxmin->touched[i]);
    close_set(maxmin);
    return maxmin->filling_count == before;
}

static void keep_link(struct maxmin_link *link, const struct touched_link *touched)
{
    link->touched = 0;
    if (touched->filling == 0)
        return;
    link->used = link->capacity - touched->left;
    if (!touched->tied)
        return;
    link->level = touched->peak;
    link->top_weight = link->top_rate = 0;
}

static void keep_flow(struct maxmin *maxmin, const struct filling_flow *filling)
{
    struct flow *flow = &maxmin->flows[filling->flow];
    flow->filling = 0;
    const struct crossing *crossing = flow_crossings(flow);
    for (int i = 0; i < flow->count; i++, crossing++) {
        struct maxmin_link *link = &maxmin->links[crossing->link];
        if (link->level != flow->level)
            continue;
        link->top_weight += crossing->share * flow->weight;
        link->top_rate += crossing->share * flow->rate;
    }
    if (flow->rate == filling->rate_before)
        return;
    vector_reserve(&maxmin->changes, maxmin->change_count + 1, &maxmin->change_room);
    maxmin->changes[maxmin->change_count++] =
        (struct change){filling->flow, filling->rate_before};
}

static void keep(struct maxmin *maxmin)
{
    for (int i = 0; i < maxmin->touched_count; i++)
        keep_link(&maxmin->links[maxmin->touched[i].link], &maxmin->touched[i]);
    for (int i = 0; i < maxmin->filling_count; i++)
        keep_flow(maxmin, &maxmin->filling[i]);
}

void maxmin_update(struct maxmin *maxmin)
{
    maxmin->change_count = 0;
    begin_set(maxmin);
    do
        maxmin_fill(maxmin);
    while (!check_links(maxmin));
    keep(maxmin);
}
