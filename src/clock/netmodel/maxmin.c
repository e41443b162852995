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
        if (maxmin->links[i].room_bits)
            free(maxmin->links[i].far);
    for (int i = 0; i < maxmin->flow_count; i++)
        free(maxmin->flows[i].far);
    struct ints *const all[] = {&maxmin->fresh,   &maxmin->dirty, &maxmin->filling,
                                &maxmin->touched, &maxmin->tied,  &maxmin->changed};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]->items);
    free(maxmin->links);
    free(maxmin->flows);
    free(maxmin->heap);
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

static struct crossing *add_crossing(struct flow *flow)
{
    int room = flow->room ? flow->room : NEAR_CROSSINGS;
    if (flow->count == room) {
        flow->room = 2 * room;
        struct crossing *far = memory_resize(flow->far, (size_t)flow->room * sizeof *far);
        if (room == NEAR_CROSSINGS)
            memcpy(far, flow->near, sizeof flow->near);
        flow->far = far;
    }
    return &flow_crossings(flow)[flow->count++];
}

static struct visit *add_visit(struct maxmin_link *link)
{
    int bits = link->room_bits ? link->room_bits : NEAR_BITS;
    if (link->count == 1 << bits) {
        struct visit *old = link->room_bits ? link->far : NULL;
        struct visit *far = memory_resize(old, (2 * sizeof *far) << bits);
        if (!old)
            memcpy(far, link->near, sizeof link->near);
        link->far = far;
        link->room_bits = (unsigned char)(bits + 1);
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
        flow_crossings(flow)[last->crossing].share += (unsigned)share & SHARE_MASK;
        return;
    }
    *add_visit(link) = (struct visit){number, flow->count};
    *add_crossing(flow) =
        (struct crossing){.link = link_number, .slot = link->count - 1, .share = (unsigned)share & SHARE_MASK};
}

