/* Max-min rates found anew by the plainest loop: the reference for the solver that is kept up to
 * date. Quadratic and without a heap, by the definition: the least level of any link or bound; all
 * that is tied at it is fixed; and again. Levels and rates are rounded down as there. */
#ifndef TESTS_CLOCK_MAXMIN_ANEW_H
#define TESTS_CLOCK_MAXMIN_ANEW_H

#include "src/clock/netmodel/maxmin.h"

#include <math.h>
#include <stdlib.h>

struct anew {
    double *rates, *left, *weight;
    int *open;
    bool *tied;
};

static inline double anew_share(const struct flow *flow, int link)
{
    for (int i = 0; i < flow->count; i++)
        if (flow_crossings(flow)[i].link == link)
            return flow_crossings(flow)[i].share;
    return 0;
}

static inline double anew_level(double left, double weight)
{
    return left > 0 ? floor(left / weight) : 0;
}

/* The least level of what is open; sets `tied` by link. */
static inline double anew_least(const struct maxmin *maxmin, struct anew *anew)
{
    double least = INFINITY;
    for (int l = 0; l < maxmin->link_count; l++) {
        anew->left[l] = maxmin->links[l].capacity;
        anew->weight[l] = anew->open[l] = 0;
        for (int f = 0; f < maxmin->flow_count; f++) {
            double share = maxmin->flows[f].alive ? anew_share(&maxmin->flows[f], l) : 0;
            if (share > 0 && anew->rates[f] > 0)
                anew->left[l] -= share * anew->rates[f];
            if (share > 0 && anew->rates[f] == 0) {
                anew->weight[l] += share * maxmin->flows[f].weight;
                anew->open[l]++;
            }
        }
        if (anew->open[l])
            least = fmin(least, anew_level(anew->left[l], anew->weight[l]));
    }
    for (int f = 0; f < maxmin->flow_count; f++)
        if (maxmin->flows[f].alive && anew->rates[f] == 0 && maxmin->flows[f].bound < INFINITY)
            least = fmin(least, floor(maxmin->flows[f].bound / maxmin->flows[f].weight));
    for (int l = 0; l < maxmin->link_count; l++)
        anew->tied[l] = anew->open[l] && anew_level(anew->left[l], anew->weight[l]) <= least;
    return least;
}

static inline bool anew_is_tied(const struct anew *anew, const struct flow *flow, double least)
{
    for (int i = 0; i < flow->count; i++)
        if (anew->tied[flow_crossings(flow)[i].link])
            return true;
    return flow->bound < INFINITY && floor(flow->bound / flow->weight) <= least;
}

/* Rates by flow, in units/s; those of numbers not in use are 0. Free it. */
static inline double *maxmin_anew(const struct maxmin *maxmin)
{
    size_t links = (size_t)maxmin->link_count, flows = (size_t)maxmin->flow_count;
    struct anew anew = {calloc(flows + 1, sizeof(double)), calloc(links, sizeof(double)),
                        calloc(links, sizeof(double)), calloc(links, sizeof(int)),
                        calloc(links, sizeof(bool))};
    for (bool some = true; some;) {
        double least = anew_least(maxmin, &anew);
        some = false;
        for (size_t f = 0; f < flows; f++) {
            const struct flow *flow = &maxmin->flows[f];
            if (!flow->alive || anew.rates[f] > 0 || !anew_is_tied(&anew, flow, least))
                continue;
            anew.rates[f] = fmax(1, fmin(floor(least * flow->weight), flow->bound));
            some = true;
        }
    }
    free(anew.left);
    free(anew.weight);
    free(anew.open);
    free(anew.tied);
    return anew.rates;
}

#endif
