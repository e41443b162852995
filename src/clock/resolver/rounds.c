#include "rounds.h"

#include "threadrack/clock/cost.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* ---- Who takes part. ---- */

static int participants(const struct passage *passage)
{
    int size = passage->kernel.size;
    return passage->folded ? 1 << (31 - __builtin_clz((unsigned)size)) : size;
}

static int ring_size(const struct passage *passage, const struct round *round)
{
    return round->span ? round->span : passage->kernel.size;
}

/* The member `distance` ahead of that one, or behind. */
static int peer_of(const struct passage *passage, const struct round *round, int member, int distance)
{
    if (round->pairing == ROUND_XOR)
        return member ^ distance;
    int ring = ring_size(passage, round), place = member % ring, to = place + distance;
    return member - place + (to < 0 ? to + ring : to < ring ? to : to - ring);
}

/* ---- What they send. ---- */

/* All members from one on, up to `until`, send as much. */
struct cut {
    uint64_t bytes;
    int until;
};

/* Parts of the vector in this round. */
static void cut_vector(struct passage *passage, const struct round *round)
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
static struct cut cut_in_blocks(const struct passage *passage, const struct round *round, int member,
                                int flip)
{
    int more = passage->more, width = round->width;
    int block = member & -width, pair = member & -(2 * width), at = block ^ flip;
    int larger = at >= more ? 0 : more - at < width ? more - at : width;
    int until = pair + 2 * width <= more ? more & -(2 * width) : pair >= more ? INT_MAX : block + width;
    return (struct cut){(passage->each * (size_t)width + (size_t)larger) * passage->unit_bytes, until};
}

/* What the member sends, of a round that goes both ways. */
static struct cut cut_sent(const struct passage *passage, const struct round *round, int member)
{
    if (round->parts == 0)
        return (struct cut){round->elements * passage->unit_bytes, INT_MAX};
    if (passage->more == 0)
        return (struct cut){passage->each * (size_t)round->width * passage->unit_bytes, INT_MAX};
    return round->pairing == ROUND_XOR ? cut_in_blocks(passage, round, member, round->flip)
                                       : cut_in_ring(passage, round, member);
}

