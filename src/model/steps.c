#include "steps.h"

#include "threadrack/math/transformer.h"

#include <string.h>

enum { NORM_FLOPS = 8, NORM_BACK_FLOPS = 14 };
static const float norm_eps = 1e-5f; /* PyTorch's nn.LayerNorm */

struct work product_work(uint64_t r, uint64_t i, uint64_t o)
{
    return (struct work){
        .flops = 2 * r * i * o, .values = r * i + i * o + r * o, .kernels = 1};
}

struct work weight_gradient_work(uint64_t r, uint64_t i, uint64_t o, bool first)
{
    return (struct work){.flops = 2 * r * i * o,
                         .values = r * i + r * o,
                         .gradients = first ? i * o : 2 * i * o,
                         .kernels = 1};
}

struct work elements_work(uint64_t count, uint64_t flops_each, uint64_t arrays)
{
    return (struct work){
        .flops = count * flops_each, .values = count * arrays, .kernels = 1};
}

uint64_t activation_flops(enum activation kind)
{
    return kind == ACTIVATION_NONE ? 0 : kind == ACTIVATION_RELU ? 1 : 20;
}

void step_product(const struct pass *pass, const float *x, size_t i, const float *w, float *y,
                  size_t o)
{
    if (!rank_compute_begin(pass->self, product_work(pass->positions, i, o)))
        return;
    math_gemm(PLAIN, TRANSPOSED, pass->positions, o, i, 1, x, i, w, i, 0, y, o);
    rank_compute_end(pass->self);
}

/* Arrays of (r, o); a vector of o comes besides. */
static struct work bias_work(const struct pass *pass, size_t o, enum activation kind,
                             uint64_t arrays)
{
    return elements_work(pass->positions * o, 1 + activation_flops(kind), arrays);
}

void step_bias_activate(const struct pass *pass, float *pre, size_t o, const float *bias,
                        enum activation kind, float *y)
{
    struct work work = bias_work(pass, o, kind, 2);
    work.values += o;
    if (!rank_compute_begin(pass->self, work))
        return;
    math_bias_activate(pass->positions, o, pre, bias, kind, y);
    rank_compute_end(pass->self);
}

void step_product_back(const struct pass *pass, const float *dy, size_t o, const float *w,
                       float *dx, size_t i)
{
    if (!rank_compute_begin(pass->self, product_work(pass->positions, i, o)))
        return;
    math_gemm(PLAIN, PLAIN, pass->positions, i, o, 1, dy, o, w, i, 0, dx, i);
    rank_compute_end(pass->self);
}

void step_activate_back(const struct pass *pass, float *dy, size_t o, const float *pre,
                        const float *y, enum activation kind, int bias)
{
    bool active = kind != ACTIVATION_NONE;
    struct work work = bias_work(pass, o, kind, active ? 3 : 1);
    work.gradients += o;
    if (!rank_compute_begin(pass->self, work))
        return;
    math_activate_backward(pass->positions, o, dy, pre, y, kind, pass_gradient(pass, bias),
                           !pass->first);
    pass_update(pass, bias);
    rank_compute_end(pass->self);
}

void step_weight_gradient(const struct pass *pass, int tensor, const float *dy, size_t o,
                          const float *x, size_t i)
{
    const struct fused_update *fused = &pass->model->fused;
    if (!rank_compute_begin(pass->self, weight_gradient_work(pass->positions, i, o, pass->first)))
        return;
    math_gemm(TRANSPOSED, PLAIN, o, i, pass->positions, fused->done ? -fused->lr : 1, dy, o, x, i,
              fused->done   ? 1 - fused->lr * fused->decay
              : pass->first ? 0
                            : 1,
              fused->done ? pass_weight(pass, tensor) : pass_gradient(pass, tensor), i);
    rank_compute_end(pass->self);
}

