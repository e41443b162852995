#include "kernel.h"

#include "threadrack/base/vectorise.h"

static inline __attribute__((always_inline)) int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* What one member's round comes to. The flags are constants where this is inlined. */
static inline __attribute__((always_inline)) int64_t
meet(const struct kernel *k, const int64_t *restrict ready, int64_t *restrict next,
     int64_t *restrict receive, int64_t *restrict waited, int64_t *restrict send_next,
     int64_t *restrict arrived, int r, int q, bool alike, bool ports, bool checked)
{
    const int64_t *now = k->now;
    int64_t o = k->overhead_ps, g = k->gap_ps;
    int64_t latency = alike ? k->latency_ps : k->latency[q];
    int64_t coming = alike ? k->stream_ps : k->stream[q];
    int64_t going = alike ? k->stream_ps : k->stream[r];
    int64_t add = alike ? k->add_ps : k->add[r];

    int64_t sender_begin = ready[q] + o, paid = ready[r] + o;
    int64_t begin = ports ? most(paid, k->send[r]) : paid;
    if (ports)
        sender_begin = most(sender_begin, k->send[q]);
    int64_t arrival = sender_begin + latency;
    int64_t served = most(arrival, receive[r]) + coming;
    int64_t received = most(served, paid) + o;
    receive[r] = served + g;
    if (ports)
        send_next[r] = begin + going + g;
    waited[r] += most(now[q] - now[r], 0);
    next[r] = most(received + add, begin + going);
    int64_t late = 0;
    if (checked) {
        late = arrival <= arrived[r];
        arrived[r] = arrival;
    }
    return late;
}

#define SWEEP(name, alike, ports, checked)                                                         \
    VECTORISED static int64_t name(struct kernel *k, const int64_t *ready, int from, int to,       \
                                   int shift)                                                      \
    {                                                                                              \
        int64_t *next = k->next, *receive = k->receive, *waited = k->waited;                       \
        int64_t *send_next = k->send_next, *arrived = k->arrived, late = 0;                        \
        for (int r = from; r < to; r++)                                                            \
            late |= meet(k, ready, next, receive, waited, send_next, arrived, r, r + shift, alike, \
                         ports, checked);                                                          \
        return late;                                                                               \
    }

SWEEP(sweep_fast, true, false, false)
SWEEP(sweep_fast_checked, true, false, true)
SWEEP(sweep_alike, true, true, false)
SWEEP(sweep_alike_checked, true, true, true)
SWEEP(sweep_each, false, true, false)
SWEEP(sweep_each_checked, false, true, true)

typedef int64_t sweep_function(struct kernel *k, const int64_t *ready, int from, int to, int shift);

static sweep_function *choose(const struct kernel *k, const struct kernel_round *round)
{
    static sweep_function *const functions[3][2] = {{sweep_fast, sweep_fast_checked},
                                                    {sweep_alike, sweep_alike_checked},
                                                    {sweep_each, sweep_each_checked}};
    int kind = !k->alike ? 2 : round->ports_waited ? 1 : 0;
    return functions[kind][round->checked];
}

static int64_t sweep_shift(struct kernel *k, sweep_function *sweep, const int64_t *ready,
                           int distance)
{
    return sweep(k, ready, 0, distance, k->size - distance) |
           sweep(k, ready, distance, k->size, -distance);
}

static int64_t sweep_xor(struct kernel *k, sweep_function *sweep, const int64_t *ready, int distance)
{
    int64_t late = 0;
    for (int at = 0; at < k->size; at += 2 * distance)
        late |= sweep(k, ready, at, at + distance, distance) |
                sweep(k, ready, at + distance, at + 2 * distance, -distance);
    return late;
}

void kernel_sweep(struct kernel *k, const struct kernel_round *round)
{
    sweep_function *sweep = choose(k, round);
    const int64_t *ready = round->first ? k->ready : k->now;
    int64_t late = (round->round.pairing == ROUND_SHIFT ? sweep_shift : sweep_xor)(
        k, sweep, ready, round->round.distance);
    k->disordered = k->disordered || late;
    int64_t *now = k->now;
    k->now = k->next;
    k->next = now;
    if (round->ports_waited) {
        int64_t *send = k->send;
        k->send = k->send_next;
        k->send_next = send;
    }
}
