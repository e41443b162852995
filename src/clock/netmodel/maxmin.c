#include "maxmin.h"

#include "threadrack/base/memory.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

void maxmin_init(struct maxmin *maxmin, const struct cluster *cluster)
{
    size_t links = (size_t)cluster->link_count;
    *maxmin = (struct maxmin){.cluster = cluster};
    maxmin->left_Bps = memory_zeroed(links, sizeof *maxmin->left_Bps);
    maxmin->unfixed = memory_zeroed(links, sizeof *maxmin->unfixed);
    maxmin->tied = memory_zeroed(links, sizeof *maxmin->tied);
    maxmin->touched = memory_zeroed(links, sizeof *maxmin->touched);
}

void maxmin_release(struct maxmin *maxmin)
{
    free(maxmin->left_Bps);
    free(maxmin->unfixed);
    free(maxmin->tied);
    free(maxmin->touched);
    free(maxmin->fixed);
    free(maxmin->rates_Bps);
}

static void load_links(struct maxmin *maxmin, struct transfer *const *flows, int count)
{
    maxmin->touched_count = 0;
    for (int f = 0; f < count; f++)
        for (int i = 0; i < flows[f]->route_length; i++) {
            int link = flows[f]->route[i];
            if (maxmin->unfixed[link]++ == 0) {
                maxmin->touched[maxmin->touched_count++] = link;
                maxmin->left_Bps[link] = (double)maxmin->cluster->links[link].bandwidth_Bps;
            }
        }
}

static double least_share(const struct maxmin *maxmin)
{
    double least = DBL_MAX;
    for (int i = 0; i < maxmin->touched_count; i++) {
        int link = maxmin->touched[i];
        if (maxmin->unfixed[link] == 0)
            continue;
        double share = maxmin->left_Bps[link] / maxmin->unfixed[link];
        least = share < least ? share : least;
    }
    return least;
}

static void tie_links(struct maxmin *maxmin, double least)
{
    for (int i = 0; i < maxmin->touched_count; i++) {
        int link = maxmin->touched[i];
        maxmin->tied[link] =
            maxmin->unfixed[link] && maxmin->left_Bps[link] / maxmin->unfixed[link] <= least;
    }
}

static bool crosses_tied(const struct maxmin *maxmin, const struct transfer *flow)
{
    for (int i = 0; i < flow->route_length; i++)
        if (maxmin->tied[flow->route[i]])
            return true;
    return false;
}

static void fix(struct maxmin *maxmin, const struct transfer *flow, int f, double rate)
{
    maxmin->fixed[f] = true;
    maxmin->rates_Bps[f] = rate;
    for (int i = 0; i < flow->route_length; i++) {
        int link = flow->route[i];
        double left = maxmin->left_Bps[link] - rate;
        maxmin->left_Bps[link] = left > 0 ? left : 0;
        maxmin->unfixed[link]--;
    }
}

static void make_room(struct maxmin *maxmin, int count)
{
    if (count > maxmin->room) {
        maxmin->room = 2 * count;
        maxmin->fixed = memory_resize(maxmin->fixed, (size_t)maxmin->room * sizeof *maxmin->fixed);
        maxmin->rates_Bps =
            memory_resize(maxmin->rates_Bps, (size_t)maxmin->room * sizeof *maxmin->rates_Bps);
    }
    memset(maxmin->fixed, 0, (size_t)count * sizeof *maxmin->fixed);
}

void maxmin_solve(struct maxmin *maxmin, struct transfer *const *flows, int count)
{
    make_room(maxmin, count);
    load_links(maxmin, flows, count);
    for (int left = count; left > 0;) {
        double least = least_share(maxmin);
        tie_links(maxmin, least);
        int before = left;
        for (int f = 0; f < count; f++)
            if (!maxmin->fixed[f] && crosses_tied(maxmin, flows[f])) {
                fix(maxmin, flows[f], f, least);
                left--;
            }
        if (left == before)
            BUG("a round of max-min filling fixed no flow");
    }
}
