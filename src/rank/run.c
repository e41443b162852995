/* Real runs: regions, the check against the host's memory, and the team of threads. */
#include "inside.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"
#include "threadrack/math/math.h"

#include <string.h>

/* For a person: three digits, in binary units. */
static const char *about(uint64_t bytes, char text[32])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    double value = (double)bytes;
    int unit = 0;
    for (; value >= 1000 && unit < 5; unit++)
        value /= 1024;
    snprintf(text, 32, "%.3g%s", value, units[unit]);
    return text;
}

static void say_what_fills(const struct rack *rack, int rank, struct errors *errors)
{
    const uint64_t *kinds = rack->ranks[rank].region.by_kind;
    struct text table = {0};
    char size[32], capacity[32];
    for (int kind = 0; kind < MEMORY_KINDS; kind++)
        text_add(&table, "%s%s %s", kind ? ", " : "", memory_kind_name((enum memory_kind)kind),
                 about(kinds[kind], size));
    errors_add_status(errors, STATUS_OUT_OF_MEMORY, "node %d needs %s but has %s: %s",
                      cluster_node_of(rack->cluster, rank),
                      about(region_accounted(&rack->ranks[rank].region), size),
                      about(rack->cluster->devices[rank].memory_bytes, capacity), table.bytes);
    text_release(&table);
}

bool rack_fits_nodes(const struct rack *rack, struct errors *errors)
{
    for (int rank = 0; rank < rack->size; rank++)
        if (region_accounted(&rack->ranks[rank].region) > rack->cluster->devices[rank].memory_bytes) {
            say_what_fills(rack, rank, errors);
            return false;
        }
    return true;
}

static bool fits_host(const struct rack *rack, uint64_t besides, struct errors *errors)
{
    uint64_t regions = 0, stacks = (uint64_t)rack->size * math_stack_bytes();
    uint64_t pools = (uint64_t)rack->core_count * math_pool_bytes();
    uint64_t free_bytes = host_free_memory_bytes();
    for (int rank = 0; rank < rack->size; rank++)
        regions += rack->ranks[rank].region.used;
    if (regions + pools + stacks + besides <= free_bytes)
        return true;
    char a[32], b[32], c[32], d[32], e[32];
    return errors_add_status(errors, STATUS_OUT_OF_MEMORY,
                             "this host has %s free, but this run needs more: the regions of %d "
                             "node%s %s, BLIS pools %s, stacks %s, the gathered model %s; math=off "
                             "needs none of it",
                             about(free_bytes, a), rack->size, rack->size == 1 ? "" : "s",
                             about(regions, b), about(pools, c), about(stacks, d),
                             about(besides, e));
}

static bool map_region(struct rank *rank, struct errors *errors)
{
    size_t size = rank->region.used ? rank->region.used : 64;
    rank->region = (struct region){.base = host_region_map(size), .size = size};
    if (!rank->region.base)
        return errors_add_status(errors, STATUS_OUT_OF_MEMORY,
                                 "the region of node %d (%zu bytes) cannot be mapped", rank->id,
                                 size);
    rank->real = true;
    return true;
}

static struct desk *desk_new(pthread_mutex_t *core)
{
    struct desk *desk = memory_zeroed(1, sizeof *desk);
    desk->core = core;
    pthread_mutex_init(&desk->lock, NULL);
    pthread_cond_init(&desk->bell, NULL);
    pthread_mutex_init(&desk->answer_lock, NULL);
    pthread_cond_init(&desk->answer_bell, NULL);
    return desk;
}

static struct gate *gate_new(void)
{
    struct gate *gate = memory_zeroed(1, sizeof *gate);
    pthread_mutex_init(&gate->lock, NULL);
    pthread_cond_init(&gate->done, NULL);
    return gate;
}

bool rack_open(struct rack *rack, const struct host *host, int first_core, int cores,
               uint64_t besides_bytes, struct errors *errors)
{
    rack->host = host;
    clock_share(rack->clock);
    rack->seats = memory_zeroed((size_t)rack->size, sizeof *rack->seats);
    host_plan(host, rack->size, first_core, cores, rack->seats);
    rack->core_count = first_core + cores;
    rack->cores = memory_zeroed((size_t)rack->core_count, sizeof *rack->cores);
    for (int core = 0; core < rack->core_count; core++)
        pthread_mutex_init(&rack->cores[core], NULL);
    if (!fits_host(rack, besides_bytes, errors))
        return false;
    for (int i = 0; i < rack->group_count; i++)
        rack->groups[i]->gate = gate_new();
    for (int id = 0; id < rack->size; id++) {
        rack->ranks[id].desk = desk_new(&rack->cores[rack->seats[id].core]);
        if (!map_region(&rack->ranks[id], errors))
            return false;
    }
    return true;
}

struct body {
    struct rack *rack;
    void (*call)(void *argument, struct rank *self);
    void *argument;
};

static void run_rank(void *argument, int index)
{
    struct body *body = argument;
    struct rack *rack = body->rack;
    struct rank *self = &rack->ranks[index];
    host_region_bind(rack->host, self->region.base, self->region.size, rack->seats[index]);
    memset(self->region.base, 0, self->region.size); /* the first touch, by the pinned thread */
    jmp_buf way_out;
    self->desk->way_out = &way_out;
    bool failed = setjmp(way_out);
    if (!failed)
        body->call(body->argument, self);
    rank_end(self); /* of a failed run, too: so the clock knows that nothing follows */
    clock_resolve(rack->clock);
    if (!failed)
        rack_leave(rack);
}

bool rack_run(struct rack *rack, void (*call)(void *argument, struct rank *self), void *argument,
              struct errors *errors)
{
    struct body body = {rack, call, argument};
    atomic_store(&rack->live, rack->size);
    return host_team_run(rack->host, rack->seats, rack->size, math_stack_bytes(), run_rank, &body,
                         errors);
}
