/* Data x tensor x pipeline (x context) on a mesh: replicas of a pipeline whose stages are split within. */
#include "words.h"

static double step(struct rank *self, struct training *training, size_t step)
{
    double loss = train_in_stages(self, training, step);
    update_together(self, training);
    return loss;
}

const struct strategy strategy_hybrid = {
    .name = "hybrid",
    .summary = "data x tensor x pipeline on a mesh; tensor groups sit closest",
    .options = "mesh.data, mesh.tensor, mesh.pipeline, mesh.context, mesh.expert, mesh.order, tensor.sequence, "
               "tensor.chunks, bucket, compress, zero, zero.shard, allreduce, shares, microbatches, pipeline.schedule, "
               "pipeline.split",
    .spreads_data = true,
    .spreads_expert = true,
    .spreads_context = true,
    .spreads_tensor = true,
    .spreads_pipeline = true,
    .step = step,
};