/* What the member receives; its sender lies at `shift`. */
static struct cut cut_received(const struct passage *passage, const struct round *round, int member,
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

static int64_t add_ps(struct passage *passage, int member, uint64_t bytes)
{
    struct dataflow *flow = passage->flow;
    const struct device *device = &flow->clock->cluster->devices[passage_rank(passage, member)];
    if (bytes == 0 || device->add_Bps == 0)
        return 0;
    return (int64_t)cost_scaled_ps(device, road_time(&flow->roads, bytes, device->add_Bps));
}

static struct path path_between(struct passage *passage, int source, int target)
{
    return road_path(&passage->flow->roads, passage_rank(passage, source),
                     passage_rank(passage, target));
}

static int64_t stream_ps(struct passage *passage, struct path path, uint64_t bytes)
{
    return (int64_t)road_stream(&passage->flow->roads, path, bytes);
}

static bool paid_alike(const struct passage *passage, const struct round *round)
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

static bool same_pairing(const struct round *a, const struct round *b)
{
    return a->pairing == b->pairing && a->distance == b->distance && a->span == b->span;
}

/* Lists of costs hold for one pairing. */
static void list_pairing(struct passage *passage, const struct round *round)
{
    if (passage->latencies && same_pairing(&passage->listed, round))
        return;
    if (!passage->latencies)
        make_lists(passage);
    for (int i = 0; i < participants(passage); i++) {
        int to = peer_of(passage, round, i, round->distance);
        passage->latencies[i] = (int64_t)path_between(passage, i, to).latency_ps;
    }
    for (int i = 0; i < PRICES_MOST; i++)
        passage->prices[i].there = false;
    passage->listed = *round;
}

static void fill_member(struct passage *passage, const struct round *round, struct price_list *list,
                        int member, uint64_t bytes)
{
    int to = peer_of(passage, round, member, round->distance);
    list->streams[member] = stream_ps(passage, path_between(passage, member, to), bytes);
    list->adds[to] = round->reduce ? add_ps(passage, to, bytes) : 0;
}

static struct price_list *list_of(struct passage *passage, const struct round *round, uint64_t bytes)
{
    for (int i = 0; i < PRICES_MOST; i++) {
        struct price_list *list = &passage->prices[i];
        if (list->there && list->bytes == bytes && list->reduce == round->reduce)
            return list;
    }
    struct price_list *list = &passage->prices[passage->prices_used++ % PRICES_MOST];
    for (int i = 0; i < participants(passage); i++)
        fill_member(passage, round, list, i, bytes);
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
    *price = (struct price){.bytes = bytes,
                            .there = true,
                            .reduce = round->reduce,
                            .stream_ps = stream_ps(passage, passage->flow->roads.path, bytes),
                            .add_ps = round->reduce ? add_ps(passage, 0, bytes) : 0};
    return price;
}

static struct price price_of(struct passage *passage, const struct round *round, uint64_t bytes)
{
    if (paid_alike(passage, round))
        return *price_alike(passage, round, bytes);
    const struct price_list *list =
        round->as_steps ? &passage->prices[0] : list_of(passage, round, bytes);
    return (struct price){.streams = list->streams, .adds = list->adds};
}

/* ---- Sums. ---- */

static void tally(int64_t *sums, int from, int to, int64_t amount)
{
    sums[from] += amount;
    sums[to] -= amount;
}

static void tally_sent(struct passage *passage, int from, int to, uint64_t bytes)
{
    tally(passage->bytes, from, to, (int64_t)bytes);
    tally(passage->messages, from, to, 1);
}

static void tally_added(struct passage *passage, int from, int to, const struct price *price)
{
    if (!price->adds) {
        tally(passage->adding, from, to, price->add_ps);
        return;
    }
    for (int i = from; i < to; i++)
        tally(passage->adding, i, i + 1, price->adds[i]);
}

/* ---- A round that goes both ways. ---- */

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* What each sends in its step; the sums of what is sent. */
static void price_steps(struct passage *passage, const struct round *round, int index)
{
    struct step step;
    for (int i = 0; i < passage->kernel.size; i++) {
        passage->call.rank = i;
        passage->schedule->step(&passage->call, index, &step);
        uint64_t bytes = step.send.count * passage->unit_bytes;
        fill_member(passage, round, &passage->prices[0], i, bytes);
        tally_sent(passage, i, i + 1, bytes);
    }
    passage->prices[0].there = false;
}

static void send_all(struct passage *passage, const struct round *round, const int64_t *ready)
{
    struct kernel *kernel = &passage->kernel;
    struct sweep sweep = {.ready = ready,
                          .latency_ps = (int64_t)passage->flow->roads.path.latency_ps};
    for (int members = participants(passage); sweep.from < members; sweep.from = sweep.to) {
        struct cut cut = cut_sent(passage, round, sweep.from);
        struct price price = price_of(passage, round, cut.bytes);
        sweep.to = least(cut.until, members);
        sweep.going_ps = price.stream_ps;
        sweep.streams = price.streams;
        sweep.latencies = price.streams ? passage->latencies : NULL;
        kernel_send(kernel, &sweep);
        if (!round->as_steps)
            tally_sent(passage, sweep.from, sweep.to, cut.bytes);
    }
}

static void tally_all_sent(struct passage *passage, const struct round *round)
{
    int members = participants(passage);
    for (int i = 0, to; i < members; i = to) {
        struct cut cut = cut_sent(passage, round, i);
        to = least(cut.until, members);
        tally_sent(passage, i, to, cut.bytes);
    }
}

/* Where the senders' values are to be found, for members whose senders lie at `shift`. */
struct origin {
    const int64_t *now, *arrival, *stream;
    int shift;
    bool copied; /* lies at the member's own place */
};

static void receive_stretch(struct passage *passage, const struct round *round, int from, int to,
                            const struct origin *origin, const int64_t *ready, bool checked)
{
    struct kernel *kernel = &passage->kernel;
    int moved = origin->copied ? 0 : origin->shift;
    struct sweep sweep = {.from = from,
                          .ready = ready,
                          .checked = checked,
                          .latency_ps = (int64_t)passage->flow->roads.path.latency_ps};
    for (; sweep.from < to; sweep.from = sweep.to) {
        struct cut coming = cut_received(passage, round, sweep.from, origin->shift);
        struct price price = price_of(passage, round, coming.bytes);
        sweep.to = least(coming.until, to);
        sweep.coming_ps = price.stream_ps;
        sweep.add_ps = price.add_ps;
        sweep.adds = price.adds;
        sweep.from_now = origin->now + sweep.from + moved;
        if (passage->ports_free) {
            struct cut going = cut_sent(passage, round, sweep.from);
            sweep.to = least(sweep.to, going.until);
            sweep.going_ps = price_of(passage, round, going.bytes).stream_ps;
            kernel_exchange(kernel, &sweep);
        } else {
            sweep.from_arrival = origin->arrival + sweep.from + moved;
            sweep.from_stream = origin->stream + sweep.from + moved;
            kernel_receive(kernel, &sweep);
        }
        if (round->reduce)
            tally_added(passage, sweep.from, sweep.to, &price);
    }
}

/* Above it, exchanged stretches are long enough to be left where they are. */
enum { COPIED_MOST = 128 };

static void copy_from_senders(const struct passage *passage, const struct round *round, int64_t *to,
                              const int64_t *from)
{
    int members = participants(passage), distance = round->distance;
    if (round->pairing == ROUND_XOR) {
        kernel_copy_exchanged(to, from, members, distance);
        return;
    }
    int ring = round->span;
    for (int at = 0; at < members; at += ring) {
        memcpy(to + at, from + at + ring - distance, (size_t)distance * sizeof *to);
        memcpy(to + at + distance, from + at, (size_t)(ring - distance) * sizeof *to);
    }
}

static void receive_copied(struct passage *passage, const struct round *round, const int64_t *ready,
                           bool checked)
{
    struct kernel *kernel = &passage->kernel;
    copy_from_senders(passage, round, kernel->from_now, kernel->now);
    if (!passage->ports_free) {
        copy_from_senders(passage, round, kernel->from_arrival, kernel->arrival);
        copy_from_senders(passage, round, kernel->from_stream, kernel->stream);
    }
    struct origin origin = {kernel->from_now, kernel->from_arrival, kernel->from_stream, 0, true};
    receive_stretch(passage, round, 0, participants(passage), &origin, ready, checked);
}

static void receive_all(struct passage *passage, const struct round *round, const int64_t *ready,
                        bool checked)
{
    struct kernel *kernel = &passage->kernel;
    int members = participants(passage), distance = round->distance;
    bool exchanged = round->pairing == ROUND_XOR;
    if (exchanged ? distance <= COPIED_MOST : round->span > 0) {
        receive_copied(passage, round, ready, checked);
        return;
    }
    struct origin origin = {kernel->now, kernel->arrival, kernel->stream, 0, false};
    for (int at = 0, ring = exchanged ? 2 * distance : members; at < members; at += ring) {
        origin.shift = ring - distance;
        receive_stretch(passage, round, at, at + distance, &origin, ready, checked);
        origin.shift = -distance;
        receive_stretch(passage, round, at + distance, at + ring, &origin, ready, checked);
    }
}

static void note_sources(struct passage *passage, const struct round *round)
{
    for (int i = 0; i < participants(passage); i++)
        passage->kernel.source[i] = peer_of(passage, round, i, -round->distance);
}

/* The member's processor is free when its first round begins. */
static const int64_t *ready_times(struct passage *passage)
{
    struct kernel *kernel = &passage->kernel;
    if (!passage->fresh)
        return kernel->now;
    for (int i = 0; i < kernel->size; i++)
        if (kernel->now[i] > kernel->ready[i])
            kernel->ready[i] = kernel->now[i];
    passage->fresh = false;
    return kernel->ready;
}

static void exchange_times(struct passage *passage)
{
    struct kernel *kernel = &passage->kernel;
    int members = participants(passage);
    int64_t *now = kernel->now;
    kernel->now = kernel->next;
    kernel->next = now;
    memcpy(kernel->now + members, kernel->next + members,
           (size_t)(kernel->size - members) * sizeof *now);
}

/* What a run of rounds without a look at the send ports has left them with, if it ends here. */
static void keep_ports_again(struct passage *passage, const struct round *last)
{
    struct sweep sweep = {0};
    if (!passage->ports_free)
        return;
    passage->ports_free = false;
    cut_vector(passage, last);
    for (int members = participants(passage); sweep.from < members; sweep.from = sweep.to) {
        struct cut cut = cut_sent(passage, last, sweep.from);
        sweep.to = least(cut.until, members);
        sweep.going_ps = price_of(passage, last, cut.bytes).stream_ps;
        kernel_free_ports(&passage->kernel, &sweep);
    }
}

/* A member that has sent waits until the message has left; if its o covers the gap, its port is free
 * when it begins to send the next. */
static bool finds_ports_free(const struct passage *passage, const struct round *round)
{
    return passage->all_have_sent && passage->kernel.gap_ps <= passage->kernel.overhead_ps &&
           paid_alike(passage, round);
}

static void run_both_ways(struct passage *passage, const struct round *round,
                          const struct round *last, int index, bool checked)
{
    const int64_t *ready = ready_times(passage);
    bool free_ports = finds_ports_free(passage, round);
    if (!free_ports)
        keep_ports_again(passage, last);
    cut_vector(passage, round);
    if (!paid_alike(passage, round))
        list_pairing(passage, round);
    if (round->as_steps)
        price_steps(passage, round, index);
    passage->ports_free = free_ports;
    if (free_ports)
        tally_all_sent(passage, round);
    else
        send_all(passage, round, ready);
    receive_all(passage, round, ready, checked);
    exchange_times(passage);
    if (checked)
        note_sources(passage, round);
    passage->all_have_sent = true;
}

/* ---- A round that goes one way. ---- */

static bool sends(const struct round *round, int member)
{
    int from = member - round->sender, i = from / round->stride;
    return from >= 0 && i < round->senders && i * round->stride == from;
}

static uint64_t bytes_one_way(const struct passage *passage, const struct round *round, int member)
{
    if (round->parts == 0)
        return round->elements * passage->unit_bytes;
    int part = round->backwards ? round->first - member : round->first + member;
    return share_of(passage->call.count, (size_t)round->parts, (size_t)part).count *
           passage->unit_bytes;
}

/* The i-th sender, those before whom a message comes first: each reads what its sender had. */
static int sender_at(const struct round *round, int i)
{
    return round->sender + (round->distance > 0 ? round->senders - 1 - i : i) * round->stride;
}

static void send_one(struct passage *passage, const struct round *round, int source)
{
    uint64_t bytes = bytes_one_way(passage, round, source);
    struct path path = path_between(passage, source, source + round->distance);
    kernel_send_one(&passage->kernel, source, (int64_t)path.latency_ps,
                    stream_ps(passage, path, bytes));
    tally_sent(passage, source, source + 1, bytes);
}

static void receive_one(struct passage *passage, const struct round *round, int source)
{
    int target = source + round->distance;
    int64_t adding =
        round->reduce ? add_ps(passage, target, bytes_one_way(passage, round, source)) : 0;
    kernel_receive_one(&passage->kernel, source, target, sends(round, target), adding,
                       passage->checks);
    tally(passage->adding, target, target + 1, adding);
}

static void run_one_way(struct passage *passage, const struct round *round, const struct round *last)
{
    keep_ports_again(passage, last);
    for (int i = 0; i < round->senders; i++)
        send_one(passage, round, sender_at(round, i));
    for (int i = 0; i < round->senders; i++)
        receive_one(passage, round, sender_at(round, i));
    for (int i = 0; i < round->senders; i++) {
        int source = sender_at(round, i);
        if (!sends(round, source - round->distance))
            kernel_leave_one(&passage->kernel, source);
    }
}

/* One sender's messages arrive in order, so a port's arrivals need a look only where its sender
 * changes. */
void rounds_run(struct passage *passage)
{
    struct round now, next, last = {0};
    bool more = passage->schedule->round(&passage->call, 0, &now), changed = true;
    for (int index = 0; more; index++, last = now, now = next) {
        more = passage->schedule->round(&passage->call, index + 1, &next);
        bool changes = !more || !same_pairing(&next, &now);
        if (now.pairing == ROUND_ONE_WAY)
            run_one_way(passage, &now, &last);
        else
            run_both_ways(passage, &now, &last, index, passage->checks && (changed || changes));
        changed = changes;
    }
    keep_ports_again(passage, &last);
}
