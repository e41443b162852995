#include "sharding.h"
#include "words.h"

#include "threadrack/base/memory.h"
#include "threadrack/math/math.h"

#include <stdlib.h>
#include <string.h>

enum { GRADIENT_ROOMS = 2 };

static float *at(float *base, size_t n)
{
    return base ? base + n : NULL;
}

/* ---- Set-up. ---- */

static bool is_of_experts(const struct sharding *sharding, int range)
{
    return range >= sharding->rest;
}

/* The range of experts that lies behind this one, of the same layer; -1: none. They are in a room together. */
static int behind(const struct sharding *sharding, int range)
{
    return is_of_experts(sharding, range) ? -1 : sharding->pair[range];
}

static void find_pairs(struct sharding *sharding)
{
    for (int i = 0; i < sharding->count; i++)
        sharding->pair[i] = -1;
    for (int e = sharding->rest; e < sharding->count; e++)
        for (int i = 0; i < sharding->rest; i++)
            if (sharding->ranges[i].begin + sharding->ranges[i].count == sharding->ranges[e].begin) {
                sharding->pair[i] = e;
                sharding->pair[e] = i;
            }
}

/* Of all ranks with the same experts, or of all replicas; but for zero.shard. */
static struct group *sharers(struct rank *self, const struct plan *plan, bool experts)
{
    const struct mesh *mesh = plan->mesh;
    bool all = mesh->shape.expert > 1 && !experts;
    return (all ? mesh->gather_replicas : mesh->gather)[rank_id(self)];
}

static size_t share_out(struct rank *self, struct sharding *sharding, const struct plan *plan)
{
    size_t held = 0;
    for (int i = 0; i < sharding->count; i++) {
        struct group *among = sharers(self, plan, is_of_experts(sharding, i));
        struct share range = sharding->ranges[i];
        struct share block = share_of(range.count, (size_t)group_size(among), (size_t)group_rank(among, self));
        sharding->shares[i] = (struct share){range.begin + block.begin, block.count};
        sharding->packed[i] = held;
        held += block.count;
    }
    return held;
}

static float *numbers(struct rank *self, enum memory_kind kind, size_t count)
{
    enum number number = kind == MEMORY_GRADIENTS ? NUMBER_GRADIENT : NUMBER_VALUE;
    return count ? rank_alloc_numbers(self, kind, number, count) : NULL;
}

