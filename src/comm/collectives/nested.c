#include "nested.h"

/* The sizes of two dimensions about the root. */
static struct layout square_of(int size)
{
    struct layout layout = {.levels = 2, .sizes = {1, size}};
    for (int i = 2; i * i <= size; i++)
        if (size % i == 0)
            layout.sizes[0] = i;
    layout.sizes[1] = size / layout.sizes[0];
    return layout;
}

struct nest nest_of(const struct call *call, int first)
{
    const struct layout *given = call->context;
    struct layout layout = given && given->levels ? *given : square_of(call->size);
    int strides[LAYOUT_LEVELS];
    for (int k = 0, stride = 1; k < layout.levels; stride *= layout.sizes[k++])
        strides[k] = stride;
    struct nest nest = {.count = layout.levels};
    for (int k = 0; k < nest.count; k++) {
        int from = (first + k) % nest.count;
        nest.sizes[k] = layout.sizes[from];
        nest.strides[k] = strides[from];
        nest.paths[k] = layout.paths[from];
    }
    return nest;
}

/* i, at least -2n and below n, modulo n. */
static int around(int i, int n)
{
    while (i < 0)
        i += n;
    return i;
}

static struct share part_of(struct share whole, int parts, int i)
{
    struct share inner = share_of(whole.count, (size_t)parts, (size_t)around(i, parts));
    return (struct share){whole.begin + inner.begin, inner.count};
}

int nest_half(const struct nest *nest)
{
    int half = 0;
    for (int k = 0; k < nest->count; k++)
        half += nest->sizes[k] - 1;
    return half;
}

int nest_level(const struct nest *nest, int *at)
{
    int k = 0;
    if (*at < 0)
        return -1;
    for (; k < nest->count && *at >= nest->sizes[k] - 1; k++)
        *at -= nest->sizes[k] - 1;
    return k < nest->count ? k : -1;
}

bool nest_step(const struct call *call, const struct nest *nest, struct share whole, int index,
               struct step *step)
{
    struct share wholes[LAYOUT_LEVELS];
    int places[LAYOUT_LEVELS], half = nest_half(nest);
    for (int i = 0; i < nest->count; i++) {
        wholes[i] = whole;
        places[i] = call->rank / nest->strides[i] % nest->sizes[i];
        whole = part_of(whole, nest->sizes[i], places[i]);
    }
    bool reduce = index < half;
    int at = reduce ? index : 2 * half - 1 - index, k = nest_level(nest, &at);
    if (k < 0)
        return false;
    int size = nest->sizes[k], stride = nest->strides[k], place = places[k];
    int block = reduce ? place - 1 - at : place - (size - 2 - at);
    *step = (struct step){.send_to = call->rank + (place + 1 < size ? stride : stride * (1 - size)),
                          .recv_from = call->rank - (place ? stride : stride * (1 - size)),
                          .send = part_of(wholes[k], size, block),
                          .recv = part_of(wholes[k], size, block - 1),
                          .reduce = reduce};
    return true;
}

bool nest_round(const struct call *call, const struct nest *nest, int at, bool reduce, struct round *round)
{
    int k = nest_level(nest, &at);
    if (k < 0)
        return false;
    int ring = nest->strides[k] * nest->sizes[k];
    *round = (struct round){.pairing = ROUND_SHIFT,
                            .distance = nest->strides[k],
                            .elements = call->count / (size_t)ring,
                            .as_steps = call->count % (size_t)call->size,
                            .reduce = reduce,
                            .span = ring < call->size ? ring : 0};
    return true;
}

uint64_t nest_ps(const struct nest *nest, size_t count, size_t element_bytes, struct path path)
{
    uint64_t total = 0;
    for (int k = 0; k < nest->count; k++) {
        struct path own = nest->paths[k].bandwidth_Bps ? nest->paths[k] : path;
        count = (count + (size_t)nest->sizes[k] - 1) / (size_t)nest->sizes[k];
        total += (uint64_t)(nest->sizes[k] - 1) * hockney_ps(own, count * element_bytes);
    }
    return total;
}
