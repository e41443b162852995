#include "inside.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

struct rack *rack_create(const struct cluster *cluster, const struct netmodel_ops *netmodel,
                         const struct cost_ops *cost, int ranks)
{
    struct rack *rack = memory_zeroed(1, sizeof *rack);
    rack->cluster = cluster;
    rack->cost = cost;
    rack->precision = (struct precision){.bytes = {sizeof(float), sizeof(float), sizeof(float)}};
    rack->size = ranks;
    rack->clock = clock_create(cluster, netmodel, ranks);
    rack->ranks = memory_lines(NULL, 0, (size_t)ranks * sizeof *rack->ranks);
    pthread_mutex_init(&rack->meeting_lock, NULL);
    pthread_cond_init(&rack->meeting_over, NULL);
    pthread_mutex_init(&rack->failure_lock, NULL);
    pthread_cond_init(&rack->all_gone, NULL);
    for (int id = 0; id < ranks; id++)
        rack->ranks[id] = (struct rank){.rack = rack, .id = id};
    return rack;
}

void rack_use(struct rack *rack, const struct resolver_ops *resolver, bool kernels)
{
    clock_use(rack->clock, resolver, kernels);
}

void rack_use_threads(struct rack *rack, int threads)
{
    clock_use_threads(rack->clock, threads);
}

void rack_set_noise(struct rack *rack, const struct noise *noise)
{
    clock_set_noise(rack->clock, noise);
}

static void free_rank(struct rank *rank)
{
    if (rank->region.base)
        host_region_unmap(rank->region.base, rank->region.size);
    if (rank->has_more)
        free(rank->posted.of_more);
    service_free(rank->service);
    if (!rank->desk)
        return;
    mailbox_release(rank);
    pthread_mutex_destroy(&rank->desk->lock);
    pthread_cond_destroy(&rank->desk->bell);
    pthread_mutex_destroy(&rank->desk->answer_lock);
    pthread_cond_destroy(&rank->desk->answer_bell);
    free(rank->desk);
}

void rack_free(struct rack *rack)
{
    if (!rack)
        return;
    for (int i = 0; i < rack->group_count; i++)
        group_free(rack->groups[i]);
    group_free(rack->lone);
    for (int id = 0; id < rack->size; id++)
        free_rank(&rack->ranks[id]);
    for (int core = 0; core < rack->core_count; core++)
        pthread_mutex_destroy(&rack->cores[core]);
    pthread_mutex_destroy(&rack->meeting_lock);
    pthread_cond_destroy(&rack->meeting_over);
    pthread_mutex_destroy(&rack->failure_lock);
    pthread_cond_destroy(&rack->all_gone);
    free(rack->failure);
    clock_free(rack->clock);
    free(rack->cores);
    free(rack->seats);
    free(rack->groups);
    free(rack->ranks);
    free(rack);
}

void rack_set_precision(struct rack *rack, struct precision precision)
{
    rack->precision = precision;
}

int rack_size(const struct rack *rack)
{
    return rack->size;
}

struct rank *rack_rank(struct rack *rack, int id)
{
    return &rack->ranks[id];
}

const struct cluster *rack_cluster(const struct rack *rack)
{
    return rack->cluster;
}

void rack_observe(struct rack *rack, struct clock_observer *observer)
{
    clock_observe(rack->clock, observer);
}

void rack_keep_goal(struct rack *rack)
{
    clock_keep_goal(rack->clock);
}

void rack_set_graphs(struct rack *rack, const struct goal *goal, enum graph_rules rules)
{
    clock_set_graphs(rack->clock, goal, rules);
}

const struct clock *rack_clock(const struct rack *rack)
{
    return rack->clock;
}

const uint64_t *rack_memory_bytes(const struct rack *rack, int rank)
{
    return rack->ranks[rank].region.by_kind;
}

uint64_t rack_region_bytes(const struct rack *rack, int rank)
{
    return rack->ranks[rank].region.used;
}

const void *rack_region_address(const struct rack *rack, int rank)
{
    return rack->ranks[rank].region.base;
}

uint64_t rack_mailbox_bytes(const struct rack *rack)
{
    return atomic_load(&rack->mailbox_most);
}

void rack_pulse_with(struct rack *rack, struct clock_pulse pulse)
{
    clock_pulse_with(rack->clock, pulse);
}

int rack_marks_by(struct rack *rack, int ranks)
{
    return clock_marks_by(rack->clock, ranks);
}

void rack_resolve(struct rack *rack)
{
    clock_resolve(rack->clock);
}

bool rack_is_stuck(const struct rack *rack)
{
    return clock_is_stuck(rack->clock);
}

static bool collectives_have_ended(const struct rack *rack, struct errors *errors)
{
    for (int i = 0; i < rack->group_count; i++)
        if (meeting_is_left(rack->groups[i], errors))
            return false;
    return true;
}

static void say_who_waits(struct rack *rack, struct errors *errors)
{
    char *report = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&report, &length);
    clock_report(rack->clock, stream);
    fclose(stream);
    errors_add_status(errors, STATUS_FAILED, "%s", report);
    free(report);
}

bool rack_finish(struct rack *rack, struct errors *errors)
{
    clock_settle(rack->clock);
    if (rack->failure)
        return errors_add_status(errors, STATUS_FAILED, "%s", rack->failure);
    bool finished = clock_finish(rack->clock);
    if (clock_stopped(rack->clock))
        return false;
    if (!finished) {
        say_who_waits(rack, errors);
        return false;
    }
    /* What the clock does not wait for: members that nobody receives from, and what is off it. */
    if (!collectives_have_ended(rack, errors))
        return false;
    return !rack_failed(rack) ||
           errors_add_status(errors, STATUS_FAILED,
                             "ranks wait off the clock for others, which have ended");
}
