#include "ring.h"

#include "steps.h"

#include <string.h>

/* Where slices lie on their way: keys and values in two rooms that take turns; their gradients in two
 * that the rank fills in turn, and one for those that come in. */
enum { KEYS, GRADIENTS = KEYS + 2, COME_IN = GRADIENTS + 2, ROOMS };

/* Of keys and values, a row. */
static size_t slice_floats(struct attention shape)
{
    return 2 * shape.tokens * shape.heads * shape.head_width;
}

size_t ring_rooms(struct attention shape)
{
    return ROOMS * slice_floats(shape);
}

static int contexts(const struct ring *ring)
{
    return ring->pass->part->contexts;
}

static struct attention_slices meeting(const struct model_part *part, struct attention shape, int step)
{
    int from = (part->context + part->contexts - step) % part->contexts;
    return (struct attention_slices){.heads = shape.heads,
                                     .head_width = shape.head_width,
                                     .queries = part_slice(part, part->context),
                                     .keys = part_slice(part, from)};
}

static struct attention_slices meeting_of(const struct ring *ring, int step)
{
    struct attention_slices slices = meeting(ring->pass->part, ring->shape, step);
    slices.drops = pass_drops(ring->pass) ? &ring->drops : NULL;
    return slices;
}

size_t ring_scratch(const struct model_part *part, struct attention shape, bool drops)
{
    static const struct attention_drops some;
    struct attention_slices slices = meeting(part, shape, 0);
    slices.drops = drops ? &some : NULL;
    return math_attention_slices_scratch(&slices);
}

static size_t floats(const struct ring *ring)
{
    return ring->pass->rows * slice_floats(ring->shape);
}

static float *room(const struct ring *ring, int i)
{
    return view(ring->pass->travelling, (size_t)i * floats(ring));
}

static void post(const struct ring *ring, enum road road, int out, int in)
{
    const struct model_hooks *hooks = &ring->pass->model->hooks;
    hooks->ring_post(hooks->context, ring->pass->self, road, room(ring, out), room(ring, in),
                     floats(ring));
}

static void wait_for(const struct ring *ring, enum road road)
{
    const struct model_hooks *hooks = &ring->pass->model->hooks;
    hooks->ring_wait(hooks->context, ring->pass->self, road);
}

/* ---- Between qkv, or its gradient, where keys and values of a token lie behind its queries, and a room. ---- */

static size_t tokens(const struct ring *ring)
{
    return ring->pass->rows * ring->shape.tokens;
}

static size_t all_heads(const struct ring *ring)
{
    return ring->shape.heads * ring->shape.head_width;
}

static void pack_keys(const struct ring *ring)
{
    size_t all = all_heads(ring);
    float *to = room(ring, KEYS);
    if (!rank_compute_begin(ring->pass->self, elements_work(floats(ring), 0, 2)))
        return;
    for (size_t t = 0; t < tokens(ring); t++)
        memcpy(to + t * 2 * all, ring->qkv + t * 3 * all + all, 2 * all * sizeof *to);
    rank_compute_end(ring->pass->self);
}

/* The rank's own queries' part of its gradients. */
static void keep_own(const struct ring *ring)
{
    size_t all = all_heads(ring);
    const float *from = room(ring, GRADIENTS);
    if (!rank_compute_begin(ring->pass->self, elements_work(floats(ring), 0, 2)))
        return;
    for (size_t t = 0; t < tokens(ring); t++)
        memcpy(ring->dqkv + t * 3 * all + all, from + t * 2 * all, 2 * all * sizeof *from);
    rank_compute_end(ring->pass->self);
}

/* And what the others' have added up. */
static void add_others(const struct ring *ring)
{
    size_t all = all_heads(ring);
    const float *from = room(ring, COME_IN);
    if (!rank_compute_begin(ring->pass->self, elements_work(floats(ring), 1, 3)))
        return;
    for (size_t t = 0; t < tokens(ring); t++)
        math_add(2 * all, ring->dqkv + t * 3 * all + all, from + t * 2 * all);
    rank_compute_end(ring->pass->self);
}

static void add_to(const struct ring *ring, int i)
{
    if (!rank_compute_begin(ring->pass->self, elements_work(floats(ring), 1, 3)))
        return;
    math_add(floats(ring), room(ring, i), room(ring, COME_IN));
    rank_compute_end(ring->pass->self);
}

/* ---- A slice's queries meet another's keys. ---- */

