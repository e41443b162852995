/* Products whose rows are partial sums over the tensor group, in chunks of positions: each chunk's sum is under
 * way while the next chunk is computed (Wang et al. 2023, Overlap communication with dependent computation via
 * decomposition in large deep learning models, ASPLOS). Of n chunks, each computed in C and summed in S:
 *
 *     compute   C0 C1 C2 C3             the whole takes C + (n-1) max(C, S) + S
 *     sums         S0 S1 S2 S3
 *
 * With sequence parallelism a chunk has as many positions of every rank's block, and its sum is scattered: rooms
 * then hold chunk by chunk what the ranks' blocks have of it, until own positions are put together again.
 */
#include "steps.h"

#include "inside.h"

#include <string.h>

/* to = from W^T, or, on the way back, from W; W is (o, i). */
struct product {
    enum way way;
    const float *from, *w;
    float *to;
    size_t i, o;
};

static size_t width_of(const struct product *product)
{
    return product->way == WAY_FORWARD ? product->o : product->i;
}

static size_t blocks_of(const struct pass *pass)
{
    return pass->part->sequence ? (size_t)pass->part->tensors : 1;
}

/* Of each block, its positions in chunk c. */
static struct share chunk_of(const struct pass *pass, int c)
{
    return share_of(pass->positions / blocks_of(pass), (size_t)pass->model->hooks.chunks, (size_t)c);
}

static void multiply(const struct product *product, size_t rows, size_t first, float *to)
{
    size_t i = product->i, o = product->o;
    if (product->way == WAY_FORWARD)
        math_gemm(PLAIN, TRANSPOSED, rows, o, i, 1, product->from + first * i, i, product->w, i, 0, to, o);
    else
        math_gemm(PLAIN, PLAIN, rows, i, o, 1, product->from + first * o, o, product->w, i, 0, to, i);
}

static void begin_chunk(const struct pass *pass, const struct product *product, int c)
{
    const struct model_hooks *hooks = &pass->model->hooks;
    struct share chunk = chunk_of(pass, c);
    size_t blocks = blocks_of(pass), rows = blocks * chunk.count, width = width_of(product);
    float *to = view(product->to, blocks * chunk.begin * width);
    if (rows == 0)
        return;
    if (rank_compute_begin(pass->self, product_work(rows, product->i, product->o))) {
        for (size_t b = 0; b < blocks; b++)
            multiply(product, chunk.count, b * (pass->positions / blocks) + chunk.begin,
                     to + b * chunk.count * width);
        rank_compute_end(pass->self);
    }
    hooks->begin_sum(hooks->context, pass->self, to, rows * width);
}

/* The own positions, from all chunks to the beginning of the room: never beyond what is still to be moved. */
static void put_together(const struct pass *pass, float *room, size_t width)
{
    size_t blocks = blocks_of(pass), own = (size_t)pass->part->tensor;
    for (int c = 0; c < pass->model->hooks.chunks && room; c++) {
        struct share chunk = chunk_of(pass, c);
        memmove(room + chunk.begin * width, room + (blocks * chunk.begin + own * chunk.count) * width,
                chunk.count * width * sizeof *room);
    }
}

static float *in_chunks(const struct pass *pass, const struct product *product)
{
    const struct model_hooks *hooks = &pass->model->hooks;
    for (int c = 0; c < hooks->chunks; c++)
        begin_chunk(pass, product, c);
    hooks->end_sums(hooks->context, pass->self);
    if (pass->part->sequence)
        put_together(pass, product->to, width_of(product));
    return product->to;
}

float *step_product_summed(const struct pass *pass, const float *x, size_t i, const float *w, float *y, size_t o)
{
    if (pass->model->hooks.chunks < 2) {
        step_product(pass, x, i, w, y, o);
        return pass_scatter_forward(pass, y, o);
    }
    float *sum = in_chunks(pass, &(struct product){WAY_FORWARD, x, w, y, i, o});
    if (pass->part->sequence && sum)
        memcpy(pass->y, sum, pass->own * o * sizeof *sum);
    return pass->part->sequence ? pass->y : sum;
}

float *step_product_back_summed(const struct pass *pass, const float *dy, size_t o, const float *w, float *dx,
                                size_t i)
{
    if (pass->model->hooks.chunks > 1)
        return in_chunks(pass, &(struct product){WAY_BACKWARD, dy, w, dx, i, o});
    step_product_back(pass, dy, o, w, dx, i);
    return pass_scatter_backward(pass, dx, i);
}
