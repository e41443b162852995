/* One operation over all nodes, timing only. */
#include "inside.h"

#include "threadrack/base/memory.h"
#include "threadrack/comm/algorithms.h"
#include "threadrack/rank/post.h"

#include <stdlib.h>

/* All ranks as one group. */
static struct group *everybody(struct rack *rack)
{
    int size = rack_size(rack), *members = memory_zeroed((size_t)size, sizeof *members);
    for (int i = 0; i < size; i++)
        members[i] = i;
    struct group *group = rack_group(rack, members, size, false);
    free(members);
    return group;
}

static struct path path_of(const struct bench_point *point)
{
    struct rack *rack = rack_create(point->cluster, point->netmodel, point->cost, point->nodes);
    struct path path = group_path(everybody(rack));
    rack_free(rack);
    return path;
}

static struct pattern *pattern_of(const struct bench_point *point)
{
    int *nodes = memory_zeroed((size_t)point->nodes, sizeof *nodes);
    for (int i = 0; i < point->nodes; i++)
        nodes[i] = i;
    struct pattern *pattern =
        algorithms_pattern(point->algorithms, nodes, point->nodes, point->path);
    free(nodes);
    return pattern;
}

bool bench_point_make(struct bench_point *made, const struct bench *bench,
                      const struct config *point, struct errors *errors)
{
    *made = (struct bench_point){.nodes = (int)config_whole(point, "nodes")};
    made->netmodel =
        netmodel_find(config_text(point, "netmodel"), config_where(point, "netmodel"), errors);
    made->cost = compute_costs[0];
    made->cluster = cluster_create(point, made->nodes, errors);
    if (!made->netmodel || !made->cluster) {
        bench_point_release(made);
        return false;
    }
    made->path = path_of(made);
    made->algorithms =
        algorithms_create(bench->operation, "auto", "bench", made->cluster, made->netmodel, errors);
    made->pattern = pattern_of(made);
    return true;
}

void bench_point_release(struct bench_point *made)
{
    algorithms_free(made->algorithms);
    made->algorithms = NULL;
    if (made->cluster)
        cluster_free(made->cluster);
    made->cluster = NULL;
}

const struct collective *bench_choice(const struct bench_point *point, size_t count)
{
    return algorithms_pick(point->algorithms, point->pattern, count, BENCH_ELEMENT).kind;
}

bool bench_fits(const struct bench_point *point, const struct collective *kind)
{
    return algorithms_named(point->pattern, kind);
}

uint64_t bench_predicted_ps(const struct bench_point *point, const struct collective *kind,
                            size_t count)
{
    if (point->nodes < 2)
        return 0;
    const struct collective *collective = algorithms_named(point->pattern, kind);
    struct call call = {
        .size = point->nodes, .count = count, .context = collective->schedule.context};
    return collective->closed_form_ps(&call, BENCH_ELEMENT, point->path);
}

static void post_all(const struct bench *bench, struct rack *rack, const struct collective *ran,
                     size_t count)
{
    struct group *group = everybody(rack);
    for (int i = 0; i < rack_size(rack); i++) {
        struct rank *rank = rack_rank(rack, i);
        struct request last = {0};
        for (int n = 0; n < bench->iterations; n++)
            last = rank_post_collective(rank, group, &ran->schedule, 0, NULL, count);
        rank_wait(rank, last);
        rank_end(rank);
    }
}

bool bench_measure(const struct bench *bench, const struct bench_point *point,
                   struct bench_row *row, struct errors *errors)
{
    struct rack *rack = rack_create(point->cluster, point->netmodel, point->cost, point->nodes);
    uint64_t iterations = (uint64_t)bench->iterations;
    post_all(bench, rack, algorithms_named(point->pattern, row->ran), row->count);
    bool good = rack_finish(rack, errors);
    const struct clock *clock = rack_clock(rack);
    row->time_ps = (clock_length_ps(clock) + iterations / 2) / iterations;
    row->messages = clock_messages(clock) / iterations;
    for (int i = 0; i < point->nodes; i++)
        row->bytes_sent += clock_record(clock, i).bytes_sent;
    row->bytes_sent /= iterations;
    rack_free(rack);
    return good;
}
