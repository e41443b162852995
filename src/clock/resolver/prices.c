#include "prices.h"

#include "threadrack/clock/cost.h"

#include <limits.h>

/* ---- Who takes part. ---- */

int passage_members(const struct passage *passage)
{
    int size = passage->kernel.size;
    return passage->folded ? 1 << (31 - __builtin_clz((unsigned)size)) : size;
}

static int ring_size(const struct passage *passage, const struct round *round)
{
    return round->span ? round->span : passage->kernel.size;
}

/* The member `distance` ahead of that one, or behind. */
int passage_peer(const struct passage *passage, const struct round *round, int member, int distance)
{
    if (round->pairing == ROUND_XOR)
        return member ^ (distance < 0 ? -distance : distance);
    int ring = ring_size(passage, round), place = member % ring, to = place + distance;
    return member - place + (to < 0 ? to + ring : to < ring ? to : to - ring);
}

/* ---- What they send. ---- */

/* Parts of the vector in this round. */
void cut_vector(struct passage *passage, const struct round *round)
{
    if (round->parts == passage->parts || round->parts == 0)
        return;
    passage->parts = round->parts;
    passage->each = passage->call.count / (size_t)round->parts;
    passage->more = (int)(passage->call.count % (size_t)round->parts);
}

/* A part in a ring of as many parts as members, the first of which have an element more. */
static struct cut cut_in_ring(const struct passage *passage, const struct round *round, int member)
{
    int part = member + round->first;
    if (part >= round->parts)
        part -= round->parts;
    bool larger = part < passage->more;
    return (struct cut){(passage->each + larger) * passage->unit_bytes,
                        member + (larger ? passage->more : round->parts) - part};
}

/* `width` parts. Pairs of such blocks are alike that lie on one side of the last larger part. */
static struct cut cut_in_blocks(const struct passage *passage, const struct round *round,
                                int member, int flip)
{
    int more = passage->more, width = round->width;
    int block = member & -width, pair = member & -(2 * width), at = block ^ flip;
    int larger = at >= more ? 0 : more - at < width ? more - at : width;
    int until = pair + 2 * width <= more ? more & -(2 * width)
                : pair >= more           ? INT_MAX
                                         : block + width;
    return (struct cut){(passage->each * (size_t)width + (size_t)larger) * passage->unit_bytes,
                        until};
}

/* What the member sends, of a round that goes both ways. */
struct cut cut_sent(const struct passage *passage, const struct round *round, int member)
{
    if (round->parts == 0)
        return (struct cut){round->elements * passage->unit_bytes, INT_MAX};
    if (passage->more == 0)
        return (struct cut){passage->each * (size_t)round->width * passage->unit_bytes, INT_MAX};
    return round->pairing == ROUND_XOR ? cut_in_blocks(passage, round, member, round->flip)
                                       : cut_in_ring(passage, round, member);
}

/* What the member receives; its sender lies at `shift`. */
struct cut cut_received(const struct passage *passage, const struct round *round, int member,
                        int shift)
{
    if (round->parts && passage->more && round->pairing == ROUND_XOR)
        return cut_in_blocks(passage, round, member, round->flip ^ round->distance);
    struct cut cut = cut_sent(passage, round, member + shift);
    if (cut.until != INT_MAX)
        cut.until -= shift;
    return cut;
}

/* ---- What it costs. ---- */

int64_t passage_add_ps(struct passage *passage, int member, uint64_t bytes)
{
    struct dataflow *flow = passage->flow;
    const struct device *device = &flow->clock->cluster->devices[passage_rank(passage, member)];
    if (bytes == 0 || device->add_Bps == 0)
        return 0;
    return (int64_t)cost_scaled_ps(device, road_time(&flow->roads, bytes, device->add_Bps));
}

struct path passage_path(struct passage *passage, int source, int target)
{
    return road_path(&passage->flow->roads, passage_rank(passage, source),
                     passage_rank(passage, target));
}

int64_t passage_stream_ps(struct passage *passage, struct path path, uint64_t bytes)
{
    return (int64_t)road_stream(&passage->flow->roads, path, bytes);
}

bool paid_alike(const struct passage *passage, const struct round *round)
{
    return passage->flow->roads.uniform && !round->as_steps &&
           (!round->reduce || passage->devices_alike);
}

static void make_lists(struct passage *passage)
{
    struct dataflow *flow = passage->flow;
    size_t size = (size_t)passage->kernel.size, room = (1 + 2 * PRICES_MOST) * size;
    int64_t *memory = flow_room(&flow->list_memory, &flow->list_room, room);
    passage->latencies = memory;
    for (int i = 0; i < PRICES_MOST; i++) {
        passage->prices[i].streams = memory + (1 + 2 * (size_t)i) * size;
        passage->prices[i].adds = memory + (2 + 2 * (size_t)i) * size;
    }
}

bool same_pairing(const struct round *a, const struct round *b)
{
    return a->pairing == b->pairing && a->distance == b->distance && a->span == b->span;
}

/* Lists of costs hold for one pairing. */
void list_pairing(struct passage *passage, const struct round *round)
{
    if (passage->latencies && same_pairing(&passage->listed, round))
        return;
    if (!passage->latencies)
        make_lists(passage);
    for (int i = 0; i < passage_members(passage); i++) {
        int to = passage_peer(passage, round, i, round->distance);
        passage->latencies[i] = (int64_t)passage_path(passage, i, to).latency_ps;
    }
    for (int i = 0; i < PRICES_MOST; i++)
        passage->prices[i].there = false;
    passage->listed = *round;
}

void price_member(struct passage *passage, const struct round *round, struct price_list *list,
                  int member, uint64_t bytes)
{
    int to = passage_peer(passage, round, member, round->distance);
    list->streams[member] = passage_stream_ps(passage, passage_path(passage, member, to), bytes);
    list->adds[to] = round->reduce ? passage_add_ps(passage, to, bytes) : 0;
}

static struct price_list *list_of(struct passage *passage, const struct round *round,
                                  uint64_t bytes)
{
    for (int i = 0; i < PRICES_MOST; i++) {
        struct price_list *list = &passage->prices[i];
        if (list->there && list->bytes == bytes && list->reduce == round->reduce)
            return list;
    }
    struct price_list *list = &passage->prices[passage->prices_used++ % PRICES_MOST];
    for (int i = 0; i < passage_members(passage); i++)
        price_member(passage, round, list, i, bytes);
    list->bytes = bytes;
    list->reduce = round->reduce;
    list->there = true;
    return list;
}

static const struct price *price_alike(struct passage *passage, const struct round *round,
                                       uint64_t bytes)
{
    for (int i = 0; i < PRICES_MOST; i++) {
        const struct price *price = &passage->known[i];
        if (price->there && price->bytes == bytes && price->reduce == round->reduce)
            return price;
    }
    struct price *price = &passage->known[passage->known_used++ % PRICES_MOST];
    *price =
        (struct price){.bytes = bytes,
                       .there = true,
                       .reduce = round->reduce,
                       .stream_ps = passage_stream_ps(passage, passage->flow->roads.path, bytes),
                       .add_ps = round->reduce ? passage_add_ps(passage, 0, bytes) : 0};
    return price;
}

const struct price *price_of(struct passage *passage, const struct round *round, uint64_t bytes)
{
    if (paid_alike(passage, round))
        return price_alike(passage, round, bytes);
    const struct price_list *list =
        round->as_steps ? &passage->prices[0] : list_of(passage, round, bytes);
    passage->apart = (struct price){.streams = list->streams, .adds = list->adds};
    return &passage->apart;
}
