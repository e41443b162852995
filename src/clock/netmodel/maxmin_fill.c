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
    vector_reserve(&maxmin->heap, maxmin->heap_count + 1, &maxmin->heap_room);
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
    for (int i = 0; i < maxmin->touched_count; i++) {
        struct touched_link *touched = &maxmin->touched[i];
        const struct maxmin_link *link = &maxmin->links[touched->link];
        touched->left = link->capacity - link->used;
        touched->open = touched->filling;
        touched->open_weight = touched->filling_weight;
        touched->tied = false;
        touched->peak = -1;
        if (touched->open)
            offer(maxmin, maxmin_level(touched->left, touched->open_weight), i);
    }
}

static void open_flows(struct maxmin *maxmin)
{
    for (int i = 0; i < maxmin->filling_count; i++) {
        int number = maxmin->filling[i].flow;
        struct flow *flow = &maxmin->flows[number];
        flow->fixed = false;
        if (flow->bound < INFINITY)
            offer(maxmin, floor(flow->bound / flow->weight), ~number);
    }
}

static void take_from_links(struct maxmin *maxmin, const struct flow *flow)
{
    const struct filling_crossing *crossing =
        &maxmin->crossings[maxmin->filling[flow->filling - 1].crossings];
    for (int i = 0; i < flow->count; i++, crossing++) {
        struct touched_link *touched = &maxmin->touched[crossing->touched];
        touched->left -= crossing->share * flow->rate;
        touched->open_weight -= crossing->share * flow->weight;
        touched->open--;
        touched->peak = flow->level;
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
    take_from_links(maxmin, flow);
    return 1;
}

/* The first candidate's level as it is now; INFINITY when it has nothing left to fix. */
static double present_level(const struct maxmin *maxmin, int what)
{
    if (what < 0)
        return maxmin->flows[~what].fixed ? INFINITY : 0;
    const struct touched_link *touched = &maxmin->touched[what];
    return touched->open ? maxmin_level(touched->left, touched->open_weight) : INFINITY;
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
    for (int at = maxmin->touched[what].first; at >= 0; at = maxmin->crossings[at].next)
        fixed += fix(maxmin, &maxmin->flows[maxmin->crossings[at].flow], level);
    return fixed;
}

static void tie(struct touched_link *touched)
{
    touched->tied = true;
    touched->tied_weight = touched->open_weight;
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
            tie(&maxmin->touched[what]);
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
    for (int left = maxmin->filling_count; left > 0;)
        left -= fill_round(maxmin);
}
