/* Links that are slower than the topology's numbers say. */
#include "slow.h"

#include "threadrack/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of cluster.slow.link*: by link, what its bandwidth is times. */
struct slowing {
    struct cluster *cluster;
    const struct config *config;
    double *factors, speed;
};

bool link_is_named(const struct cluster *cluster, int link, const char *name)
{
    bool half = cluster->links[link].half_duplex;
    if (half && link & 1)
        return false;
    if (!strcmp(cluster_link_name(cluster, link), name) ||
        (half && !strcmp(cluster_link_name(cluster, link + 1), name)))
        return true;
    return !cluster->platform && (!strcmp(cluster_vertex_name(cluster, cluster->links[link].from), name) ||
                                  !strcmp(cluster_vertex_name(cluster, cluster->links[link].to), name));
}

/* ---- Which are slow ---- */

/* NAME, or NAME@FACTOR. */
static bool slow_piece(const struct slowing *slowing, char *piece)
{
    char *at = strrchr(piece, '@');
    double factor = slowing->speed;
    bool found = false;
    if (at && !slow_factor(at + 1, &factor))
        return false;
    if (at)
        *at = 0;
    for (int i = 0; i < slowing->cluster->link_count; i++)
        if (link_is_named(slowing->cluster, i, piece)) {
            slowing->factors[i] = factor;
            found = true;
        }
    if (at)
        *at = '@';
    return found;
}

static bool slow_named(const struct slowing *slowing, struct errors *errors)
{
    static const char key[] = "cluster.slow.links";
    if (!config_is_set(slowing->config, key))
        return true;
    char *copy = memory_text("%s", config_text(slowing->config, key)), *rest = copy, *piece;
    bool good = true;
    while (good && (piece = strsep(&rest, "+")))
        good = slow_piece(slowing, piece) ||
               errors_add(errors,
                          "%s: '%s': expected a link such as node0->switch0 (links.csv has their names), or a "
                          "node or switch for all of its links, whose factor, as in node3@0.1, is from 1e-6 "
                          "to 1e6",
                          config_where(slowing->config, key), piece);
    free(copy);
    return good;
}

struct ticket {
    double draw;
    int cable;
};

static int in_order(const void *a, const void *b)
{
    const struct ticket *left = a, *right = b;
    if (left->draw != right->draw)
        return left->draw < right->draw ? -1 : 1;
    return left->cable < right->cable ? -1 : 1;
}

/* The cables of the smallest draws: a greater fraction has those of a smaller one, and more. */
static void slow_fraction(const struct slowing *slowing, struct draw draw)
{
    int cables = slowing->cluster->link_count / 2;
    /* 0.29 * 100 is a little less than 29 in binary, and means 29. */
    int slow = (int)(config_real(slowing->config, "cluster.slow.link_fraction") * cables + 1e-6);
    if (!slow)
        return;
    struct ticket *tickets = memory_zeroed((size_t)cables, sizeof *tickets);
    for (int i = 0; i < cables; i++)
        tickets[i] = (struct ticket){draw_uniform(draw, (uint64_t)i), i};
    qsort(tickets, (size_t)cables, sizeof *tickets, in_order);
    for (int i = 0; i < slow; i++)
        slowing->factors[2 * tickets[i].cable] = slowing->factors[2 * tickets[i].cable + 1] = slowing->speed;
    free(tickets);
}

static bool slow_spread(const struct slowing *slowing, struct draw draw, struct errors *errors)
{
    struct spread spread;
    draw.rank = 1;
    if (!spread_parse(&spread, slowing->config, "cluster.slow.link_spread", errors))
        return false;
    for (int i = 0; spread.draw && i < slowing->cluster->link_count; i++)
        slowing->factors[i] = spread_draw(&spread, draw, i / 2, slowing->factors[i]);
    return true;
}

/* ---- What comes of it ---- */

static void set_bandwidths(const struct slowing *slowing)
{
    struct cluster *cluster = slowing->cluster;
    for (int i = 0; i < cluster->link_count; i++) {
        struct link *link = &cluster->links[i];
        double factor = slowing->factors[link->half_duplex ? i & ~1 : i];
        if (factor == 1)
            continue;
        double bandwidth_Bps = floor((double)link->bandwidth_Bps * factor + 0.5);
        link->bandwidth_Bps = bandwidth_Bps < 1 ? 1 : bandwidth_Bps > 1e18 ? (uint64_t)1e18 : (uint64_t)bandwidth_Bps;
        cluster->slow_links = true;
    }
}

static bool trace_links(struct cluster *cluster, const struct config *config, struct errors *errors)
{
    static const char key[] = "cluster.slow.link_trace";
    if (!config_is_set(config, key))
        return true;
    cluster->link_traces = memory_zeroed((size_t)cluster->link_count + 1, sizeof *cluster->link_traces);
    return traces_read(cluster->link_traces, cluster, cluster->link_count, config_text(config, key),
                       config_where(config, key), errors);
}

bool slow_links(struct cluster *cluster, const struct config *config, struct errors *errors)
{
    struct slowing slowing = {
        .cluster = cluster,
        .config = config,
        .factors = memory_zeroed((size_t)cluster->link_count + 1, sizeof *slowing.factors),
        .speed = config_real(config, "cluster.slow.link_speed")};
    struct draw draw = {.seed = config_whole(config, "cluster.slow.seed"), .purpose = PURPOSE_LINKS};
    for (int i = 0; i < cluster->link_count; i++)
        slowing.factors[i] = 1;
    slow_fraction(&slowing, draw);
    bool good = slow_named(&slowing, errors) && slow_spread(&slowing, draw, errors);
    if (good)
        set_bandwidths(&slowing);
    free(slowing.factors);
    return good && trace_links(cluster, config, errors);
}
