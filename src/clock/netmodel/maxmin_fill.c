/* Progressive filling: the level rises until a link is full; its flows are fixed; and so on. The
 * least level is found by a heap whose keys are lower bounds, since a link's level only rises while
 * flows are fixed elsewhere. */
#include "maxmin.h"

#include "threadrack/base/errors.h"
#include "threadrack/base/memory.h"

#include <math.h>

double maxmin_level(double left, double weight)
{
    return left > 0 ? floor(left / weight) : 0;
}

static void sift_down(struct candidate *heap, int count, int hole, struct candidate item)
{
    for (int child = 2 * hole + 1; child < count; child = 2 * hole + 1) {
        child += child + 1 < count && heap[child + 1].level < heap[child].level;
        if (heap[child].level >= item.level)
            break;
        heap[hole] = heap[child];
        hole = child;
    }
    heap[hole] = item;
}

static void offer(struct maxmin *maxmin, double level, int what)
{
    if (maxmin->heap_count == maxmin->heap_room) {
        maxmin->heap_room = 2 * maxmin->heap_room + 16;
        maxmin->heap = memory_resize(maxmin->heap, (size_t)maxmin->heap_room * sizeof *maxmin->heap);
    }
    maxmin->heap[maxmin->heap_count++] = (struct candidate){level, what};
}

static void drop_first(struct maxmin *maxmin)
{
    struct candidate last = maxmin->heap[--maxmin->heap_count];
    if (maxmin->heap_count)
        sift_down(maxmin->heap, maxmin->heap_count, 0, last);
}

static void open_links(struct maxmin *maxmin)
{
    for (int i = 0; i < maxmin->touched.count; i++) {
        struct maxmin_link *link = &maxmin->links[maxmin->touched.items[i]];
        link->left = link->capacity - link->used;
        link->open = link->filling;
        link->open_weight = link->filling_weight;
        link->tied = false;
        link->peak = -1;
        if (link->open)
            offer(maxmin, maxmin_level(link->left, link->open_weight), maxmin->touched.items[i]);
    }
}

static void open_flows(struct maxmin *maxmin)
{
    for (int i = 0; i < maxmin->filling.count; i++) {
        int number = maxmin->filling.items[i];
        struct flow *flow = &maxmin->flows[number];
        flow->fixed = false;
        if (flow->bound < INFINITY)
            offer(maxmin, floor(flow->bound / flow->weight), ~number);
    }
}

/* Fixes a flow; returns 1, or 0 when it was fixed before. */
static int fix(struct maxmin *maxmin, struct flow *flow, double level)
{
    if (flow->fixed)
        return 0;
    double rate = floor(level * flow->weight);
    rate = rate < flow->bound ? rate : flow->bound;
    flow->fixed = true;
    flow->level = level;
    flow->rate = rate > 1 ? rate : 1;
    const struct crossing *crossing = flow_crossings(flow);
    for (int i = 0; i < flow->count; i++, crossing++) {
        struct maxmin_link *link = &maxmin->links[crossing->link];
        link->left -= crossing->share * flow->rate;
        link->open_weight -= crossing->share * flow->weight;
        link->open--;
        link->peak = level;
    }
    return 1;
}

/* The first candidate's level as it is now; INFINITY when it has nothing left to fix. */
static double present_level(const struct maxmin *maxmin, int what)
{
    if (what < 0)
        return maxmin->flows[~what].fixed ? INFINITY : 0;
    const struct maxmin_link *link = &maxmin->links[what];
    return link->open ? maxmin_level(link->left, link->open_weight) : INFINITY;
}

/* Brings the heap's first candidate up to date until it is truly the least. */
static void settle_first(struct maxmin *maxmin)
{
    while (maxmin->heap_count) {
        struct candidate first = maxmin->heap[0];
        double level = present_level(maxmin, first.what);
        if (level <= first.level)
            return;
        if (level == INFINITY)
            drop_first(maxmin);
        else
            sift_down(maxmin->heap, maxmin->heap_count, 0, (struct candidate){level, first.what});
    }
}

static int fix_flows_of(struct maxmin *maxmin, int what, double level)
{
    int fixed = 0;
    if (what < 0)
        return fix(maxmin, &maxmin->flows[~what], level);
    const struct maxmin_link *link = &maxmin->links[what];
    for (struct visit at = link->first; at.flow >= 0;) {
        struct flow *flow = &maxmin->flows[at.flow];
        const struct crossing *crossing = &flow_crossings(flow)[at.crossing];
        at = (struct visit){crossing->next_flow, (int)crossing->next_crossing};
        fixed += fix(maxmin, flow, level);
    }
    return fixed;
}

static void tie(struct maxmin_link *link)
{
    link->tied = true;
    link->tied_weight = link->open_weight;
}

/* One round: everything tied at the least level. Returns how many flows it fixed. */
static int fill_round(struct maxmin *maxmin)
{
    int fixed = 0;
    maxmin->tied.count = 0;
    settle_first(maxmin);
    if (!maxmin->heap_count)
        BUG("flows are left to fill, but no link");
    double level = maxmin->heap[0].level;
    for (; maxmin->heap_count && maxmin->heap[0].level == level; settle_first(maxmin)) {
        int what = maxmin->heap[0].what;
        ints_add(&maxmin->tied, what);
        if (what >= 0)
            tie(&maxmin->links[what]);
        drop_first(maxmin);
    }
    for (int i = 0; i < maxmin->tied.count; i++)
        fixed += fix_flows_of(maxmin, maxmin->tied.items[i], level);
    return fixed;
}

void maxmin_fill(struct maxmin *maxmin)
{
    maxmin->heap_count = 0;
    open_links(maxmin);
    open_flows(maxmin);
    for (int i = maxmin->heap_count / 2 - 1; i >= 0; i--)
        sift_down(maxmin->heap, maxmin->heap_count, i, maxmin->heap[i]);
    for (int left = maxmin->filling.count; left > 0;)
        left -= fill_round(maxmin);
}
