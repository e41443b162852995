/* One operation over all nodes, timing only. */
#include "inside.h"

#include "threadrack/base/memory.h"
#include "threadrack/cluster/placement.h"
#include "threadrack/comm/algorithms.h"
#include "threadrack/rank/post.h"

#include <stdlib.h>

enum { BENCH_SEED = 1 }; /* of placement=random, where it says no other */

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

/* NULL when the algorithm does not fit all nodes, and a message. */
static struct pattern *pattern_of(const struct bench_point *point, struct algorithms *algorithms,
                                  struct errors *errors)
{
    int *nodes = memory_zeroed((size_t)point->nodes, sizeof *nodes);
    struct pattern *pattern = NULL;
    for (int i = 0; i < point->nodes; i++)
        nodes[i] = i;
    if (algorithms_fit(algorithms, nodes, point->nodes, errors))
        pattern = algorithms_pattern(algorithms, nodes, point->nodes, point->path);
    free(nodes);
    return pattern;
}

const struct bench_choices *bench_point_ask(struct bench_point *made, const struct bench *bench,
                                            const char *word, struct errors *errors)
{
    struct bench_choices *choices = &made->asked[made->asked_count++];
    choices->algorithms = algorithms_create(bench->operation, word, "--algorithm", made->cluster,
                                            made->netmodel, errors);
    if (choices->algorithms)
        choices->pattern = pattern_of(made, choices->algorithms, errors);
    return choices->pattern ? choices : NULL;
}

/* With room for `auto` besides, which --table asks for. */
static bool ask_all(struct bench_point *made, const struct bench *bench, struct errors *errors)
{
    bool good = true;
    made->asked = memory_zeroed((size_t)bench->algorithm_count + 1, sizeof *made->asked);
    for (int i = 0; i < bench->algorithm_count; i++) {
        struct errors lacks;
        bool may_lack = bench->algorithms[i].may_lack;
        errors_init(&lacks);
        good = (bench_point_ask(made, bench, bench->algorithms[i].word,
                                may_lack ? &lacks : errors) ||
                may_lack) &&
               good;
        errors_release(&lacks);
    }
    return good;
}

bool bench_point_make(struct bench_point *made, const struct bench *bench,
                      const struct config *point, struct errors *errors)
{
    *made = (struct bench_point){.nodes = (int)config_whole(point, "nodes")};
    made->netmodel =
        netmodel_find(config_text(point, "netmodel"), config_where(point, "netmodel"), errors);
    made->cost = compute_costs[0];
    made->cluster = cluster_create(point, made->nodes, errors);
    bool good = made->netmodel && made->cluster &&
                placement_apply(made->cluster, config_text(point, "placement"), made->nodes, BENCH_SEED,
                                config_where(point, "placement"), errors);
    if (good) {
        made->path = path_of(made);
        good = ask_all(made, bench, errors);
    }
    if (!good)
        bench_point_release(made);
    return good;
}

void bench_point_release(struct bench_point *made)
{
    for (int i = 0; i < made->asked_count; i++)
        algorithms_free(made->asked[i].algorithms);
    free(made->asked);
    made->asked = NULL;
    made->asked_count = 0;
    if (made->cluster)
        cluster_free(made->cluster);
    made->cluster = NULL;
}

struct choice bench_choice(const struct bench_choices *asked, size_t count)
{
    return algorithms_pick(asked->algorithms, asked->pattern, count, BENCH_ELEMENT);
}

uint64_t bench_predicted_ps(const struct bench_point *point, const struct collective *collective,
                            size_t count)
{
    if (point->nodes < 2 || !collective->closed_form_ps)
        return 0;
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

static bool goes_on(void *context, struct clock *clock)
{
    (void)context;
    (void)clock;
    return !experiment_hurried;
}

bool bench_measure(const struct bench *bench, const struct bench_point *point,
                   const struct collective *collective, struct bench_row *row,
                   struct errors *errors)
{
    struct rack *rack = rack_create(point->cluster, point->netmodel, point->cost, point->nodes);
    uint64_t iterations = (uint64_t)bench->iterations;
    rack_pulse_with(rack, (struct clock_pulse){.beat = goes_on});
    post_all(bench, rack, collective, row->count);
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
