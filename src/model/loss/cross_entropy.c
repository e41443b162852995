/* Softmax cross-entropy of each position's class: PyTorch's nn.CrossEntropyLoss. */
#include "../loss.h"

#include "threadrack/math/math.h"

/* An exponential counts as ten operations. */
static struct work work(const struct loss_shape *shape, size_t rows)
{
    uint64_t positions = (uint64_t)rows * shape->positions, count = positions * shape->width;
    return (struct work){
        .flops = 14 * count, .bytes = sizeof(float) * (2 * count + positions), .kernels = 1};
}

static double compute(const struct loss_shape *shape, size_t rows, const float *output,
                      const void *targets, float scale, float *gradient)
{
    return math_softmax_loss(rows * shape->positions, shape->width, output, targets,
                             scale / (float)shape->positions, gradient);
}

const struct loss_ops loss_cross_entropy = {
    .name = "cross_entropy",
    .summary = "softmax cross-entropy of each position's class",
    .work = work,
    .compute = compute,
};
