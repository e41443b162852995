#include "threadrack/cluster/placement.h"

#include "threadrack/base/family.h"
#include "threadrack/base/memory.h"
#include "threadrack/base/units.h"

#include <stdlib.h>
#include <string.h>

#define PLACEMENT(name) extern const struct placement_ops placement_##name;
#include "placement.def"
#undef PLACEMENT

const struct placement_ops *const placements[] = {
#define PLACEMENT(name) &placement_##name,
#include "placement.def"
#undef PLACEMENT
    NULL};

static const struct placement_ops *find(const char *words, const char *where, struct errors *errors)
{
    return family_find(placements, FAMILY_WITH_OPTIONS, "placement", "placements", words, where, errors);
}

bool placement_check(const char *words, const char *where, struct errors *errors)
{
    return find(words, where, errors);
}

/* ---- For members. ---- */

void placing_put(struct placing *placing, int node)
{
    placing->node_of[placing->count++] = node;
    placing->taken[node] = true;
}

bool placing_put_named(struct placing *placing, int first, int last, const char *where, struct errors *errors)
{
    for (int node = first; node <= last; node++) {
        if (placing->taken[node])
            return errors_add(errors, "%s: node %d is given twice", where, node);
        if (placing->count == placing->ranks)
            return errors_add(errors, "%s: there are more nodes than the %d rank%s of this run", where,
                              placing->ranks, placing->ranks == 1 ? "" : "s");
        placing_put(placing, node);
    }
    return true;
}

bool placing_is_full(const struct placing *placing, struct errors *errors)
{
    return placing->count == placing->ranks ||
           errors_add(errors, "%s: '%s' gives %d node%s, and the run has %d ranks", placing->where,
                      placing->words, placing->count, placing->count == 1 ? "" : "s", placing->ranks);
}

bool placing_option(const struct placing *placing, const char *name, uint64_t low, uint64_t high,
                    uint64_t *value, struct errors *errors)
{
    struct quantity quantity;
    char why[160];
    size_t length = strlen(name);
    bool named = !strncmp(placing->options, name, length) && placing->options[length] == '=';
    bool good = named && units_parse(placing->options + length + 1, UNIT_COUNT, &quantity, why, sizeof why) &&
                quantity.whole >= low && quantity.whole <= high;
    *value = good ? quantity.whole : 0;
    return good || errors_add(errors, "%s: '%s': expected no option, or %s=N, a whole number from %llu on",
                              placing->where, placing->words, name, (unsigned long long)low);
}

/* ---- The whole. ---- */

/* Ranks that no run has get what is left. */
static void put_others(struct placing *placing)
{
    for (int node = 0; node < placing->cluster->nodes; node++)
        if (!placing->taken[node])
            placing_put(placing, node);
}

static bool is_identity(const int *node_of, int nodes)
{
    for (int rank = 0; rank < nodes; rank++)
        if (node_of[rank] != rank)
            return false;
    return true;
}

/* What is asked for by rank from now on. */
static void move_devices(struct cluster *cluster)
{
    struct device *devices = memory_zeroed((size_t)cluster->nodes, sizeof *devices);
    struct trace *traces = memory_zeroed((size_t)cluster->nodes, sizeof *traces);
    for (int rank = 0; rank < cluster->nodes; rank++) {
        devices[rank] = cluster->devices[cluster->node_of[rank]];
        if (cluster->speed_traces)
            traces[rank] = cluster->speed_traces[cluster->node_of[rank]];
    }
    free(cluster->devices);
    cluster->devices = devices;
    if (!cluster->speed_traces) {
        free(traces);
        return;
    }
    free(cluster->speed_traces);
    cluster->speed_traces = traces;
}

static void settle(struct cluster *cluster, int *node_of)
{
    cluster->node_of = node_of;
    cluster->rank_on = memory_zeroed((size_t)cluster->nodes, sizeof *cluster->rank_on);
    for (int rank = 0; rank < cluster->nodes; rank++)
        cluster->rank_on[node_of[rank]] = rank;
    move_devices(cluster);
}

bool placement_apply(struct cluster *cluster, const char *words, int ranks, uint64_t seed, const char *where,
                     struct errors *errors)
{
    const struct placement_ops *ops = find(words, where, errors);
    const char *colon = strchr(words, ':');
    if (!ops)
        return false;
    size_t nodes = (size_t)cluster->nodes;
    struct placing placing = {.cluster = cluster,
                              .ranks = ranks,
                              .seed = seed,
                              .words = words,
                              .options = colon ? colon + 1 : "",
                              .where = where,
                              .node_of = memory_zeroed(nodes, sizeof *placing.node_of),
                              .taken = memory_zeroed(nodes, sizeof *placing.taken)};
    bool good = ops->place(&placing, errors);
    if (good)
        put_others(&placing);
    if (good && !is_identity(placing.node_of, cluster->nodes))
        settle(cluster, placing.node_of);
    else
        free(placing.node_of);
    free(placing.taken);
    return good;
}
