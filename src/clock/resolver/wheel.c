/* Time windows: receive ports serve messages in order of arrival.
 *
 * When every rank is blocked, the next rank to go on does so because of a message that arrives at
 * some time T or later, the earliest of those on their way. Its receiver pays o, whatever it sends
 * then costs o again and L of some link: nothing that has not been sent yet arrives before T + 2o +
 * L. So all arrivals of a window no wider than that are known, and each port can serve its own in
 * order (Chandy and Misra 1979; the window: Lubachevsky 1989).
 *
 * Windows are the powers of two below 2o + L. The wheel has a list for each of the next ROOM windows;
 * what comes later is kept aside, and laid out when the wheel has come to it.
 */
#include "dataflow.h"

#include <stdlib.h>

enum { ROOM = 4096, ROOM_WORDS = ROOM / 64 };

struct wheel {
    int shift;       /* a window is 2^shift ps */
    uint64_t window; /* the present one: all before are done */
    uint32_t first[ROOM], last[ROOM]; /* by window modulo ROOM: messages in order of sending */
    uint64_t used[ROOM_WORDS];        /* a bit a list that has any */
    uint64_t count;                   /* messages in lists */

    uint32_t *far; /* messages beyond the wheel, in order of sending */
    int far_count, far_room;
    uint64_t far_window; /* of the earliest of them */

    uint32_t *ports; /* receivers of the present window, each once */
    int port_count, port_room;
    uint32_t *heads; /* by rank: its arrivals in order; NOBODY outside a turn */
};

struct wheel *wheel_create(uint64_t window_ps, int ranks)
{
    struct wheel *wheel = memory_zeroed(1, sizeof *wheel);
    wheel->shift = 63 - __builtin_clzll(window_ps);
    wheel->far_window = TIME_NEVER;
    wheel->heads = memory_zeroed((size_t)ranks, sizeof *wheel->heads);
    for (int rank = 0; rank < ranks; rank++)
        wheel->heads[rank] = NOBODY;
    return wheel;
}

void wheel_free(struct wheel *wheel)
{
    if (!wheel)
        return;
    free(wheel->far);
    free(wheel->ports);
    free(wheel->heads);
    free(wheel);
}

static void lay_out(struct dataflow *flow, uint32_t index, uint64_t window)
{
    struct wheel *wheel = flow->wheel;
    int list = (int)(window % ROOM);
    uint64_t bit = 1ull << (list % 64);
    if (wheel->used[list / 64] & bit)
        flow->messages[wheel->last[list]].next = index;
    else
        wheel->first[list] = index;
    wheel->used[list / 64] |= bit;
    wheel->last[list] = index;
    flow->messages[index].next = NOBODY;
    wheel->count++;
}

static void put_far(struct wheel *wheel, uint32_t index, uint64_t window)
{
    *vector_push(&wheel->far, &wheel->far_count, &wheel->far_room) = index;
    if (window < wheel->far_window)
        wheel->far_window = window;
}

void wheel_put(struct dataflow *flow, const struct message *message)
{
    struct wheel *wheel = flow->wheel;
    uint64_t window = message->arrival_ps >> wheel->shift;
    uint32_t index = message_new(flow);
    flow->messages[index] = *message;
    if (window - wheel->window < ROOM && window < wheel->far_window)
        lay_out(flow, index, window);
    else
        put_far(wheel, index, window);
}

/* Lays out what has come within reach of the wheel. */
static void fetch_far(struct dataflow *flow)
{
    struct wheel *wheel = flow->wheel;
    int left = 0;
    uint64_t earliest = TIME_NEVER;
    for (int i = 0; i < wheel->far_count; i++) {
        uint32_t index = wheel->far[i];
        uint64_t window = flow->messages[index].arrival_ps >> wheel->shift;
        if (window - wheel->window < ROOM) {
            lay_out(flow, index, window);
            continue;
        }
        wheel->far[left++] = index;
        if (window < earliest)
            earliest = window;
    }
    wheel->far_count = left;
    wheel->far_window = earliest;
}

/* The next window with messages, from the present one on; there are some. */
static uint64_t next_window(const struct wheel *wheel)
{
    int start = (int)(wheel->window % ROOM);
    uint64_t bits = wheel->used[start / 64] >> (start % 64);
    if (bits)
        return wheel->window + (uint64_t)__builtin_ctzll(bits);
    uint64_t at = wheel->window + (uint64_t)(64 - start % 64);
    while (!wheel->used[at % ROOM / 64])
        at += 64;
    return at + (uint64_t)__builtin_ctzll(wheel->used[at % ROOM / 64]);
}

/* Goes to the next window that has messages; false: there is none, or it may not be complete. */
static bool go_on(struct dataflow *flow)
{
    struct wheel *wheel = flow->wheel;
    uint64_t next = wheel->count ? next_window(wheel) : TIME_NEVER;
    if (wheel->far_window < next)
        next = wheel->far_window;
    if (next == TIME_NEVER)
        return false;
    uint64_t end_ps = (next + 1) << wheel->shift;
    if (flow->starved_ps < end_ps && flow->starved_ps + flow->reach_ps < end_ps)
        return false;
    wheel->window = next;
    if (wheel->far_window == next)
        fetch_far(flow);
    return true;
}

static bool comes_before(const struct message *a, const struct message *b)
{
    if (a->arrival_ps != b->arrival_ps)
        return a->arrival_ps < b->arrival_ps;
    return (a->key & (OP_PEERS_MOST - 1)) < (b->key & (OP_PEERS_MOST - 1));
}

/* Behind those that arrive before it or, from the same sender, were sent before it. */
static void sort_in(struct dataflow *flow, uint32_t index)
{
    struct wheel *wheel = flow->wheel;
    struct message *message = &flow->messages[index];
    uint32_t *place = &wheel->heads[message->receiver];
    if (*place == NOBODY)
        *vector_push(&wheel->ports, &wheel->port_count, &wheel->port_room) = message->receiver;
    while (*place != NOBODY && !comes_before(message, &flow->messages[*place]))
        place = &flow->messages[*place].next;
    message->next = *place;
    *place = index;
}

static void sort_window(struct dataflow *flow)
{
    struct wheel *wheel = flow->wheel;
    int list = (int)(wheel->window % ROOM);
    wheel->used[list / 64] &= ~(1ull << (list % 64));
    for (uint32_t i = wheel->first[list], next; i != NOBODY; i = next) {
        next = flow->messages[i].next;
        sort_in(flow, i);
        wheel->count--;
    }
}

static void serve_port(struct dataflow *flow, uint32_t rank)
{
    uint32_t next, index = flow->wheel->heads[rank];
    flow->wheel->heads[rank] = NOBODY;
    for (; index != NOBODY; index = next) {
        struct message *message = &flow->messages[index];
        next = message->next;
        message->arrival_ps =
            port_serve(flow, &flow->seats[rank], message->arrival_ps, message->stream_ps);
        step_deliver(flow, index);
    }
}

bool wheel_turn(struct dataflow *flow)
{
    struct wheel *wheel = flow->wheel;
    if (!go_on(flow))
        return false;
    sort_window(flow);
    for (int i = 0; i < wheel->port_count; i++)
        serve_port(flow, wheel->ports[i]);
    wheel->port_count = 0;
    return true;
}
