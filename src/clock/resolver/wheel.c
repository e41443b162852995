/* Time windows: receive ports serve messages in order of arrival.
 *
 * When every rank is blocked, the next rank to go on does so because of a message that arrives at
 * some time T or later, the earliest of those on their way. Its receiver pays o, whatever it sends
 * then costs o again and L of some link: nothing that has not been sent yet arrives before T + 2o +
 * L. So all arrivals of a window no wider than that are known, and each port can serve its own in
 * order (Chandy and Misra 1979; the window: Lubachevsky 1989).
 *
 * Windows are the powers of two below 2o + L. The wheel has a list for each of the next ROOM windows;
 * what comes later is kept aside, and laid out when the wheel has come to it. Lists are made of
 * blocks, so that what is written one after the other is read so.
 */
#include "local.h"

#include <stdlib.h>

enum { ROOM = 256, ROOM_WORDS = ROOM / 64, BLOCK = 42, AHEAD = 6 };

/* 2 KB. */
struct block {
    struct block *next;
    int count;
    struct message messages[BLOCK];
};

struct wheel {
    int shift;       /* a window is 2^shift ps */
    uint64_t window; /* the present one: all before are done */
    struct block *first[ROOM], *last[ROOM]; /* by window modulo ROOM: messages in order of sending */
    uint64_t used[ROOM_WORDS];              /* a bit a list that has any */
    uint64_t count;                         /* lists that have any */
    uint32_t laid_out;                      /* messages in them */
    struct block *spare;

    struct message *far; /* messages beyond the wheel, in order of sending */
    int far_count, far_room;
    uint64_t far_window; /* of the earliest of them */

    struct message **arrivals; /* of the present window; a message's `next` is a place in here */
    uint32_t arrival_count, arrival_room;
    uint32_t *ports; /* their receivers, each once; room for all ranks */
    int port_count;
    uint32_t *heads; /* by rank: the first of its arrivals; NOBODY outside a turn */
};

struct wheel *wheel_create(uint64_t window_ps, int ranks)
{
    struct wheel *wheel = memory_zeroed(1, sizeof *wheel);
    wheel->shift = 63 - __builtin_clzll(window_ps);
    wheel->far_window = TIME_NEVER;
    wheel->heads = memory_zeroed((size_t)ranks, sizeof *wheel->heads);
    wheel->ports = memory_zeroed((size_t)ranks, sizeof *wheel->ports);
    for (int rank = 0; rank < ranks; rank++)
        wheel->heads[rank] = NOBODY;
    return wheel;
}

static void free_blocks(struct block *block)
{
    for (struct block *next; block; block = next) {
        next = block->next;
        free(block);
    }
}

void wheel_free(struct wheel *wheel)
{
    if (!wheel)
        return;
    for (int list = 0; list < ROOM; list++)
        if (wheel->used[list / 64] >> (list % 64) & 1)
            free_blocks(wheel->first[list]);
    free_blocks(wheel->spare);
    free(wheel->far);
    free(wheel->arrivals);
    free(wheel->ports);
    free(wheel->heads);
    free(wheel);
}

/* ---- Messages on their way. ---- */

static struct block *block_new(struct wheel *wheel)
{
    struct block *block = wheel->spare;
    if (block)
        wheel->spare = block->next;
    else
        block = memory_resize(NULL, sizeof *block);
    block->next = NULL;
    block->count = 0;
    return block;
}

/* Room at the end of the window's list. */
static struct message *lay_out(struct wheel *wheel, uint64_t window)
{
    int list = (int)(window % ROOM);
    uint64_t bit = 1ull << (list % 64);
    struct block *block = wheel->last[list];
    if (!(wheel->used[list / 64] & bit)) {
        wheel->first[list] = wheel->last[list] = block = block_new(wheel);
        wheel->used[list / 64] |= bit;
        wheel->count++;
    } else if (block->count == BLOCK) {
        wheel->last[list] = block = block->next = block_new(wheel);
    }
    wheel->laid_out++;
    return &block->messages[block->count++];
}

static struct message *put_far(struct wheel *wheel, uint64_t window)
{
    if (window < wheel->far_window)
        wheel->far_window = window;
    return vector_push(&wheel->far, &wheel->far_count, &wheel->far_room);
}

struct message *wheel_put(struct wheel *wheel, uint64_t arrival_ps)
{
    uint64_t window = arrival_ps >> wheel->shift;
    if (window - wheel->window < ROOM && window < wheel->far_window)
        return lay_out(wheel, window);
    return put_far(wheel, window);
}

