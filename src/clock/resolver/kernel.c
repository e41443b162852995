#include "kernel.h"

#include <string.h>

#include "threadrack/base/vectorise.h"

static inline __attribute__((always_inline)) int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* The loops' arrays, none of which overlaps one that is written. */
#define READ  const int64_t *restrict
#define WRITE int64_t *restrict

/* ---- The senders. ---- */

#define SEND(name, each)                                                                           \
    VECTORISED static void name(int count, int64_t o, int64_t g, int64_t latency, int64_t going,   \
                                READ latencies, READ streams, READ ready, WRITE send, WRITE sent,  \
                                WRITE arrival, WRITE stream)                                       \
    {                                                                                              \
        for (int i = 0; i < count; i++) {                                                          \
            int64_t begin = most(ready[i] + o, send[i]);                                           \
            int64_t passing = each ? streams[i] : going;                                           \
            arrival[i] = begin + (each ? latencies[i] : latency);                                  \
            stream[i] = passing;                                                                   \
            sent[i] = begin + passing;                                                             \
            send[i] = begin + passing + g;                                                         \
        }                                                                                          \
    }

SEND(send_alike, false)
SEND(send_each, true)

void kernel_send(struct kernel *k, const struct sweep *s)
{
    int at = s->from;
    (s->streams ? send_each : send_alike)(
        s->to - at, k->overhead_ps, k->gap_ps, s->latency_ps, s->going_ps,
        s->latencies ? s->latencies + at : 0, s->streams ? s->streams + at : 0, s->ready + at,
        k->send + at, k->sent + at, k->arrival + at, k->stream + at);
}

/* ---- The receivers. ---- */

#define RECEIVE(name, each, checked)                                                               \
    VECTORISED static int64_t name(int count, int64_t o, int64_t g, int64_t add, READ adds,        \
                                   READ ready, READ now, READ from_now, READ from_arrival,         \
                                   READ from_stream, READ sent, WRITE receive, WRITE waited,       \
                                   WRITE arrived, WRITE next)                                      \
    {                                                                                              \
        int64_t late = 0;                                                                          \
        for (int i = 0; i < count; i++) {                                                          \
            int64_t arrival = from_arrival[i];                                                     \
            int64_t served = most(arrival, receive[i]) + from_stream[i];                           \
            receive[i] = served + g;                                                               \
            waited[i] += most(from_now[i] - now[i], 0);                                            \
            next[i] = most(most(served, ready[i] + o) + o + (each ? adds[i] : add), sent[i]);      \
            if (checked) {                                                                         \
                late |= arrival <= arrived[i];                                                     \
                arrived[i] = arrival;                                                              \
            }                                                                                      \
        }                                                                                          \
        return late;                                                                               \
    }

RECEIVE(receive_alike, false, false)
RECEIVE(receive_alike_checked, false, true)
RECEIVE(receive_each, true, false)
RECEIVE(receive_each_checked, true, true)

void kernel_receive(struct kernel *k, const struct sweep *s)
{
    int at = s->from;
    int64_t late = (s->adds      ? s->checked ? receive_each_checked : receive_each
                    : s->checked ? receive_alike_checked
                                 : receive_alike)(
        s->to - at, k->overhead_ps, k->gap_ps, s->add_ps, s->adds ? s->adds + at : 0, s->ready + at,
        k->now + at, s->from_now, s->from_arrival, s->from_stream, k->sent + at, k->receive + at,
        k->waited + at, k->arrived + at, k->next + at);
    k->disordered = k->disordered || late;
}

/* ---- Both, where send ports are free. ---- */

#define EXCHANGE(name, checked)                                                                    \
    VECTORISED static int64_t name(int count, int64_t o, int64_t g, int64_t latency,               \
                                   int64_t going, int64_t coming, int64_t add, READ now,           \
                                   READ from_now, WRITE receive, WRITE waited, WRITE arrived,      \
                                   WRITE next)                                                     \
    {                                                                                              \
        int64_t late = 0;                                                                          \
        for (int i = 0; i < count; i++) {                                                          \
            int64_t paid = now[i] + o, arrival = from_now[i] + o + latency;                        \
            int64_t served = most(arrival, receive[i]) + coming;                                   \
            receive[i] = served + g;                                                               \
            waited[i] += most(from_now[i] - now[i], 0);                                            \
            next[i] = most(most(served, paid) + o + add, paid + going);                            \
            if (checked) {                                                                         \
                late |= arrival <= arrived[i];                                                     \
                arrived[i] = arrival;                                                              \
            }                                                                                      \
        }                                                                                          \
        return late;                                                                               \
    }

