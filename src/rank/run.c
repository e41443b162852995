/* Real runs: regions, the check against the host's memory, and the team of threads. */
#include "inside.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/units.h"
#include "threadrack/math/math.h"

#include <stdlib.h>
#include <string.h>

static void say_what_fills(const struct rack *rack, int rank, struct errors *errors)
{
    const uint64_t *kinds = rack->ranks[rank].region.by_kind;
    char table[512] = "", size[32], capacity[32];
    for (int kind = 0; kind < MEMORY_KINDS; kind++) {
        size_t at = strlen(table);
        snprintf(table + at, sizeof table - at, "%s%s %s", kind ? ", " : "",
                 memory_kind_name((enum memory_kind)kind),
                 units_format(kinds[kind], UNIT_SIZE, size, sizeof size));
    }
    errors_add_status(
        errors, STATUS_OUT_OF_MEMORY, "node %d needs %s but has %s: %s", rank,
        units_format(rack->ranks[rank].region.used, UNIT_SIZE, size, sizeof size),
        units_format(rack->cluster->devices[rank].memory_bytes, UNIT_SIZE, capacity,
                     sizeof capacity),
        table);
}

bool rack_fits_nodes(const struct rack *rack, struct errors *errors)
{
    for (int rank = 0; rank < rack->size; rank++)
        if (rack->ranks[rank].region.used > rack->cluster->devices[rank].memory_bytes) {
            say_what_fills(rack, rank, errors);
            return false;
        }
    return true;
}

static bool fits_host(const struct rack *rack, struct errors *errors)
{
    uint64_t regions = 0, stacks = (uint64_t)rack->size * math_stack_bytes();
    uint64_t pools = (uint64_t)rack->core_count * math_pool_bytes(), free_bytes;
    for (int rank = 0; rank < rack->size; rank++)
        regions += rack->ranks[rank].region.used;
    free_bytes = host_free_memory_bytes();
    if (regions + pools + stacks <= free_bytes)
        return true;
    char a[32], b[32], c[32], d[32];
    return errors_add_status(
        errors, STATUS_OUT_OF_MEMORY,
        "this host has %s free, but the regions of %d nodes need %s, BLIS pools %s and stacks %s",
        units_format(free_bytes, UNIT_SIZE, a, sizeof a), rack->size,
        units_format(regions, UNIT_SIZE, b, sizeof b), units_format(pools, UNIT_SIZE, c, sizeof c),
        units_format(stacks, UNIT_SIZE, d, sizeof d));
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

bool rack_open(struct rack *rack, const struct host *host, int first_core, int cores,
               struct errors *errors)
{
    rack->host = host;
    rack->seats = memory_zeroed((size_t)rack->size, sizeof *rack->seats);
    host_plan(host, rack->size, first_core, cores, rack->seats);
    rack->core_count = first_core + cores;
    rack->cores = memory_zeroed((size_t)rack->core_count, sizeof *rack->cores);
    for (int core = 0; core < rack->core_count; core++)
        pthread_mutex_init(&rack->cores[core], NULL);
    if (!fits_host(rack, errors))
        return false;
    for (int id = 0; id < rack->size; id++) {
        rack->ranks[id].core = &rack->cores[rack->seats[id].core];
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
    body->call(body->argument, self);
    rank_end(self);
    clock_resolve(rack->clock);
    rack_leave(rack, self);
}

bool rack_run(struct rack *rack, void (*call)(void *argument, struct rank *self), void *argument,
              struct errors *errors)
{
    struct body body = {rack, call, argument};
    atomic_store(&rack->live, rack->size);
    return host_team_run(rack->host, rack->seats, rack->size, math_stack_bytes(), run_rank, &body,
                         errors);
}
