#include "maxmin.h"

#include "threadrack/base/memory.h"

#include <math.h>
#include <stdlib.h>

static void add(struct ints *ints, int item)
{
    *vector_push(&ints->items, &ints->count, &ints->room) = item;
}

void maxmin_init(struct maxmin *maxmin, int links)
{
    *maxmin = (struct maxmin){.link_count = links};
    maxmin->links = memory_zeroed((size_t)links + 1, sizeof *maxmin->links);
    for (int i = 0; i < links; i++)
        maxmin->links[i].level = INFINITY;
}

void maxmin_release(struct maxmin *maxmin)
{
    for (int i = 0; i < maxmin->link_count; i++)
        free(maxmin->links[i].flows);
    for (int i = 0; i < maxmin->flow_count; i++)
        free(maxmin->flows[i].crossings);
    struct ints *const all[] = {&maxmin->spare,   &maxmin->fresh, &maxmin->dirty,  &maxmin->filling,
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

static int take_number(struct maxmin *maxmin)
{
    if (maxmin->spare.count)
        return maxmin->spare.items[--maxmin->spare.count];
    vector_push(&maxmin->flows, &maxmin->flow_count, &maxmin->flow_room);
    return maxmin->flow_count - 1;
}

static void list_fresh(struct maxmin *maxmin, int number)
{
    if (!maxmin->flows[number].listed)
        add(&maxmin->fresh, number);
    maxmin->flows[number].listed = true;
}

int maxmin_add(struct maxmin *maxmin, double weight, double bound)
{
    int number = take_number(maxmin);
    struct flow *flow = &maxmin->flows[number];
    flow->weight = weight;
    flow->bound = bound;
    flow->level = -1;
    flow->rate = 0;
    flow->count = 0;
    flow->alive = true;
    list_fresh(maxmin, number);
    return number;
}

void maxmin_cross(struct maxmin *maxmin, int number, int link_number, double share)
{
    struct flow *flow = &maxmin->flows[number];
    struct maxmin_link *link = &maxmin->links[link_number];
    if (link->count && link->flows[link->count - 1].flow == number) {
        flow->crossings[link->flows[link->count - 1].crossing].share += share;
        link->weight += share * flow->weight;
        return;
    }
    *vector_push(&flow->crossings, &flow->count, &flow->room) =
        (struct crossing){link_number, link->count, {-1, 0}, share};
    link->weight += share * flow->weight;
    *vector_push(&link->flows, &link->count, &link->room) = (struct visit){number, flow->count - 1};
}

static void list_dirty(struct maxmin *maxmin, int number)
{
    if (!maxmin->links[number].dirty)
        add(&maxmin->dirty, number);
    maxmin->links[number].dirty = true;
}

static void leave(struct maxmin *maxmin, const struct crossing *crossing, const struct flow *flow)
{
    struct maxmin_link *link = &maxmin->links[crossing->link];
    struct visit last = link->flows[--link->count];
    link->flows[crossing->slot] = last;
    maxmin->flows[last.flow].crossings[last.crossing].slot = crossing->slot;
    link->used -= crossing->share * flow->rate;
    link->weight -= crossing->share * flow->weight;
    if (link->count == 0)
        link->level = INFINITY;
    else if (link->level < INFINITY)
        list_dirty(maxmin, crossing->link);
}

void maxmin_remove(struct maxmin *maxmin, int number)
{
    struct flow *flow = &maxmin->flows[number];
    for (int i = 0; i < flow->count; i++)
        leave(maxmin, &flow->crossings[i], flow);
    flow->alive = false;
    add(&maxmin->spare, number);
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
    add(&maxmin->touched, number);
}

/* Takes a flow into the set: what it has is given back. */
static void pull(struct maxmin *maxmin, int number)
{
    struct flow *flow = &maxmin->flows[number];
    if (flow->filling)
        return;
    flow->filling = true;
    flow->rate_before = flow->rate;
    add(&maxmin->filling, number);
    for (int i = 0; i < flow->count; i++) {
        struct crossing *crossing = &flow->crossings[i];
        struct maxmin_link *link = &maxmin->links[crossing->link];
        touch(maxmin, crossing->link, link);
        link->used -= crossing->share * flow->rate;
        link->filling_weight += crossing->share * flow->weight;
        link->filling++;
        crossing->next = link->first;
        link->first = (struct visit){number, i};
    }
}

/* All flows of the link at that level or above it. */
static void pull_from(struct maxmin *maxmin, struct maxmin_link *link, double level)
{
    for (int i = 0; i < link->count && link->filling < link->count; i++)
        if (maxmin->flows[link->flows[i].flow].level >= level)
            pull(maxmin, link->flows[i].flow);
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
        for (int i = 0; i < flow->count; i++) {
            double level = maxmin->links[flow->crossings[i].link].level;
            if (flow->level < 0 || flow->level == level)
                pull_top(maxmin, flow->crossings[i].link);
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
    for (int i = 0; i < flow->count; i++) {
        struct maxmin_link *link = &maxmin->links[flow->crossings[i].link];
        if (link->level != flow->level)
            continue;
        link->top_weight += flow->crossings[i].share * flow->weight;
        link->top_rate += flow->crossings[i].share * flow->rate;
    }
    if (flow->rate != flow->rate_before)
        add(&maxmin->changed, number);
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
