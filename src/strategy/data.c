/* Data parallelism: every node has the whole model and a share of the global batch; gradients are
 * all-reduced in buckets, behind the rest of the backward pass. */
#include "words.h"

static double step(struct rank *self, struct training *training, size_t step)
{
    double loss = train_in_turn(self, training, step); /* posts each bucket as its gradients are done */
    update_together(self, training);
    return loss;
}

const struct strategy strategy_data = {
    .name = "data",
    .summary = "the batch is split; gradients are all-reduced in buckets behind the backward pass",
    .options = "mesh.context, mesh.expert, bucket, compress, zero, zero.shard, allreduce, shares, microbatches",
    .spreads_data = true,
    .spreads_expert = true,
    .spreads_context = true,
    .step = step,
};
