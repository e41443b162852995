/* Softmax cross-entropy of each position's class: PyTorch's nn.CrossEntropyLoss. Over tensor ranks that
 * have a share of the classes each, they exchange only the largest logit, the sum of exponentials and
 * the target's logit of a position (Shoeybi et al. 2019, section 3, fuse loss and output layer so). */
#include "../loss.h"

#include "threadrack/math/math.h"

/* An exponential counts as ten operations. */
static struct work work(const struct loss_shape *shape, size_t rows)
{
    uint64_t positions = (uint64_t)rows * shape->positions, count = positions * shape->width;
    return (struct work){
        .flops = 14 * count, .bytes = sizeof(float) * (count + positions), .values = count, .kernels = 1};
}

static double compute(const struct loss_shape *shape, size_t rows, const float *output,
                      const void *targets, float scale, float *gradient)
{
    return math_softmax_loss(rows * shape->positions, shape->width, output, targets,
                             scale / (float)shape->positions, gradient);
}

static struct work own_work(const struct loss_shape *shape, size_t rows, size_t outputs,
                            uint64_t flops, bool goes_back)
{
    uint64_t positions = (uint64_t)rows * shape->positions, count = positions * outputs;
    return (struct work){.flops = flops * count,
                         .bytes = sizeof(float) * (count + positions),
                         .values = goes_back ? count : 0,
                         .kernels = 1};
}

static struct work parts_work(const struct loss_shape *shape, size_t rows, size_t outputs)
{
    return own_work(shape, rows, outputs, 12, false);
}

static void part(const struct loss_shape *shape, size_t rows, struct share outputs,
                 const float *output, const void *targets, float *parts)
{
    math_softmax_parts(rows * shape->positions, outputs.count, outputs.begin, output, targets,
                       parts);
}

static struct work of_parts_work(const struct loss_shape *shape, size_t rows, size_t outputs)
{
    return own_work(shape, rows, outputs, 12, true);
}

static double of_parts(const struct loss_shape *shape, size_t rows, struct share outputs,
                       const float *output, const void *targets, size_t ranks, const float *parts,
                       float scale, float *gradient)
{
    return math_softmax_of_parts(rows * shape->positions, outputs.count, outputs.begin, output,
                                 targets, ranks, parts, scale / (float)shape->positions, gradient);
}

const struct loss_ops loss_cross_entropy = {
    .name = "cross_entropy",
    .summary = "softmax cross-entropy of each position's class",
    .work = work,
    .compute = compute,
    .parts = SOFTMAX_PARTS,
    .parts_work = parts_work,
    .part = part,
    .of_parts_work = of_parts_work,
    .of_parts = of_parts,
};