static void list_dirty(struct maxmin *maxmin, int number)
{
    if (!maxmin->links[number].dirty)
        ints_add(&maxmin->dirty, number);
    maxmin->links[number].dirty = true;
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

static void touch(struct maxmin *maxmin, int number, struct maxmin_link *link)
{
    if (link->touched)
        return;
    link->touched = true;
    link->first.flow = -1;
    link->filling = 0;
    link->filling_weight = 0;
    ints_add(&maxmin->touched, number);
}

/* Takes a flow into the set: what it has is given back. */
static void pull(struct maxmin *maxmin, int number)
{
    struct flow *flow = &maxmin->flows[number];
    if (flow->filling)
        return;
    flow->filling = true;
    flow->rate_before = flow->rate;
    ints_add(&maxmin->filling, number);
    struct crossing *crossing = flow_crossings(flow);
    for (int i = 0; i < flow->count; i++, crossing++) {
        struct maxmin_link *link = &maxmin->links[crossing->link];
        touch(maxmin, crossing->link, link);
        link->used -= crossing->share * flow->rate;
        link->filling_weight += crossing->share * flow->weight;
        link->filling++;
        crossing->next_flow = link->first.flow;
        crossing->next_crossing = (unsigned)link->first.crossing & CROSSING_MASK;
        link->first = (struct visit){number, i};
    }
}

/* All flows of the link at that level or above it. */
static void pull_from(struct maxmin *maxmin, struct maxmin_link *link, double level)
{
    const struct visit *visits = link_visits(link);
    for (int i = 0; i < link->count && link->filling < link->count; i++)
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
    touch(maxmin, number, link);
    pull_from(maxmin, link, level);
}

/* With a flow come those that share its bottleneck: what it gives back is theirs, too. With a new
 * flow (whose level is below all) come those of every bottleneck on its way. */
static void close_set(struct maxmin *maxmin)
{
    for (; maxmin->closed < maxmin->filling.count; maxmin->closed++) {
        const struct flow *flow = &maxmin->flows[maxmin->filling.items[maxmin->closed]];
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
    maxmin->filling.count = maxmin->touched.count = maxmin->closed = 0;
    for (int i = 0; i < maxmin->fresh.count; i++) {
        struct flow *flow = &maxmin->flows[maxmin->fresh.items[i]];
        flow->listed = false;
        if (flow->alive)
            pull(maxmin, maxmin->fresh.items[i]);
    }
    for (int i = 0; i < maxmin->dirty.count; i++) {
        maxmin->links[maxmin->dirty.items[i]].dirty = false;
        pull_top(maxmin, maxmin->dirty.items[i]);
    }
    maxmin->fresh.count = maxmin->dirty.count = 0;
    close_set(maxmin);
}

/* ---- Whether the links agree with the filling ---- */

/* Rounding a rate down leaves at most one unit times its share; no share is above this. */
enum { MOST_SHARE = 32 };

/* The level of those whose bottleneck the link is, given what the others take now. */
static double level_now(const struct maxmin_link *link)
{
    return maxmin_level(link->left + link->top_rate, link->top_weight);
}

/* Levels nearer than this to that of flows of a weight on the link might be the same one anew: all
 * of the link would be fixed in one round, at the lower. */
static double margin(const struct maxmin_link *link, double weight)
{
    return 2 + (link->weight + link->count * MOST_SHARE) / weight;
}

static void check_bottleneck(struct maxmin *maxmin, int number)
{
    struct maxmin_link *link = &maxmin->links[number];
    if (link->tied || link->peak >= link->level - margin(link, link->top_weight) ||
        level_now(link) != link->level)
        pull_top(maxmin, number);
}

/* A full link has no flow above those that it holds back; one that is full but for rounding is to
 * be filled as a whole. */
static void check_link(struct maxmin *maxmin, int number)
{
    struct maxmin_link *link = &maxmin->links[number];
    bool was_bottleneck = link->level < INFINITY;
    if (was_bottleneck)
        check_bottleneck(maxmin, number);
    if (link->tied)
        pull_from(maxmin, link, link->peak - margin(link, link->tied_weight));
    else if (!was_bottleneck && link->left < link->count * MOST_SHARE)
        pull_from(maxmin, link, 0);
}

static bool check_links(struct maxmin *maxmin)
{
    int before = maxmin->filling.count, touched = maxmin->touched.count;
    for (int i = 0; i < touched; i++)
        if (maxmin->links[maxmin->touched.items[i]].peak >= 0)
            check_link(maxmin, maxmin->touched.items[i]);
    close_set(maxmin);
    return maxmin->filling.count == before;
}

static void keep_link(struct maxmin_link *link)
{
    link->touched = false;
    if (link->filling == 0)
        return;
    link->used = link->capacity - link->left;
    if (!link->tied)
        return;
    link->level = link->peak;
    link->top_weight = link->top_rate = 0;
}

static void keep_flow(struct maxmin *maxmin, int number)
{
    struct flow *flow = &maxmin->flows[number];
    flow->filling = false;
    const struct crossing *crossing = flow_crossings(flow);
    for (int i = 0; i < flow->count; i++, crossing++) {
        struct maxmin_link *link = &maxmin->links[crossing->link];
        if (link->level != flow->level)
            continue;
        link->top_weight += crossing->share * flow->weight;
        link->top_rate += crossing->share * flow->rate;
    }
    if (flow->rate != flow->rate_before)
        ints_add(&maxmin->changed, number);
}

static void keep(struct maxmin *maxmin)
{
    for (int i = 0; i < maxmin->touched.count; i++)
        keep_link(&maxmin->links[maxmin->touched.items[i]]);
    for (int i = 0; i < maxmin->filling.count; i++)
        keep_flow(maxmin, maxmin->filling.items[i]);
}

void maxmin_update(struct maxmin *maxmin)
{
    maxmin->changed.count = 0;
    begin_set(maxmin);
    do
        maxmin_fill(maxmin);
    while (!check_links(maxmin));
    keep(maxmin);
}
