/* One collective on real threads, and what its operation promises: for the tests of results. */
#ifndef TESTS_COMM_TRIAL_H
#define TESTS_COMM_TRIAL_H

#include "tests/check.h"

#include "tests/clock/fixture.h"
#include "threadrack/comm/collective.h"
#include "threadrack/rank/post.h"

#include <stdlib.h>

struct trial {
    const struct collective *collective;
    struct group *group;
    size_t count;
    int root;
    float *results; /* (ranks, count) */
};

/* Small whole numbers, so that sums are exact in any order. */
static inline float element(int rank, size_t i)
{
    return (float)((rank * 31 + (int)(i % 97)) % 64);
}

static inline void body(void *argument, struct rank *self)
{
    struct trial *trial = argument;
    float *vector = rank_alloc(self, MEMORY_COMMUNICATION, trial->count * sizeof *vector);
    for (size_t i = 0; i < trial->count; i++)
        vector[i] = element(rank_id(self), i);
    rank_wait(self, rank_post_collective(self, trial->group, &trial->collective->schedule,
                                         trial->root, vector, trial->count));
    memcpy(trial->results + (size_t)rank_id(self) * trial->count, vector,
           trial->count * sizeof *vector);
}

static inline float sum_at(int size, size_t i)
{
    float sum = 0;
    for (int rank = 0; rank < size; rank++)
        sum += element(rank, i);
    return sum;
}

static inline int owner_of(int size, size_t count, size_t i)
{
    for (int rank = 0; rank < size; rank++) {
        struct share block = share_of(count, (size_t)size, (size_t)rank);
        if (i >= block.begin && i < block.begin + block.count)
            return rank;
    }
    return -1;
}

static inline float all_to_all(const struct trial *trial, int size, int rank, size_t i)
{
    size_t block = trial->count / (size_t)size;
    if (i >= block * (size_t)size)
        return element(rank, i);
    return element((int)(i / block), (size_t)rank * block + i % block);
}

/* What member `rank` must hold at i; NaN: anything. */
static inline float promised(const struct trial *trial, int size, int rank, size_t i)
{
    const char *operation = trial->collective->operation;
    int owner = owner_of(size, trial->count, i);
    if (!strcmp(operation, "allreduce"))
        return sum_at(size, i);
    if (!strcmp(operation, "reduce_scatter"))
        return owner == rank ? sum_at(size, i) : NAN;
    if (!strcmp(operation, "allgather"))
        return element(owner, i);
    if (!strcmp(operation, "broadcast"))
        return element(trial->root, i);
    if (!strcmp(operation, "reduce"))
        return rank == trial->root ? sum_at(size, i) : NAN;
    if (!strcmp(operation, "gather"))
        return rank == trial->root ? element(owner, i) : NAN;
    if (!strcmp(operation, "scatter"))
        return owner == rank ? element(trial->root, i) : NAN;
    if (!strcmp(operation, "alltoall"))
        return all_to_all(trial, size, rank, i);
    CHECK(!strcmp(operation, "barrier"));
    return element(rank, i); /* a barrier changes nothing */
}

static inline void check_results(const struct trial *trial, int size)
{
    int wrong = 0;
    for (int rank = 0; rank < size; rank++)
        for (size_t i = 0; i < trial->count; i++) {
            float should = promised(trial, size, rank, i);
            wrong += should == should && trial->results[(size_t)rank * trial->count + i] != should;
        }
    if (wrong)
        fprintf(stderr, "\n%s %s, %d members, count %zu, root %d: %d wrong\n",
                trial->collective->operation, trial->collective->name, size, trial->count,
                trial->root, wrong);
    CHECK_EQUAL(wrong, 0);
}

static inline void try_one(const struct host *host, const struct cluster *cluster, int size,
                           const struct collective *collective, size_t count, int root)
{
    struct errors errors;
    errors_init(&errors);
    struct rack *rack = rack_create(cluster, netmodel_named("ideal"), compute_costs[0], size);
    int members[64];
    for (int i = 0; i < size; i++) {
        members[i] = i;
        rank_alloc(rack_rank(rack, i), MEMORY_COMMUNICATION, count * sizeof(float));
    }
    struct trial trial = {.collective = collective, .count = count, .root = root};
    trial.group = rack_group(rack, members, size, false);
    trial.results = calloc((size_t)size * count + 1, sizeof *trial.results);
    bool good = rack_open(rack, host, 0, host_core_count(host), 0, &errors) &&
                rack_run(rack, body, &trial, &errors) && rack_finish(rack, &errors);
    CHECK(good);
    errors_print(&errors, stderr);
    check_results(&trial, size);
    errors_release(&errors);
    free(trial.results);
    rack_free(rack);
}

#endif
