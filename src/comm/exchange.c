#include "threadrack/comm/exchange.h"

#include "lowrank.h"

#include "threadrack/base/memory.h"
#include "threadrack/comm/coding.h"

#include <stdlib.h>
#include <string.h>

/* A range, and the members' payloads of it, one behind the other, as an all-gather brings them. */
struct parcel {
    struct share range;
    float *values;      /* of the range */
    size_t words;       /* of one payload */
    uint32_t *payloads; /* (size of the group, words); NULL where nothing is coded, or not real */
    struct lowrank *lowrank; /* NULL: of another kind */
    struct request request;
    bool posted;
};

struct exchange {
    struct rank *self;
    struct compressor compressor;
    uint64_t seed;
    struct allreduce all; /* of all-reduces, or, coded, of all-gathers */
    float *gradients;
    float *left;          /* (floats): what has not been sent; NULL without feedback */
    struct parcel *parcels;
    int count;
    uint32_t step;
};

static bool is_coded(const struct exchange *exchange)
{
    return exchange->compressor.ops->words;
}

static void make_payloads(struct exchange *exchange, struct parcel *parcel)
{
    size_t size = (size_t)group_size(exchange->all.group);
    parcel->words = exchange->compressor.ops->words(&exchange->compressor, parcel->range.count);
    parcel->payloads =
        rank_alloc(exchange->self, MEMORY_COMMUNICATION, size * parcel->words * sizeof(uint32_t));
}

static void make_parcel(struct exchange *exchange, const struct exchange_plan *plan,
                        const struct gradients *gradients, int i)
{
    struct parcel *parcel = &exchange->parcels[i];
    parcel->range = gradients->ranges[i];
    parcel->values = exchange->gradients ? exchange->gradients + parcel->range.begin : NULL;
    if (is_coded(exchange) && parcel->range.count)
        make_payloads(exchange, parcel);
    if (exchange->compressor.ops->low_rank)
        parcel->lowrank =
            lowrank_create(exchange->self, &exchange->all, plan, exchange->gradients, exchange->left,
                           parcel->range, gradients->matrices, gradients->matrix_count);
}

struct exchange *exchange_create(struct rank *self, struct group *group,
                                 const struct exchange_plan *plan,
                                 const struct gradients *gradients)
{
    struct exchange *exchange = memory_zeroed(1, sizeof *exchange);
    exchange->self = self;
    exchange->compressor = plan->compressor;
    exchange->seed = plan->seed;
    exchange->gradients = gradients->values;
    exchange->count = gradients->range_count;
    if (group_size(group) == 1) /* nothing is sent, so nothing is compressed */
        exchange->compressor = (struct compressor){.ops = &compressor_none};
    allreduce_init(&exchange->all, self, group, is_coded(exchange) ? plan->allgather : plan->allreduce);
    if (exchange->compressor.feedback)
        exchange->left =
            rank_alloc(self, MEMORY_COMMUNICATION, gradients->floats * sizeof *exchange->left);
    exchange->parcels = memory_zeroed((size_t)exchange->count, sizeof *exchange->parcels);
    for (int i = 0; i < exchange->count; i++)
        make_parcel(exchange, plan, gradients, i);
    return exchange;
}

void exchange_free(struct exchange *exchange)
{
    if (!exchange)
        return;
    for (int i = 0; i < exchange->count; i++)
        lowrank_free(exchange->parcels[i].lowrank);
    free(exchange->parcels);
    free(exchange);
}

/* The key of a member's payload in this step. */
static struct range_key key_of(const struct exchange *exchange, const struct parcel *parcel, int member)
{
    struct draw draw = {.seed = exchange->seed,
                        .purpose = PURPOSE_COMPRESS,
                        .rank = (uint32_t)group_member_rank(exchange->all.group, member),
                        .step = exchange->step};
    return (struct range_key){.draw = draw, .at = parcel->range.begin};
}

static void encode(struct exchange *exchange, struct parcel *parcel)
{
    int member = group_rank(exchange->all.group, exchange->self);
    float *left = exchange->left ? exchange->left + parcel->range.begin : NULL;
    uint32_t *own = parcel->payloads ? parcel->payloads + (size_t)member * parcel->words : NULL;
    coding_encode(exchange->self, &exchange->compressor, key_of(exchange, parcel, member), parcel->range.count,
                  parcel->values, left, own);
}

static void decode(struct exchange *exchange, const struct parcel *parcel)
{
    const struct compressor *compressor = &exchange->compressor;
    size_t count = parcel->range.count;
    int size = group_size(exchange->all.group);
    struct work one = coding_add_work(compressor, count), all = {.kernels = 1};
    all.flops = one.flops * (uint64_t)size;
    all.bytes = one.bytes * (uint64_t)size;
    if (!rank_compute_begin(exchange->self, all))
        return;
    float *sum = parcel->values;
    memset(sum, 0, count * sizeof *sum);
    for (int member = 0; member < size; member++)
        coding_add(compressor, key_of(exchange, parcel, member), count,
                   parcel->payloads + (size_t)member * parcel->words, sum);
    if (compressor->ops->settle)
        compressor->ops->settle(count, sum);
    rank_compute_end(exchange->self);
}

enum element exchange_element(const struct exchange *exchange)
{
    enum element narrow = exchange->compressor.ops->element;
    return narrow == ELEMENT_FP32 ? rank_element(exchange->self, NUMBER_GRADIENT) : narrow;
}

/* Rounding to the element that is sent. */
static void narrow(struct exchange *exchange, const struct parcel *parcel)
{
    enum element element = exchange->compressor.ops->element;
    size_t count = parcel->range.count;
    struct work work = {.flops = 4 * count, .gradients = 2 * count, .kernels = 1};
    if (element == ELEMENT_FP32 || !rank_compute_begin(exchange->self, work))
        return;
    math_round(element, count, parcel->values);
    rank_compute_end(exchange->self);
}

void exchange_post(struct exchange *exchange, int i)
{
    struct parcel *parcel = &exchange->parcels[i];
    if (parcel->range.count == 0)
        return;
    if (parcel->lowrank) {
        lowrank_post(parcel->lowrank);
    } else if (is_coded(exchange)) {
        encode(exchange, parcel);
        parcel->request =
            allreduce_post(&exchange->all, (float *)parcel->payloads,
                           (size_t)group_size(exchange->all.group) * parcel->words);
    } else {
        narrow(exchange, parcel);
        parcel->request = allreduce_post_as(&exchange->all, exchange_element(exchange), parcel->values,
                                            parcel->range.count);
    }
    parcel->posted = true;
}

void exchange_post_at(struct exchange *exchange, int i, float *values)
{
    exchange->parcels[i].values = values;
    exchange_post(exchange, i);
}

void exchange_begin(struct exchange *exchange, uint64_t steps)
{
    exchange->step = (uint32_t)steps;
}

void exchange_wait_for(struct exchange *exchange, int i)
{
    struct parcel *parcel = &exchange->parcels[i];
    if (!parcel->posted)
        return;
    parcel->posted = false;
    if (parcel->lowrank)
        lowrank_wait(parcel->lowrank);
    else
        rank_wait(exchange->self, parcel->request);
    if (is_coded(exchange))
        decode(exchange, parcel);
}

void exchange_wait(struct exchange *exchange)
{
    for (int i = 0; i < exchange->count; i++)
        exchange_wait_for(exchange, i);
    exchange->step++;
}

uint64_t exchange_used(const struct exchange *exchange)
{
    return exchange->all.used;
}