void step_norm(const struct pass *pass, size_t width, const float *x, int gain, float *y,
               float *mean, float *rstd)
{
    if (!rank_compute_begin(pass->self, elements_work(pass->own * width, NORM_FLOPS, 2)))
        return;
    math_layernorm(pass->own, width, norm_eps, x, pass_weight(pass, gain),
                   pass_weight(pass, gain + 1), y, mean, rstd);
    rank_compute_end(pass->self);
}

void step_norm_back(const struct pass *pass, size_t width, const float *x, int gain,
                    const float *mean, const float *rstd, float *dy, bool residual)
{
    size_t count = pass->own * width;
    bool adds = residual && pass->part->needs_dx;
    if (!rank_compute_begin(pass->self, elements_work(count, NORM_BACK_FLOPS, adds ? 4 : 3)))
        return;
    if (adds)
        memcpy(pass->dx, pass->dy, count * sizeof *dy);
    math_layernorm_backward(pass->own, width, x, pass_weight(pass, gain), mean, rstd, dy,
                            pass->part->needs_dx ? pass->dx : dy, adds, pass_gradient(pass, gain),
                            pass_gradient(pass, gain + 1), !pass->first);
    pass_update(pass, gain);
    pass_update(pass, gain + 1);
    rank_compute_end(pass->self);
}

/* Of the own positions, run by run of those that lie side by side in the undivided row. */
static void draw_kept(const struct pass *pass, size_t width, uint8_t *kept)
{
    const struct model_part *part = pass->part;
    struct slice slice = part_slice(part, part->context);
    size_t row = slice_positions(&slice), length = slice.runs[0].count, count;
    size_t begin = part->sequence ? (size_t)part->tensor * pass->own : 0, end = begin + pass->own;
    for (size_t at = begin; at < end; at += count) {
        size_t position = slice.runs[at % row / length].begin + at % length;
        uint64_t first = ((uint64_t)pass->model->dropout.row + at / row) * part->layer->positions + position;
        count = end - at < length - at % length ? end - at : length - at % length;
        math_dropout_draw(pass_draw(pass, false), part->layer->dropout, first * width, count * width,
                          kept + (at - begin) * width);
    }
}

static void drop(const struct pass *pass, size_t width, float *y, uint8_t *kept)
{
    draw_kept(pass, width, kept);
    math_dropout(pass->own * width, kept, pass_kept_factor(pass), y, y);
}

void step_residual(const struct pass *pass, size_t width, const float *x, const float *bias,
                   float *y, float *kept)
{
    bool drops = pass_drops(pass);
    struct work work = elements_work(pass->own * width, drops ? 2 + DROPOUT_FLOPS : 2, 3);
    work.values += width;
    work.bytes += drops ? pass->own * width : 0;
    if (!rank_compute_begin(pass->self, work))
        return;
    math_bias_activate(pass->own, width, y, bias, ACTIVATION_NONE, y);
    if (drops)
        drop(pass, width, y, (uint8_t *)kept);
    math_add(pass->own * width, y, x);
    rank_compute_end(pass->self);
}

static struct work dropout_work(const struct pass *pass, size_t width, uint64_t flops)
{
    struct work work = elements_work(pass->own * width, flops, 2);
    work.bytes = pass->own * width;
    return work;
}

void step_dropout(const struct pass *pass, size_t width, float *y, float *kept)
{
    if (!pass_drops(pass) || !rank_compute_begin(pass->self, dropout_work(pass, width, DROPOUT_FLOPS)))
        return;
    drop(pass, width, y, (uint8_t *)kept);
    rank_compute_end(pass->self);
}

float *step_dropout_back(const struct pass *pass, size_t width, const float *kept, float *to)
{
    if (!pass_drops(pass))
        return pass->dy;
    if (!rank_compute_begin(pass->self, dropout_work(pass, width, 1)))
        return to;
    math_dropout(pass->own * width, (const uint8_t *)kept, pass_kept_factor(pass), pass->dy, to);
    rank_compute_end(pass->self);
    return to;
}
