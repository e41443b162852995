/* Over two levels: a reduce-scatter round a ring in each box, an all-reduce of each block round a
 * ring of the boxes, an all-gather in each box. With b members a box and q boxes: 2(b-1)(alpha_1 +
 * n/(b beta_1)) + 2(q-1)(alpha_2 + n/(b q beta_2)). On a torus, with a row for a box, it is the
 * two-dimensional ring (Mikami et al.: Massively distributed SGD: ImageNet/ResNet-50 training in a
 * flash, 2018; Ying et al. 2018), and is found under the name `torus2d`, too. */
#include "../blocks.h"

/* Without a layout: the largest divisor of the size that is no larger than its root. */
static int box_of(const struct call *call)
{
    const struct layout *layout = call->context;
    if (layout && layout->box)
        return layout->box;
    int box = 1;
    for (int i = 2; i * i <= call->size; i++)
        if (call->size % i == 0)
            box = i;
    return box;
}

/* i, at least -2n and below 2n, modulo n. */
static int around(int i, int n)
{
    while (i < 0)
        i += n;
    return i < n ? i : i - n;
}

/* A ring of one level: who, of how many, what the ring's blocks are parts of, and what lies between
 * two of its members in the group. */
struct level {
    int place, places, stride;
    struct share whole;
};

static struct share part(const struct level *level, int i)
{
    struct share inner =
        share_of(level->whole.count, (size_t)level->places, (size_t)around(i, level->places));
    return (struct share){level->whole.begin + inner.begin, inner.count};
}

static void ring(const struct call *call, const struct level *level, int block, bool reduce,
                 struct step *step)
{
    int next = level->place + 1 < level->places ? 1 : 1 - level->places;
    int previous = level->place ? -1 : level->places - 1;
    *step = (struct step){.send_to = call->rank + next * level->stride,
                          .recv_from = call->rank + previous * level->stride,
                          .send = part(level, block),
                          .recv = part(level, block - 1),
                          .reduce = reduce};
}

static bool step(const struct call *call, int index, struct step *step)
{
    int b = box_of(call), q = call->size / b, scatter = b - 1, across = 2 * (q - 1);
    struct level box = {call->rank % b, b, 1, whole_of(call)};
    struct level boxes = {call->rank / b, q, b, part(&box, box.place)};
    if (index >= scatter + across + scatter)
        return false;
    if (index < scatter)
        ring(call, &box, box.place - 1 - index, true, step);
    else if (index < scatter + q - 1)
        ring(call, &boxes, boxes.place - (index - scatter), true, step);
    else if (index < scatter + across)
        ring(call, &boxes, boxes.place + 1 - (index - scatter - (q - 1)), false, step);
    else
        ring(call, &box, box.place - (index - scatter - across), false, step);
    return true;
}

static bool round_of(const struct call *call, int index, struct round *round)
{
    int p = call->size, b = box_of(call), scatter = b - 1, across = 2 * (p / b - 1);
    bool within = index < scatter || index >= scatter + across;
    *round = (struct round){.pairing = ROUND_SHIFT,
                            .distance = within ? 1 : b,
                            .elements = call->count / (size_t)(within ? b : p),
                            .as_steps = call->count % (size_t)p,
                            .reduce = index < scatter + across / 2,
                            .span = within ? b : 0};
    return index < scatter + across + scatter;
}

static uint64_t closed_form_ps(const struct call *call, size_t element_bytes, struct path path)
{
    const struct layout *layout = call->context;
    int b = box_of(call), q = call->size / b;
    struct path inner = layout && layout->inner.bandwidth_Bps ? layout->inner : path;
    size_t block = (call->count + (size_t)b - 1) / (size_t)b;
    return 2 * (uint64_t)(b - 1) * hockney_ps(inner, block * element_bytes) +
           2 * (uint64_t)(q - 1) * block_ps(block, (size_t)q, element_bytes, path);
}

const struct collective collective_allreduce_hierarchical = {
    .operation = "allreduce",
    .name = "hierarchical",
    .summary =
        "rings in each box, and of the boxes for each block; on a torus: the two-dimensional ring",
    .options = "box",
    .schedule = {.name = "hierarchical allreduce", .step = step, .round = round_of},
    .closed_form_ps = closed_form_ps,
};
