/* Pipeline parallelism: contiguous layers a node, split by flops, in the order of a schedule
 * (strategy/pipeline.h). */
#include "words.h"

static double step(struct rank *self, struct training *training, size_t step)
{
    double loss = train_in_stages(self, training, step);
    sum_tied(training);
    optimizer_step(self, training->optimizer, training->model);
    return loss;
}

const struct strategy strategy_pipeline = {
    .name = "pipeline",
    .summary = "layers are split over stages, which microbatches go through (threadrack list pipelines)",
    .options = "microbatches, pipeline.schedule, pipeline.split",
    .spreads_pipeline = true,
    .step = step,
};
