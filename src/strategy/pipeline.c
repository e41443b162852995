/* Pipeline parallelism: contiguous layers a node, split by flops; microbatches go through all
 * forward, then all backward (GPipe: Huang et al. 2019). */
#include "words.h"

static double step(struct rank *self, struct training *training, size_t step)
{
    load_batch(self, training, step);
    double loss = train_in_stages(self, training);
    optimizer_step(self, training->optimizer, training->model);
    return loss;
}

const struct strategy strategy_pipeline = {
    .name = "pipeline",
    .summary = "layers are split over stages; microbatches all forward, then all backward (GPipe)",
    .options = "microbatches",
    .spreads_pipeline = true,
    .step = step,
};
