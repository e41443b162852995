#include "sharding_inside.h"
#include "words.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

enum { GRADIENT_ROOMS = 2 };

/* ---- Set-up. ---- */

static float *numbers(struct rank *self, enum memory_kind kind, size_t count)
{
    enum number number = kind == MEMORY_GRADIENTS ? NUMBER_GRADIENT : NUMBER_VALUE;
    return count ? rank_alloc_numbers(self, kind, number, count) : NULL;
}

/* Of a range, and of experts with it. */
static size_t room_width(const struct sharding *sharding, int range)
{
    size_t width = 0;
    for (int i = range; i >= 0; i = sharding_behind(sharding, i))
        width += sharding->ranges[i].count;
    return width;
}

/* At most so many turns; fewer where there are no more ranges. */
static struct rooms make_rooms(struct rank *self, const struct sharding *sharding, enum memory_kind kind,
                               int most)
{
    struct rooms rooms = {.count = sharding->apart < most ? sharding->apart : most};
    size_t widest = 0, apart = 0;
    for (int i = sharding->apart; i < sharding->rest; i++)
        apart += room_width(sharding, i);
    for (int i = 0; i < sharding->apart; i++)
        widest = room_width(sharding, i) > widest ? room_width(sharding, i) : widest;
    rooms.turns = memory_zeroed((size_t)rooms.count + 1, sizeof *rooms.turns);
    for (int i = 0; i < rooms.count; i++)
        rooms.turns[i] = numbers(self, kind, widest);
    rooms.apart = numbers(self, kind, apart);
    return rooms;
}

int sharding_tenant_count(const struct sharding *sharding)
{
    return sharding->gradient_rooms.count + sharding->rest - sharding->apart;
}

static void place_gradients(struct rank *self, struct sharding *sharding, size_t held)
{
    sharding->gradients = numbers(self, MEMORY_GRADIENTS, held);
    sharding->gradient_rooms = make_rooms(self, sharding, MEMORY_GRADIENTS, GRADIENT_ROOMS);
    sharding->tenants = memory_zeroed((size_t)sharding_tenant_count(sharding) + 1, sizeof *sharding->tenants);
    for (int i = 0; i < sharding_tenant_count(sharding); i++)
        sharding->tenants[i].range = -1;
}

/* Some parts go forward again together, of two ranges that take turns. */
static bool spans_ranges(const struct sharding *sharding, const struct model *model)
{
    for (int i = 0; i < model->part_count; i++)
        for (int k = model_parts_again(model, i) - 1; k > 0; k--) {
            int range = sharding_range_of(sharding, model, i - k);
            if (range < sharding->apart && range != sharding_range_of(sharding, model, i))
                return true;
        }
    return false;
}

static void place_parameters(struct rank *self, struct sharding *sharding, struct model *model,
                             size_t held)
{
    bool spans = spans_ranges(sharding, model);
    sharding->ahead_back = sharding->ahead + (spans && sharding->ahead);
    model->parameters = sharding->parameters = numbers(self, MEMORY_PARAMETERS, held);
    model->holding = (struct holding){sharding->shares, sharding->count};
    sharding->parameter_rooms = make_rooms(self, sharding, MEMORY_PARAMETERS, sharding->ahead + 1 + spans);
}

static void begin_copies(struct rank *self, struct sharding *sharding, struct training *training)
{
    struct group *copies = training->plan->mesh->copies[rank_id(self)];
    allreduce_init(&sharding->copies, self, copies, training->plan->allreduce);
    sharding->copied = group_size(copies) > 1;
    training->is_copy = group_rank(copies, self) > 0;
}

struct sharding *sharding_create(struct rank *self, struct training *training)
{
    const struct plan *plan = training->plan;
    struct sharding *sharding = memory_zeroed(1, sizeof *sharding);
    *sharding = (struct sharding){.stage = plan->zero,
                                  .ahead = plan->prefetch,
                                  .microbatches = plan->microbatches};
    size_t held = sharding_share_out(self, sharding, training), count = (size_t)sharding->count;
    sharding->gathers = memory_zeroed(count + 1, sizeof *sharding->gathers);
    sharding->sums = memory_zeroed(count + 1, sizeof *sharding->sums);
    sharding->collected = memory_zeroed(count + 1, sizeof *sharding->collected);
    sharding->own = memory_zeroed(count + 1, sizeof *sharding->own);
    if (plan->zero >= 2)
        place_gradients(self, sharding, held);
    if (plan->zero == 3)
        place_parameters(self, sharding, training->model, held);
    allreduce_init(&sharding->gather, self, sharding_sharers(self, plan, false), plan->gather);
    if (sharding->rest < sharding->count)
        allreduce_init(&sharding->gather_experts, self, sharding_sharers(self, plan, true), plan->gather);
    if (plan->mesh->copies)
        begin_copies(self, sharding, training);
    return sharding;
}

void sharding_free(struct sharding *sharding)
{
    if (!sharding)
        return;
    free(sharding->ranges);
    free(sharding->pair);
    free(sharding->shares);
    free(sharding->packed);
    free(sharding->own);
    free(sharding->sums);
    free(sharding->collected);
    free(sharding->gathers);
    free(sharding->tenants);
    free(sharding->parameter_rooms.turns);
    free(sharding->gradient_rooms.turns);
    free(sharding);
}

/* ---- The update. ---- */

static float *own_parameters(const struct sharding *sharding, const struct model *model, int i)
{
    return sharding->stage == 3 ? at(sharding->parameters, sharding->packed[i])
                                : at(model->parameters, sharding->shares[i].begin);
}

static void update_share(struct rank *self, struct training *training, int i)
{
    struct sharding *sharding = training->buckets.sharding;
    const struct model *model = training->model;
    struct share range = sharding->ranges[i];
    optimizer_step_share(self, training->optimizer, model, i, own_parameters(sharding, model, i),
                         sharding->own[i]);
    if (sharding->stage < 3)
        sharding->gathers[i] =
            allreduce_post_numbers(sharding_gather_over(sharding, i), NUMBER_VALUE, at(model->parameters, range.begin),
                                   range.count);
}

/* A table that two stages have is a range by itself on both, so that their shares are of the same. */
static void sum_tied_shares(struct training *training)
{
    struct sharding *sharding = training->buckets.sharding;
    struct share table = model_tied_range(training->model);
    for (int i = 0; i < sharding->count && table.count; i++)
        if (sharding->ranges[i].begin == table.begin && sharding->shares[i].count)
            allreduce_numbers(&training->tied, NUMBER_GRADIENT, sharding->own[i], sharding->shares[i].count);
}

void sharding_update(struct rank *self, struct training *training)
{
    struct sharding *sharding = training->buckets.sharding;
    sharding_collect(self, sharding);
    if (sharding->stage == 1)
        sharding_follow(self, training, sharding->count);
    sharding->summed = 0;
    buckets_wait(&training->buckets);
    buckets_wait(&training->expert_buckets);
    for (int i = 0; sharding->copied && i < sharding->count; i++)
        rank_wait(self, sharding->sums[i]);
    for (int i = 0; i < sharding->count; i++)
        sharding->own[i] = sharding_own_gradients(sharding, training->model, i);
    sum_tied_shares(training);
    optimizer_clip_shares(self, training->optimizer, training->model, sharding->own);
    for (int i = 0; i < sharding->count; i++)
        update_share(self, training, i);
    optimizer_end_shares(training->optimizer);
    for (int i = 0; i < sharding->count && sharding->stage < 3; i++)
        rank_wait(self, sharding->gathers[i]);
}
