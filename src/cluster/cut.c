/* The least cut between two halves of the nodes, as the greatest flow between them (Ford, Fulkerson
 * 1956) by Dinic's algorithm (1970): breadth-first levels, then augmenting paths along them, until
 * the far half is out of reach. A link's reverse is its cable's other link, so that flow is pushed
 * back by it. */
#include "threadrack/cluster/survey.h"

#include "threadrack/base/memory.h"

#include "reach.h"

#include <stdlib.h>

struct flow {
    const struct cluster *cluster;
    struct leaving leaving;
    uint64_t *room; /* what a link can still take */
    int *level;     /* -1: out of reach */
    int *next;      /* of a vertex: the first link that may still lead on */
    int *queue, *trail;
    int half;
};

static bool is_far(const struct flow *flow, int vertex)
{
    return vertex >= flow->half && vertex < flow->cluster->nodes;
}

/* Whether the far half is in reach. */
static bool find_levels(struct flow *flow)
{
    int tail = 0;
    bool reached = false;
    for (int v = 0; v < flow->cluster->vertices; v++) {
        flow->next[v] = flow->leaving.first[v];
        flow->level[v] = v < flow->half ? 0 : -1;
        if (v < flow->half)
            flow->queue[tail++] = v;
    }
    for (int head = 0; head < tail; head++) {
        int v = flow->queue[head];
        reached = reached || is_far(flow, v);
        for (int i = flow->leaving.first[v]; i < flow->leaving.first[v + 1]; i++) {
            int link = flow->leaving.out[i], to = flow->cluster->links[link].to;
            if (flow->room[link] && flow->level[to] < 0) {
                flow->level[to] = flow->level[v] + 1;
                flow->queue[tail++] = to;
            }
        }
    }
    return reached;
}

/* Pushes what the trail of links can take. */
static uint64_t push(struct flow *flow, int length)
{
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < length; i++)
        if (flow->room[flow->trail[i]] < least)
            least = flow->room[flow->trail[i]];
    for (int i = 0; i < length; i++) {
        flow->room[flow->trail[i]] -= least;
        flow->room[flow->trail[i] ^ 1] += least;
    }
    return least;
}

/* The next link of v to a vertex one level on, or -1. */
static int lead(struct flow *flow, int v)
{
    for (int *i = &flow->next[v]; *i < flow->leaving.first[v + 1]; ++*i) {
        int link = flow->leaving.out[*i];
        if (flow->room[link] && flow->level[flow->cluster->links[link].to] == flow->level[v] + 1)
            return link;
    }
    return -1;
}

/* All augmenting paths that begin at one node: forwards while a link leads on, else back one step. */
static uint64_t augment(struct flow *flow, int source)
{
    uint64_t total = 0;
    int v = source, length = 0;
    for (;;) {
        if (is_far(flow, v)) {
            total += push(flow, length);
            v = source;
            length = 0;
            continue;
        }
        int link = lead(flow, v);
        if (link >= 0) {
            flow->trail[length++] = link;
            v = flow->cluster->links[link].to;
        } else if (length == 0) {
            return total;
        } else {
            v = flow->cluster->links[flow->trail[--length]].from;
            flow->next[v]++;
        }
    }
}

uint64_t cluster_cut(const struct cluster *cluster)
{
    size_t n = (size_t)cluster->vertices;
    struct flow flow = {cluster,
                        leaving_create(cluster),
                        memory_zeroed((size_t)cluster->link_count + 1, sizeof(uint64_t)),
                        memory_zeroed(n, sizeof(int)),
                        memory_zeroed(n, sizeof(int)),
                        memory_zeroed(n, sizeof(int)),
                        memory_zeroed(n, sizeof(int)),
                        cluster->nodes / 2};
    uint64_t total = 0;
    for (int i = 0; i < cluster->link_count; i++)
        flow.room[i] = cluster->links[i].bandwidth_Bps;
    while (find_levels(&flow))
        for (int v = 0; v < flow.half; v++)
            total += augment(&flow, v);
    leaving_release(&flow.leaving);
    free(flow.room);
    free(flow.level);
    free(flow.next);
    free(flow.queue);
    free(flow.trail);
    return total;
}
