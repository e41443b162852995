/* Squared error, the mean over a row's outputs: PyTorch's nn.MSELoss. Where targets are classes, an
 * output is to be 1 for the row's class and 0 for the others. */
#include "../loss.h"

#include "threadrack/math/math.h"

static struct work work(const struct loss_shape *shape, size_t rows)
{
    uint64_t count = (uint64_t)rows * shape->positions * shape->width;
    return (struct work){
        .flops = 4 * count, .bytes = sizeof(float) * 2 * count, .values = count, .kernels = 1};
}

/* Against 1 at the class and 0 elsewhere, element by element. */
static double against_class(size_t width, const float *output, size_t class, float scale,
                            float *gradient)
{
    static const float aims[2] = {0, 1};
    double loss = 0;
    for (size_t j = 0; j < width; j++)
        loss += math_squared_loss(1, 1, output + j, &aims[j == class], scale,
                                  gradient ? gradient + j : NULL);
    return loss;
}

static double compute(const struct loss_shape *shape, size_t rows, const float *output,
                      const void *targets, float scale, float *gradient)
{
    size_t positions = rows * shape->positions, width = shape->width;
    double loss = 0;
    scale /= (float)(shape->positions * width);
    if (shape->values)
        return math_squared_loss(positions, width, output, targets, scale, gradient);
    for (size_t i = 0; i < positions; i++)
        loss += against_class(width, output + i * width, (size_t)((const int32_t *)targets)[i],
                              scale, gradient ? gradient + i * width : NULL);
    return loss;
}

const struct loss_ops loss_squared_error = {
    .name = "squared_error",
    .summary = "the mean squared difference from real values, or from 1 for a row's class and else 0",
    .takes_values = true,
    .work = work,
    .compute = compute,
};
