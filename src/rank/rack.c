#include "inside.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

struct rack *rack_create(const struct cluster *cluster, const struct netmodel_ops *netmodel,
                         const struct cost_ops *cost, int ranks)
{
    struct rack *rack = memory_zeroed(1, sizeof *rack);
    rack->cluster = cluster;
    rack->cost = cost;
    rack->size = ranks;
    rack->clock = clock_create(cluster, netmodel, ranks);
    rack->ranks = memory_zeroed((size_t)ranks, sizeof *rack->ranks);
    pthread_mutex_init(&rack->meeting_lock, NULL);
    pthread_cond_init(&rack->meeting_over, NULL);
    for (int id = 0; id < ranks; id++) {
        struct rank *rank = &rack->ranks[id];
        *rank = (struct rank){.rack = rack, .id = id};
        pthread_mutex_init(&rank->lock, NULL);
        pthread_cond_init(&rank->bell, NULL);
    }
    return rack;
}

static void free_group(struct group *group)
{
    for (int i = 0; i < group->meeting_room; i++)
        free(group->meetings[i].vectors);
    free(group->meetings);
    moves_release(group);
    free(group->members);
    free(group->lane_bases);
    pthread_mutex_destroy(&group->lock);
    pthread_cond_destroy(&group->done);
    free(group);
}

static void free_rank(struct rank *rank)
{
    if (rank->region.base)
        host_region_unmap(rank->region.base, rank->region.size);
    mailbox_release(rank);
    free(rank->posted);
    pthread_mutex_destroy(&rank->lock);
    pthread_cond_destroy(&rank->bell);
}

void rack_free(struct rack *rack)
{
    if (!rack)
        return;
    for (int i = 0; i < rack->group_count; i++)
        free_group(rack->groups[i]);
    for (int id = 0; id < rack->size; id++)
        free_rank(&rack->ranks[id]);
    for (int core = 0; core < rack->core_count; core++)
        pthread_mutex_destroy(&rack->cores[core]);
    pthread_mutex_destroy(&rack->meeting_lock);
    pthread_cond_destroy(&rack->meeting_over);
    clock_free(rack->clock);
    free(rack->cores);
    free(rack->seats);
    free(rack->groups);
    free(rack->ranks);
    free(rack);
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

void rack_resolve(struct rack *rack)
{
    clock_resolve(rack->clock);
}

bool rack_finish(struct rack *rack, struct errors *errors)
{
    if (clock_finish(rack->clock))
        return true;
    char *report = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&report, &length);
    clock_report(rack->clock, stream);
    fclose(stream);
    errors_add_status(errors, STATUS_FAILED, "the rank programs wait for each other for ever:\n%s",
                      report);
    free(report);
    return false;
}

/* ---- Who is blocked. ---- */

static void find_deadlock(struct rack *rack, const struct rank *self, const char *what)
{
    int live = atomic_load(&rack->live); /* before `blocked`, which its last wakers lower first */
    if (live == 0 || atomic_load(&rack->blocked) < live)
        return;
    fprintf(stderr, "threadrack: every rank waits; the last is rank %d, for %s\n",
            self ? self->id : -1, what);
    clock_resolve(rack->clock);
    clock_report(rack->clock, stderr);
    BUG("the rank programs wait for each other for ever");
}

void rack_block(struct rack *rack, struct rank *self, const char *what)
{
    clock_resolve(rack->clock);
    atomic_fetch_add(&rack->blocked, 1);
    find_deadlock(rack, self, what);
}

void rack_leave(struct rack *rack, struct rank *self)
{
    atomic_fetch_sub(&rack->live, 1);
    find_deadlock(rack, self, "nothing: it has ended");
}

void rack_unblock(struct rack *rack, int ranks)
{
    atomic_fetch_sub(&rack->blocked, ranks);
}