/* Of a range, and of experts with it. */
static size_t room_width(const struct sharding *sharding, int range)
{
    size_t width = 0;
    for (int i = range; i >= 0; i = behind(sharding, i))
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

static int tenant_count(const struct sharding *sharding)
{
    return sharding->gradient_rooms.count + sharding->rest - sharding->apart;
}

static void place_gradients(struct rank *self, struct sharding *sharding, size_t held)
{
    sharding->gradients = numbers(self, MEMORY_GRADIENTS, held);
    sharding->gradient_rooms = make_rooms(self, sharding, MEMORY_GRADIENTS, GRADIENT_ROOMS);
    sharding->tenants = memory_zeroed((size_t)tenant_count(sharding) + 1, sizeof *sharding->tenants);
    for (int i = 0; i < tenant_count(sharding); i++)
        sharding->tenants[i].range = -1;
}

/* -1: the part has no parameters. */
static int range_of(const struct sharding *sharding, const struct model *model, int part)
{
    struct share range = model_part_range(model, part);
    for (int i = 0; i < sharding->rest && range.count; i++)
        if (range.begin >= sharding->ranges[i].begin)
            return i;
    return -1;
}

/* Some parts go forward again together, of two ranges that take turns. */
static bool spans_ranges(const struct sharding *sharding, const struct model *model)
{
    for (int i = 0; i < model->part_count; i++)
        for (int k = model_parts_again(model, i) - 1; k > 0; k--) {
            int range = range_of(sharding, model, i - k);
            if (range < sharding->apart && range != range_of(sharding, model, i))
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

static bool begins_within(const struct sharding *sharding, const struct model *model, int part, int range)
{
    size_t place = sharding->ranges[range].begin, begin = model_part_range(model, part).begin;
    return place >= begin &&
           place - begin < model_part_range(model, part).count + model_expert_range(model, part).count;
}

static int first_apart(const struct sharding *sharding, const struct model *model)
{
    int first = sharding->rest;
    while (first > 0 && begins_within(sharding, model, 0, first - 1))
        first--;
    return model_borrows(model) || sharding->rest - first > 1 ? first : sharding->rest;
}

static void take_ranges(struct sharding *sharding, const struct buckets *buckets)
{
    for (int i = 0; i < buckets->count; i++)
        sharding->ranges[sharding->count++] = buckets->ranges[i];
}

struct sharding *sharding_create(struct rank *self, struct training *training)
{
    const struct plan *plan = training->plan;
    const struct buckets *buckets = &training->buckets, *experts = &training->expert_buckets;
    struct sharding *sharding = memory_zeroed(1, sizeof *sharding);
    int count = buckets->count + experts->count;
    *sharding = (struct sharding){.stage = plan->zero,
                                  .ahead = plan->prefetch,
                                  .ranges = memory_zeroed((size_t)count + 1, sizeof *sharding->ranges),
                                  .rest = buckets->count,
                                  .microbatches = plan->microbatches};
    take_ranges(sharding, buckets);
    take_ranges(sharding, experts);
    sharding->pair = memory_zeroed((size_t)count + 1, sizeof *sharding->pair);
    find_pairs(sharding);
    sharding->apart = first_apart(sharding, training->model);
    sharding->shares = memory_zeroed((size_t)count + 1, sizeof *sharding->shares);
    sharding->packed = memory_zeroed((size_t)count + 1, sizeof *sharding->packed);
    sharding->gathers = memory_zeroed((size_t)count + 1, sizeof *sharding->gathers);
    sharding->sums = memory_zeroed((size_t)count + 1, sizeof *sharding->sums);
    sharding->collected = memory_zeroed((size_t)count + 1, sizeof *sharding->collected);
    sharding->own = memory_zeroed((size_t)count + 1, sizeof *sharding->own);
    size_t held = share_out(self, sharding, plan);
    if (plan->zero >= 2)
        place_gradients(self, sharding, held);
    if (plan->zero == 3)
        place_parameters(self, sharding, training->model, held);
    allreduce_init(&sharding->gather, self, sharers(self, plan, false), plan->gather);
    if (experts->count)
        allreduce_init(&sharding->gather_experts, self, sharers(self, plan, true), plan->gather);
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

/* ---- Rooms. ---- */

/* Ranges apart have tenants of their own, the last ones. */
static int turn_of(const struct sharding *sharding, const struct rooms *rooms, int range)
{
    return range >= sharding->apart ? rooms->count + range - sharding->apart : range % rooms->count;
}

static float *room_of(const struct sharding *sharding, const struct rooms *rooms, int range)
{
    size_t begin = sharding->ranges[range].begin;
    if (is_of_experts(sharding, range)) {
        int before = sharding->pair[range];
        return at(room_of(sharding, rooms, before), begin - sharding->ranges[before].begin);
    }
    if (range < sharding->apart)
        return rooms->turns[turn_of(sharding, rooms, range)];
    return at(rooms->apart, begin - sharding->ranges[sharding->rest - 1].begin);
}

/* Of the share in a whole range. */
static float *share_in(const struct sharding *sharding, float *room, int range)
{
    return at(room, sharding->shares[range].begin - sharding->ranges[range].begin);
}

static struct work copy_work(size_t count)
{
    return (struct work){.values = 2 * count, .kernels = count > 0};
}

static struct work collect_work(size_t count, bool adds)
{
    return (struct work){
        .flops = adds ? count : 0, .gradients = (adds ? 3 : 2) * count, .kernels = count > 0};
}

/* ---- Parameters. ---- */

/* Of the pass, the ranges apart are those from here on. */
static int apart_of_pass(const struct sharding *sharding)
{
    int end = sharding->high + 1;
    return sharding->apart < end ? sharding->apart : end;
}

/* What is apart comes first both ways. */
static int range_at(const struct sharding *sharding, enum way way, int position)
{
    int first = apart_of_pass(sharding), apart = sharding->high + 1 - first;
    if (way == WAY_FORWARD)
        return sharding->high - position;
    return position < apart ? first + position : sharding->low + position - apart;
}

static int position_of(const struct sharding *sharding, enum way way, int range)
{
    int first = apart_of_pass(sharding), apart = sharding->high + 1 - first;
    if (way == WAY_FORWARD)
        return sharding->high - range;
    return range < first ? apart + range - sharding->low : range - first;
}

static struct allreduce *gather_over(struct sharding *sharding, int range)
{
    return is_of_experts(sharding, range) ? &sharding->gather_experts : &sharding->gather;
}

static void post_gather(struct rank *self, struct sharding *sharding, int range)
{
    float *room = room_of(sharding, &sharding->parameter_rooms, range);
    size_t count = sharding->shares[range].count;
    if (rank_compute_begin(self, copy_work(count))) {
        memcpy(share_in(sharding, room, range), sharding->parameters + sharding->packed[range],
               count * sizeof(float));
        rank_compute_end(self);
    }
    sharding->gathers[range] = allreduce_post_numbers(gather_over(sharding, range), NUMBER_VALUE, room,
                                                      sharding->ranges[range].count);
}

/* The range's parameters are there on return, and so many ahead on their way. */
static void gather(struct rank *self, struct sharding *sharding, enum way way, int range, int ahead)
{
    int position = position_of(sharding, way, range);
    int count = sharding->high + 1 - sharding->low;
    for (; sharding->posted < count && sharding->posted <= position + ahead; sharding->posted++)
        for (int i = range_at(sharding, way, sharding->posted); i >= 0; i = behind(sharding, i))
            post_gather(self, sharding, i);
    for (int i = range; i >= 0; i = behind(sharding, i)) {
        rank_wait(self, sharding->gathers[i]);
        sharding->gathers[i] = (struct request){0};
    }
}

/* ---- Gradients. ---- */

static float *own_gradients(const struct sharding *sharding, const struct model *model, int i)
{
    return sharding->stage >= 2 ? at(sharding->gradients, sharding->packed[i])
                                : at(model->gradients, sharding->shares[i].begin);
}

static void sum_copies(struct sharding *sharding, const struct model *model, int i)
{
    if (sharding->copied && sharding->shares[i].count)
        sharding->sums[i] = allreduce_post_as(&sharding->copies, exchange_element(sharding->exchange),
                                              own_gradients(sharding, model, i), sharding->shares[i].count);
}

void sharding_follow(struct rank *self, struct training *training, int i)
{
    struct sharding *sharding = training->buckets.sharding;
    (void)self;
    for (; sharding->copied && sharding->summed < i; sharding->summed++) {
        exchange_wait_for(sharding->exchange, sharding->summed);
        sum_copies(sharding, training->model, sharding->summed);
    }
}

/* The range's shares of all microbatches are there. */
static bool is_last(struct sharding *sharding, int range)
{
    if (++sharding->collected[range] < sharding->microbatches)
        return false;
    sharding->collected[range] = 0;
    return true;
}

static void keep(struct rank *self, struct sharding *sharding, int range, bool first)
{
    size_t count = sharding->shares[range].count;
    if (!rank_compute_begin(self, collect_work(count, !first)))
        return;
    const float *from =
        share_in(sharding, room_of(sharding, &sharding->gradient_rooms, range), range);
    float *to = sharding->gradients + sharding->packed[range];
    if (first)
        memcpy(to, from, count * sizeof *to);
    else
        math_add(count, to, from);
    rank_compute_end(self);
}

static struct exchange *exchange_of(const struct sharding *sharding, int range)
{
    return is_of_experts(sharding, range) ? sharding->exchange_experts : sharding->exchange;
}

static int number_in_exchange(const struct sharding *sharding, int range)
{
    return is_of_experts(sharding, range) ? range - sharding->rest : range;
}

/* A range's sums have come: this rank's share is kept, or added to that of earlier microbatches. */
static void collect(struct rank *self, struct sharding *sharding, struct tenant *tenant)
{
    int range = tenant->range;
    if (range < 0)
        return;
    tenant->range = -1;
    for (int i = range; i >= 0; i = behind(sharding, i)) {
        exchange_wait_for(exchange_of(sharding, i), number_in_exchange(sharding, i));
        keep(self, sharding, i, tenant->first);
        if (is_last(sharding, i))
            sum_copies(sharding, NULL, i);
    }
}

static struct tenant *tenant_of(const struct sharding *sharding, int range)
{
    return &sharding->tenants[turn_of(sharding, &sharding->gradient_rooms, range)];
}

static void take_room(struct rank *self, struct sharding *sharding, int range, bool first)
{
    struct tenant *tenant = tenant_of(sharding, range);
    if (tenant->range == range && !tenant->posted)
        return;
    collect(self, sharding, tenant);
    *tenant = (struct tenant){.range = range, .first = first};
}

/* ---- Hooks. ---- */

static size_t place_within(const struct sharding *sharding, const struct model *model, int i, int range)
{
    return model_part_range(model, i).begin - sharding->ranges[range].begin;
}

static void place_parameters_of(struct sharding *sharding, struct model *model, int i, int range)
{
    model_place_parameters(model, i,
                           at(room_of(sharding, &sharding->parameter_rooms, range),
                              place_within(sharding, model, i, range)));
}

static void prepare(struct rank *self, struct sharding *sharding, int range, enum way way, bool first)
{
    if (sharding->stage == 3)
        gather(self, sharding, way, range, way == WAY_FORWARD ? sharding->ahead : sharding->ahead_back);
    if (way == WAY_BACKWARD)
        take_room(self, sharding, range, first);
}

/* Part i, which begins in that range. */
static void enter(struct rank *self, struct sharding *sharding, struct model *model, int i, int range,
                  enum way way, bool first)
{
    prepare(self, sharding, range, way, first);
    if (sharding->stage == 3)
        place_parameters_of(sharding, model, i, range);
    if (way == WAY_BACKWARD)
        model_place_gradients(model, i,
                              at(room_of(sharding, &sharding->gradient_rooms, range),
                                 place_within(sharding, model, i, range)));
}

static void enter_apart(struct rank *self, struct sharding *sharding, struct model *model, enum way way,
                        bool first)
{
    int apart = apart_of_pass(sharding);
    for (int range = apart; range <= sharding->high; range++)
        prepare(self, sharding, range, way, first);
    if (apart <= sharding->high)
        enter(self, sharding, model, 0, sharding->rest - 1, way, first);
}

/* What goes forward again with part i, which is there already, and from whose range on room ahead counts. */
static void enter_again(struct rank *self, struct sharding *sharding, struct model *model, int i)
{
    for (int k = model_parts_again(model, i) - 1; k > 0; k--) {
        int range = range_of(sharding, model, i - k);
        if (range < 0)
            continue;
        gather(self, sharding, WAY_BACKWARD, range, 0);
        place_parameters_of(sharding, model, i - k, range);
    }
}

/* Through a chunk's parts, and so its ranges. */
static void begin_pass(struct sharding *sharding, const struct model *model, struct share parts)
{
    int last = (int)(parts.begin + parts.count) - 1;
    size_t begin = model_part_range(model, (int)parts.begin).begin;
    size_t end = model_part_range(model, last).begin + model_part_range(model, last).count;
    sharding->posted = sharding->low = 0;
    while (sharding->low < sharding->rest && sharding->ranges[sharding->low].begin >= end)
        sharding->low++;
    sharding->high = sharding->low - 1;
    while (sharding->high + 1 < sharding->rest && sharding->ranges[sharding->high + 1].begin >= begin)
        sharding->high++;
}

void sharding_part_begins(void *context, struct rank *self, int i, enum way way, bool first)
{
    struct training *training = context;
    struct sharding *sharding = training->buckets.sharding;
    struct model *model = training->model;
    int range = range_of(sharding, model, i);
    struct share parts = model_chunk_parts(model, i);
    if (i == (int)(way == WAY_FORWARD ? parts.begin : parts.begin + parts.count - 1)) {
        begin_pass(sharding, model, parts);
        enter_apart(self, sharding, model, way, first);
    }
    if (range >= 0)
        enter(self, sharding, model, i, range, way, first);
    if (sharding->stage == 3 && way == WAY_BACKWARD)
        enter_again(self, sharding, model, i);
}

void sharding_part_ends(void *context, struct rank *self, int i, enum way way)
{
    struct training *training = context;
    struct sharding *sharding = training->buckets.sharding;
    (void)self;
    for (int range = 0; range < sharding->count && way == WAY_BACKWARD; range++) {
        if (!begins_within(sharding, training->model, i, range))
            continue;
        if (!is_of_experts(sharding, range))
            tenant_of(sharding, range)->posted = true;
        exchange_post_at(exchange_of(sharding, range), number_in_exchange(sharding, range),
                         room_of(sharding, &sharding->gradient_rooms, range));
    }
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
            allreduce_post_numbers(gather_over(sharding, i), NUMBER_VALUE, at(model->parameters, range.begin),
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
    for (int i = 0; sharding->tenants && i < tenant_count(sharding); i++)
        collect(self, sharding, &sharding->tenants[i]);
    if (sharding->stage == 1)
        sharding_follow(self, training, sharding->count);
    sharding->summed = 0;
    buckets_wait(&training->buckets);
    buckets_wait(&training->expert_buckets);
    for (int i = 0; sharding->copied && i < sharding->count; i++)
        rank_wait(self, sharding->sums[i]);
    for (int i = 0; i < sharding->count; i++)
        sharding->own[i] = own_gradients(sharding, training->model, i);
    sum_tied_shares(training);
    optimizer_clip_shares(self, training->optimizer, training->model, sharding->own);
    for (int i = 0; i < sharding->count; i++)
        update_share(self, training, i);
    optimizer_end_shares(training->optimizer);
    for (int i = 0; i < sharding->count && sharding->stage < 3; i++)
        rank_wait(self, sharding->gathers[i]);
}
