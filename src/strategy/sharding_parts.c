/* What is sharded goes through its rooms: parameters are gathered before a part needs them, and gradients are
 * handed over and collected. */
#include "sharding_inside.h"
#include "words.h"

#include "threadrack/math/math.h"

#include <string.h>

/* ---- Rooms. ---- */

/* Ranges apart have tenants of their own, the last ones. */
static int turn_of(const struct sharding *sharding, const struct rooms *rooms, int range)
{
    return range >= sharding->apart ? rooms->count + range - sharding->apart : range % rooms->count;
}

static float *room_of(const struct sharding *sharding, const struct rooms *rooms, int range)
{
    size_t begin = sharding->ranges[range].begin;
    if (sharding_is_of_experts(sharding, range)) {
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

struct allreduce *sharding_gather_over(struct sharding *sharding, int range)
{
    return sharding_is_of_experts(sharding, range) ? &sharding->gather_experts : &sharding->gather;
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
    sharding->gathers[range] = allreduce_post_numbers(sharding_gather_over(sharding, range), NUMBER_VALUE, room,
                                                      sharding->ranges[range].count);
}

/* The range's parameters are there on return, and so many ahead on their way. */
static void gather(struct rank *self, struct sharding *sharding, enum way way, int range, int ahead)
{
    int position = position_of(sharding, way, range);
    int count = sharding->high + 1 - sharding->low;
    for (; sharding->posted < count && sharding->posted <= position + ahead; sharding->posted++)
        for (int i = range_at(sharding, way, sharding->posted); i >= 0; i = sharding_behind(sharding, i))
            post_gather(self, sharding, i);
    for (int i = range; i >= 0; i = sharding_behind(sharding, i)) {
        rank_wait(self, sharding->gathers[i]);
        sharding->gathers[i] = (struct request){0};
    }
}

/* ---- Gradients. ---- */

float *sharding_own_gradients(const struct sharding *sharding, const struct model *model, int i)
{
    return sharding->stage >= 2 ? at(sharding->gradients, sharding->packed[i])
                                : at(model->gradients, sharding->shares[i].begin);
}

static void sum_copies(struct sharding *sharding, const struct model *model, int i)
{
    if (sharding->copied && sharding->shares[i].count)
        sharding->sums[i] = allreduce_post_as(&sharding->copies, exchange_element(sharding->exchange),
                                              sharding_own_gradients(sharding, model, i), sharding->shares[i].count);
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
    return sharding_is_of_experts(sharding, range) ? sharding->exchange_experts : sharding->exchange;
}

static int number_in_exchange(const struct sharding *sharding, int range)
{
    return sharding_is_of_experts(sharding, range) ? range - sharding->rest : range;
}

/* A range's sums have come: this rank's share is kept, or added to that of earlier microbatches. */
static void collect(struct rank *self, struct sharding *sharding, struct tenant *tenant)
{
    int range = tenant->range;
    if (range < 0)
        return;
    tenant->range = -1;
    for (int i = range; i >= 0; i = sharding_behind(sharding, i)) {
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
        int range = sharding_range_of(sharding, model, i - k);
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
    int range = sharding_range_of(sharding, model, i);
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
        if (!sharding_begins_within(sharding, training->model, i, range))
            continue;
        if (!sharding_is_of_experts(sharding, range))
            tenant_of(sharding, range)->posted = true;
        exchange_post_at(exchange_of(sharding, range), number_in_exchange(sharding, range),
                         room_of(sharding, &sharding->gradient_rooms, range));
    }
}

void sharding_collect(struct rank *self, struct sharding *sharding)
{
    for (int i = 0; sharding->tenants && i < sharding_tenant_count(sharding); i++)
        collect(self, sharding, &sharding->tenants[i]);
}
