#include "prices.h"

#include <string.h>

/* ---- Sums. ---- */

static void tally(struct passage *passage, int64_t *sums, int from, int to, int64_t amount)
{
    sums[from] += amount;
    sums[to] -= amount;
    passage->uneven |= from > 0 || to < passage->kernel.size;
}

static void tally_sent(struct passage *passage, int from, int to, uint64_t bytes)
{
    tally(passage, passage->bytes, from, to, (int64_t)bytes);
    tally(passage, passage->messages, from, to, 1);
}

static void tally_added(struct passage *passage, const struct sweep *sweep)
{
    if (!sweep->adds) {
        tally(passage, passage->adding, sweep->from, sweep->to, sweep->add_ps);
        return;
    }
    for (int i = sweep->from; i < sweep->to; i++)
        tally(passage, passage->adding, i, i + 1, sweep->adds[i]);
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
        price_member(passage, round, &passage->prices[0], i, bytes);
        tally_sent(passage, i, i + 1, bytes);
    }
    passage->prices[0].there = false;
}

static void send_all(struct passage *passage, const struct round *round, const int64_t *ready)
{
    struct kernel *kernel = &passage->kernel;
    struct sweep sweep = {.ready = ready,
                          .latency_ps = (int64_t)passage->flow->roads.path.latency_ps};
    for (int members = passage_members(passage); sweep.from < members; sweep.from = sweep.to) {
        struct cut cut = cut_sent(passage, round, sweep.from);
        const struct price *price = price_of(passage, round, cut.bytes);
        sweep.to = least(cut.until, members);
        sweep.going_ps = price->stream_ps;
        sweep.streams = price->streams;
        sweep.latencies = price->streams ? passage->latencies : NULL;
        kernel_send(kernel, &sweep);
        if (!round->as_steps)
            tally_sent(passage, sweep.from, sweep.to, cut.bytes);
    }
}

static void tally_all_sent(struct passage *passage, const struct round *round)
{
    int members = passage_members(passage);
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
        const struct price *price = price_of(passage, round, coming.bytes);
        sweep.to = least(coming.until, to);
        sweep.coming_ps = price->stream_ps;
        sweep.add_ps = price->add_ps;
        sweep.adds = price->adds;
        sweep.from_now = origin->now + sweep.from + moved;
        if (passage->ports_free) {
            struct cut going = cut_sent(passage, round, sweep.from);
            sweep.to = least(sweep.to, going.until);
            sweep.going_ps = price_of(passage, round, going.bytes)->stream_ps;
            kernel_exchange(kernel, &sweep);
        } else {
            sweep.from_arrival = origin->arrival + sweep.from + moved;
            sweep.from_stream = origin->stream + sweep.from + moved;
            kernel_receive(kernel, &sweep);
        }
        if (round->reduce)
            tally_added(passage, &sweep);
    }
}

/* Above it, exchanged stretches are long enough to be left where they are. */
enum { COPIED_MOST = 128 };

static void copy_from_senders(const struct passage *passage, const struct round *round, int64_t *to,
                              const int64_t *from)
{
    int members = passage_members(passage), distance = round->distance;
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
    receive_stretch(passage, round, 0, passage_members(passage), &origin, ready, checked);
}

static void receive_all(struct passage *passage, const struct round *round, const int64_t *ready,
                        bool checked)
{
    struct kernel *kernel = &passage->kernel;
    int members = passage_members(passage), distance = round->distance;
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
    for (int i = 0; i < passage_members(passage); i++)
        passage->kernel.source[i] = passage_peer(passage, round, i, -round->distance);
}

/* The member's processor is free when its first round begins. */
static const int64_t *ready_times(struct passage *passage)
{
    struct kernel *kernel = &passage->kernel;
    if (!passage->fresh)
        return kernel->now;
    kernel_be_ready(kernel);
    passage->fresh = false;
    return kernel->ready;
}

static void exchange_times(struct passage *passage)
{
    struct kernel *kernel = &passage->kernel;
    int members = passage_members(passage);
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
    for (int members = passage_members(passage); sweep.from < members; sweep.from = sweep.to) {
        struct cut cut = cut_sent(passage, last, sweep.from);
        sweep.to = least(cut.until, members);
        sweep.going_ps = price_of(passage, last, cut.bytes)->stream_ps;
        kernel_free_ports(&passage->kernel, &sweep);
    }
}

/* A member that has sent waits until the message has left; if its o covers the gap, its port is
 * free when it begins to send the next. */
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
    struct path path = passage_path(passage, source, source + round->distance);
    kernel_send_one(&passage->kernel, source, (int64_t)path.latency_ps,
                    passage_stream_ps(passage, path, bytes));
    tally_sent(passage, source, source + 1, bytes);
}

static void receive_one(struct passage *passage, const struct round *round, int source)
{
    int target = source + round->distance;
    int64_t adding =
        round->reduce ? passage_add_ps(passage, target, bytes_one_way(passage, round, source)) : 0;
    kernel_receive_one(&passage->kernel, source, target, sends(round, target), adding,
                       passage->checks);
    tally(passage, passage->adding, target, target + 1, adding);
}

static void run_one_way(struct passage *passage, const struct round *round,
                        const struct round *last)
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

/* After the round before: as many messages, about, as it has senders. */
static bool goes_on(struct dataflow *flow, const struct passage *passage, const struct round *last, int index)
{
    int senders = index == 0 ? 0 : last->pairing == ROUND_ONE_WAY ? last->senders : passage->kernel.size;
    flow->passing = index == 0 ? 0 : flow->passing + (uint64_t)senders;
    return clock_goes_on(flow->clock, (uint64_t)senders);
}

/* One sender's messages arrive in order, so a port's arrivals need a look only where its sender
 * changes. */
void rounds_run(struct passage *passage)
{
    struct round rounds[3] = {0}, *last = &rounds[0], *now = &rounds[1], *next = &rounds[2];
    bool more = passage->schedule->round(&passage->call, 0, now), changed = true;
    struct dataflow *flow = passage->flow;
    for (int index = 0; more && goes_on(flow, passage, last, index); index++) {
        more = passage->schedule->round(&passage->call, index + 1, next);
        bool changes = !more || !same_pairing(next, now);
        if (now->pairing == ROUND_ONE_WAY)
            run_one_way(passage, now, last);
        else
            run_both_ways(passage, now, last, index, passage->checks && (changed || changes));
        changed = changes;
        struct round *over = last;
        last = now;
        now = next;
        next = over;
    }
    if (flow->clock->stopped)
        return;
    keep_ports_again(passage, last);
}
