/* Which ranges a rank has shares of, and which of them lie together. */
#include "sharding_inside.h"

#include "threadrack/base/memory.h"

bool sharding_is_of_experts(const struct sharding *sharding, int range)
{
    return range >= sharding->rest;
}

/* The range of experts that lies behind this one, of the same layer; -1: none. They are in a room together. */
int sharding_behind(const struct sharding *sharding, int range)
{
    return sharding_is_of_experts(sharding, range) ? -1 : sharding->pair[range];
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
struct group *sharding_sharers(struct rank *self, const struct plan *plan, bool experts)
{
    const struct mesh *mesh = plan->mesh;
    return (experts ? mesh->gather_experts : mesh->gather)[rank_id(self)];
}

static size_t share_out(struct rank *self, struct sharding *sharding, const struct plan *plan)
{
    size_t held = 0;
    for (int i = 0; i < sharding->count; i++) {
        struct group *among = sharding_sharers(self, plan, sharding_is_of_experts(sharding, i));
        struct share range = sharding->ranges[i];
        struct share block = share_of(range.count, (size_t)group_size(among), (size_t)group_rank(among, self));
        sharding->shares[i] = (struct share){range.begin + block.begin, block.count};
        sharding->packed[i] = held;
        held += block.count;
    }
    return held;
}

/* -1: the part has no parameters. */
int sharding_range_of(const struct sharding *sharding, const struct model *model, int part)
{
    struct share range = model_part_range(model, part);
    for (int i = 0; i < sharding->rest && range.count; i++)
        if (range.begin >= sharding->ranges[i].begin)
            return i;
    return -1;
}

bool sharding_begins_within(const struct sharding *sharding, const struct model *model, int part, int range)
{
    size_t place = sharding->ranges[range].begin, begin = model_part_range(model, part).begin;
    return place >= begin &&
           place - begin < model_part_range(model, part).count + model_expert_range(model, part).count;
}

static int first_apart(const struct sharding *sharding, const struct model *model)
{
    int first = sharding->rest;
    while (first > 0 && sharding_begins_within(sharding, model, 0, first - 1))
        first--;
    return model_borrows(model) || sharding->rest - first > 1 ? first : sharding->rest;
}

static void take_ranges(struct sharding *sharding, const struct buckets *buckets)
{
    for (int i = 0; i < buckets->count; i++)
        sharding->ranges[sharding->count++] = buckets->ranges[i];
}

size_t sharding_share_out(struct rank *self, struct sharding *sharding, const struct training *training)
{
    const struct buckets *buckets = &training->buckets, *experts = &training->expert_buckets;
    size_t count = (size_t)(buckets->count + experts->count);
    sharding->ranges = memory_zeroed(count + 1, sizeof *sharding->ranges);
    sharding->pair = memory_zeroed(count + 1, sizeof *sharding->pair);
    sharding->shares = memory_zeroed(count + 1, sizeof *sharding->shares);
    sharding->packed = memory_zeroed(count + 1, sizeof *sharding->packed);
    sharding->rest = buckets->count;
    take_ranges(sharding, buckets);
    take_ranges(sharding, experts);
    find_pairs(sharding);
    sharding->apart = first_apart(sharding, training->model);
    return share_out(self, sharding, training->plan);
}