EXCHANGE(exchange, false)
EXCHANGE(exchange_checked, true)

void kernel_exchange(struct kernel *k, const struct sweep *s)
{
    int at = s->from;
    int64_t late = (s->checked ? exchange_checked : exchange)(
        s->to - at, k->overhead_ps, k->gap_ps, s->latency_ps, s->going_ps, s->coming_ps, s->add_ps,
        k->now + at, s->from_now, k->receive + at, k->waited + at, k->arrived + at, k->next + at);
    k->disordered = k->disordered || late;
}

VECTORISED static void add_to(int count, int64_t amount, READ from, WRITE to)
{
    for (int i = 0; i < count; i++)
        to[i] = from[i] + amount;
}

void kernel_free_ports(struct kernel *k, const struct sweep *s)
{
    add_to(s->to - s->from, k->overhead_ps + s->going_ps + k->gap_ps, k->next + s->from, k->send + s->from);
}

VECTORISED static void raise_to(int count, READ least, WRITE values)
{
    for (int i = 0; i < count; i++)
        values[i] = most(values[i], least[i]);
}

void kernel_be_ready(struct kernel *k)
{
    raise_to(k->size, k->now, k->ready);
}

/* ---- Exchanged copies. ---- */

#define COPY(distance)                                                                             \
    VECTORISED static void copy_##distance(int count, READ from, WRITE to)                         \
    {                                                                                              \
        for (int at = 0; at < count; at += 2 * distance)                                           \
            for (int i = 0; i < distance; i++) {                                                   \
                to[at + i] = from[at + distance + i];                                              \
                to[at + distance + i] = from[at + i];                                              \
            }                                                                                      \
    }

COPY(1)
COPY(2)
COPY(4)
COPY(8)
COPY(16)

void kernel_copy_exchanged(int64_t *to, const int64_t *from, int count, int distance)
{
    static void (*const copies[])(int count, READ from, WRITE to) = {copy_1, copy_2, copy_4, copy_8,
                                                                     copy_16};
    int size = __builtin_ctz((unsigned)distance);
    if (size < (int)(sizeof copies / sizeof *copies)) {
        copies[size](count, from, to);
        return;
    }
    for (int at = 0; at < count; at += 2 * distance) {
        memcpy(to + at, from + at + distance, (size_t)distance * sizeof *to);
        memcpy(to + at + distance, from + at, (size_t)distance * sizeof *to);
    }
}

VECTORISED static void spread(int count, int64_t value, WRITE values)
{
    for (int i = 0; i < count; i++)
        values[i] = value;
}

void kernel_spread(int64_t *values, int count)
{
    spread(count, values[0], values);
}

/* ---- Single messages. ---- */

void kernel_send_one(struct kernel *k, int source, int64_t latency_ps, int64_t stream_ps)
{
    int64_t paid = most(k->now[source], k->ready[source]) + k->overhead_ps;
    int64_t begin = most(paid, k->send[source]);
    k->arrival[source] = begin + latency_ps;
    k->stream[source] = stream_ps;
    k->sent[source] = begin + stream_ps;
    k->send[source] = begin + stream_ps + k->gap_ps;
}

void kernel_receive_one(struct kernel *k, int source, int target, bool sends, int64_t add_ps,
                        bool checked)
{
    int64_t now = k->now[target], o = k->overhead_ps, arrival = k->arrival[source];
    int64_t paid = most(now, k->ready[target]) + (sends ? o : 0);
    int64_t served = most(arrival, k->receive[target]) + k->stream[source];
    k->receive[target] = served + k->gap_ps;
    k->waited[target] += most(k->now[source] - now, 0);
    k->now[target] = most(most(served, paid) + o + add_ps, sends ? k->sent[target] : now);
    if (!checked)
        return;
    k->disordered = k->disordered || arrival <= k->arrived[target];
    k->arrived[target] = arrival;
    k->source[target] = source;
}

void kernel_leave_one(struct kernel *k, int source)
{
    k->now[source] = most(k->now[source], k->sent[source]);
}
