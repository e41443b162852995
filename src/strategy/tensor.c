/* Tensor parallelism: layers are split within, by columns then rows, so that a pair of linear layers
 * costs one all-reduce each way (Shoeybi et al. 2019), which the model's hooks make; with
 * tensor.sequence a reduce-scatter and an all-gather (Korthikanti et al. 2022). */
#include "words.h"

static double step(struct rank *self, struct training *training, size_t step)
{
    double loss = train_in_turn(self, training, step);
    optimizer_step(self, training->optimizer, training->model);
    return loss;
}

const struct strategy strategy_tensor = {
    .name = "tensor",
    .summary = "layers are split by columns, then rows: one all-reduce each way a pair of layers",
    .options = "tensor.sequence, tensor.chunks, allreduce, microbatches",
    .spreads_tensor = true,
    .step = step,
};