/* So many products over the pairs that are gone through, the exponents, and draws; `arrays` of a token's width are
 * read or written. Scores stay in the cache. */
static struct work meeting_work(const struct ring *ring, const struct attention_slices *slices,
                                uint64_t products, uint64_t arrays)
{
    uint64_t pairs = ring->pass->rows * ring->shape.heads * math_attention_pairs(slices);
    struct work work = elements_work(tokens(ring) * all_heads(ring), 1, arrays);
    work.flops += products * 2 * pairs * ring->shape.head_width + 14 * pairs;
    work.flops += slices->drops ? (DROPOUT_FLOPS + 1) * pairs : 0;
    work.bytes += sizeof(float) * RING_KEEPS * tokens(ring) * ring->shape.heads;
    return work;
}

/* Reads queries, keys and values; reads and writes y. */
static void meet(const struct ring *ring, int step)
{
    const struct pass *pass = ring->pass;
    struct attention_slices slices = meeting_of(ring, step);
    if (math_attention_pairs(&slices) == 0 ||
        !rank_compute_begin(pass->self, meeting_work(ring, &slices, 2, 5)))
        return;
    math_attention_slices(&slices, pass->rows, ring->qkv, room(ring, KEYS + step % 2), step == 0, ring->y,
                          ring->most, ring->sum, pass->scratch);
    rank_compute_end(pass->self);
}

static void divide(const struct ring *ring)
{
    struct attention_slices slices = meeting(ring->pass->part, ring->shape, 0);
    if (!rank_compute_begin(ring->pass->self, elements_work(tokens(ring) * all_heads(ring), 1, 2)))
        return;
    math_attention_divide(&slices, ring->pass->rows, ring->sum, ring->y);
    rank_compute_end(ring->pass->self);
}

/* Keys go on while their slice is met. */
static void each_step(const struct ring *ring, void (*visit)(const struct ring *ring, int step))
{
    pack_keys(ring);
    for (int step = 0; step < contexts(ring); step++) {
        bool more = step + 1 < contexts(ring);
        if (more)
            post(ring, ROAD_KEYS, KEYS + step % 2, KEYS + (step + 1) % 2);
        visit(ring, step);
        if (more)
            wait_for(ring, ROAD_KEYS);
    }
}

void ring_attend(const struct ring *ring)
{
    each_step(ring, meet);
    divide(ring);
}

/* ---- The way back. ---- */

static void find_delta(const struct ring *ring)
{
    struct attention_slices slices = meeting(ring->pass->part, ring->shape, 0);
    if (!rank_compute_begin(ring->pass->self, elements_work(tokens(ring) * all_heads(ring), 2, 2)))
        return;
    math_attention_delta(&slices, ring->pass->rows, ring->y, ring->dy, ring->delta);
    rank_compute_end(ring->pass->self);
}

/* Scores again, gradients of probabilities, and three products for q, k and v. Reads queries, keys, values
 * and dy; reads and writes dq; writes the gradients of keys and values, which are 0 where none is seen. */
static void meet_back(const struct ring *ring, int step)
{
    const struct pass *pass = ring->pass;
    struct attention_slices slices = meeting_of(ring, step);
    struct work work = math_attention_pairs(&slices) ? meeting_work(ring, &slices, 5, 8)
                                                     : elements_work(floats(ring), 0, 1);
    if (!rank_compute_begin(pass->self, work))
        return;
    math_attention_slices_backward(&slices, pass->rows, ring->qkv, room(ring, KEYS + step % 2),
                                   ring->most, ring->sum, ring->delta, ring->dy, step == 0, ring->dqkv,
                                   room(ring, GRADIENTS + step % 2), pass->scratch);
    rank_compute_end(pass->self);
}

/* The gradients of a slice that has been met before come in while this rank finds its part of them. */
static void step_back(const struct ring *ring, int step)
{
    meet_back(ring, step);
    if (step == 0) {
        keep_own(ring);
        return;
    }
    if (step > 1) {
        wait_for(ring, ROAD_GRADIENTS);
        add_to(ring, GRADIENTS + step % 2);
    }
    post(ring, ROAD_GRADIENTS, GRADIENTS + step % 2, COME_IN);
}

void ring_attend_back(const struct ring *ring)
{
    find_delta(ring);
    each_step(ring, step_back);
    wait_for(ring, ROAD_GRADIENTS);
    add_others(ring);
}
