#include "bare.h"

#include "threadrack/base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Aligned and on large pages, as a rank's are: both matter to a product. */
static float *noise(size_t count)
{
    size_t page = 2 << 20, bytes = (count * sizeof(float) + page - 1) / page * page;
    float *values = aligned_alloc(page, bytes);
    for (size_t i = 0; i < count; i++)
        values[i] = 1e-3f * (float)((int)(i * 7919 % 2001) - 1000);
    return values;
}

static void add(struct bare *bare, enum transpose ta, enum transpose tb, size_t m, size_t n,
                size_t k, size_t times)
{
    if (bare->count == BARE_MOST)
        BUG("more than %d products", BARE_MOST);
    bare->products[bare->count++] = (struct bare_product){.ta = ta,
                                                          .tb = tb,
                                                          .m = m,
                                                          .n = n,
                                                          .k = k,
                                                          .times = times,
                                                          .a = noise(m * k),
                                                          .b = noise(k * n),
                                                          .c = noise(m * n)};
}

/* Forward, weight gradient and, unless it is the first layer, input gradient. */
static void add_linear(struct bare *bare, size_t rows, size_t in, size_t out, bool first)
{
    add(bare, PLAIN, TRANSPOSED, rows, out, in, 1);
    add(bare, TRANSPOSED, PLAIN, out, in, rows, 1);
    if (!first)
        add(bare, PLAIN, PLAIN, rows, in, out, 1);
}

static void add_mlp(struct bare *bare, const char *text, size_t rows)
{
    char *end;
    size_t in = strtoul(text, &end, 10);
    for (bool first = true; *end == '-'; first = false) {
        size_t out = strtoul(end + 1, &end, 10);
        add_linear(bare, rows, in, out, first);
        in = out;
    }
}

static void add_convolution(struct bare *bare, size_t rows, size_t in, size_t out, size_t pixels)
{
    add(bare, PLAIN, PLAIN, out, pixels, 9 * in, rows);
    add(bare, PLAIN, TRANSPOSED, out, 9 * in, pixels, rows);
    if (in > 1)
        add(bare, PLAIN, PLAIN, in, pixels, 9 * out, rows);
}

/* Channels, then the hidden layer and ten outputs, of one channel of 28x28. */
static void add_cnn(struct bare *bare, const char *text, size_t rows)
{
    size_t in = 1, side = 28;
    char *end = (char *)text - 1;
    do {
        size_t out = strtoul(end + 1, &end, 10);
        add_convolution(bare, rows, in, out, side * side);
        in = out;
        side /= 2;
    } while (*end == '-');
    size_t hidden = strtoul(end + 1, NULL, 10);
    add_linear(bare, rows, in * side * side, hidden, false);
    add_linear(bare, rows, hidden, 10, false);
}

static void add_attention(struct bare *bare, size_t times, size_t tokens, size_t width)
{
    add(bare, PLAIN, TRANSPOSED, tokens, tokens, width, 2 * times); /* q k^T, dy v^T */
    add(bare, PLAIN, PLAIN, tokens, width, tokens, 2 * times);      /* p v, ds k */
    add(bare, TRANSPOSED, PLAIN, tokens, width, tokens, 2 * times); /* ds^T q, p^T dy */
}

static void add_gpt(struct bare *bare, const char *text, size_t rows)
{
    size_t layers, heads, width, context;
    if (sscanf(text, "layers=%zu,heads=%zu,width=%zu,context=%zu", &layers, &heads, &width,
               &context) != 4)
        BUG("no model of this bench: gpt:%s", text);
    size_t tokens = rows * context;
    for (size_t i = 0; i < layers; i++) {
        add_linear(bare, tokens, width, 3 * width, false);
        add_attention(bare, rows * heads, context, width / heads);
        add_linear(bare, tokens, width, width, false);
        add_linear(bare, tokens, width, 4 * width, false);
        add_linear(bare, tokens, 4 * width, width, false);
    }
    add_linear(bare, tokens, width, 128, false);
}

struct bare *bare_create(const char *model, size_t batch)
{
    struct bare *bare = memory_zeroed(1, sizeof *bare);
    if (!strncmp(model, "mlp:", 4))
        add_mlp(bare, model + 4, batch);
    else if (!strncmp(model, "cnn:", 4))
        add_cnn(bare, model + 4, batch);
    else
        add_gpt(bare, model + 4, batch);
    return bare;
}

void bare_step(struct bare *bare)
{
    for (int i = 0; i < bare->count; i++) {
        const struct bare_product *p = &bare->products[i];
        for (size_t t = 0; t < p->times; t++)
            math_gemm(p->ta, p->tb, p->m, p->n, p->k, 1, p->a, p->ta == PLAIN ? p->k : p->m, p->b,
                      p->tb == PLAIN ? p->n : p->k, 0, p->c, p->n);
    }
}

void bare_free(struct bare *bare)
{
    for (int i = 0; i < bare->count; i++) {
        free(bare->products[i].a);
        free(bare->products[i].b);
        free(bare->products[i].c);
    }
    free(bare);
}