/* Lays out what has come within reach of the wheel. */
static void fetch_far(struct wheel *wheel)
{
    int left = 0;
    uint64_t earliest = TIME_NEVER;
    for (int i = 0; i < wheel->far_count; i++) {
        struct message message = wheel->far[i];
        uint64_t window = message.arrival_ps >> wheel->shift;
        if (window - wheel->window < ROOM) {
            *lay_out(wheel, window) = message;
            continue;
        }
        wheel->far[left++] = message;
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
    if (flow->local)
        flow->local->end_ps = end_ps;
    if (wheel->far_window == next)
        fetch_far(wheel);
    return true;
}

/* ---- A window's turn. ---- */

static bool comes_before(const struct message *a, const struct message *b)
{
    if (a->arrival_ps != b->arrival_ps)
        return a->arrival_ps < b->arrival_ps;
    return (a->key & (OP_PEERS_MOST - 1)) < (b->key & (OP_PEERS_MOST - 1));
}

/* Behind those that arrive before it or, from the same sender, were sent before it. */
static void sort_in(struct wheel *wheel, struct message *message)
{
    uint32_t *place = &wheel->heads[message->receiver], number = wheel->arrival_count++;
    wheel->arrivals[number] = message;
    if (*place == NOBODY)
        wheel->ports[wheel->port_count++] = message->receiver;
    while (*place != NOBODY && !comes_before(message, wheel->arrivals[*place]))
        place = &wheel->arrivals[*place]->next;
    message->next = *place;
    *place = number;
}

/* For as many arrivals as a window could have. */
static void make_room(struct wheel *wheel)
{
    if (wheel->laid_out <= wheel->arrival_room)
        return;
    wheel->arrival_room = 2 * wheel->laid_out;
    wheel->arrivals =
        memory_resize(wheel->arrivals, wheel->arrival_room * sizeof *wheel->arrivals);
}

/* Takes the window's list, and puts each port's arrivals in order. */
static struct block *sort_window(struct wheel *wheel)
{
    int list = (int)(wheel->window % ROOM);
    wheel->used[list / 64] &= ~(1ull << (list % 64));
    wheel->count--;
    wheel->arrival_count = 0;
    wheel->port_count = 0;
    make_room(wheel);
    for (struct block *block = wheel->first[list]; block; block = block->next)
        for (int i = 0; i < block->count; i++)
            sort_in(wheel, &block->messages[i]);
    wheel->laid_out -= wheel->arrival_count;
    return wheel->first[list];
}

/* The rank goes on at once, while what it has is in the cache: whatever it sends arrives later than
 * this window. */
static void serve_port(struct dataflow *flow, uint32_t rank)
{
    struct wheel *wheel = flow->wheel;
    bool goes_on = false;
    uint32_t next, place = wheel->heads[rank];
    wheel->heads[rank] = NOBODY;
    for (; place != NOBODY; place = next) {
        struct message *message = wheel->arrivals[place];
        next = message->next;
        message->arrival_ps =
            port_serve(flow, &flow->seats[rank], message->arrival_ps, message->stream_ps);
        goes_on = step_deliver(flow, message) || goes_on;
    }
    if (goes_on)
        dataflow_run(flow, (int)rank);
}

static void serve_lanes(struct dataflow *flow, uint32_t rank)
{
    struct wheel *wheel = flow->wheel;
    uint32_t place = wheel->heads[rank];
    wheel->heads[rank] = NOBODY;
    for (; place != NOBODY; place = wheel->arrivals[place]->next)
        local_arrive(flow, (int)rank, wheel->arrivals[place]);
    local_run(flow, (int)rank);
}

static void foresee(const struct dataflow *flow, uint32_t rank)
{
    if (flow->local)
        local_foresee(flow->local, rank);
    else
        dataflow_foresee(flow, rank);
}

bool wheel_turn(struct dataflow *flow)
{
    struct wheel *wheel = flow->wheel;
    if (!clock_goes_on(flow->clock, wheel->arrival_count) || !go_on(flow))
        return false;
    struct block *served = sort_window(wheel);
    for (int i = 0; i < wheel->port_count; i++) {
        if (i + AHEAD < wheel->port_count)
            foresee(flow, wheel->ports[i + AHEAD]);
        (flow->local ? serve_lanes : serve_port)(flow, wheel->ports[i]);
    }
    for (struct block *next; served; served = next) {
        next = served->next;
        served->next = wheel->spare;
        wheel->spare = served;
    }
    return true;
}
