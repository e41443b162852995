/* Local SGD (Stich: Local SGD converges fast and communicates little, ICLR 2019): each node takes
 * `local_steps` steps on its own, then all average their parameters. With 1 and plain SGD that is data
 * parallelism. */
#include "words.h"

static double step(struct rank *self, struct training *training, size_t step)
{
    double loss = train_alone(self, training, step);
    if ((step + 1) % training->plan->local.steps == 0)
        average_parameters(self, training, &training->replicas);
    return loss;
}

const struct strategy strategy_local_sgd = {
    .name = "local_sgd",
    .summary = "nodes train on their own and average their parameters each local_steps steps",
    .options = "local_steps, allreduce, shares, microbatches, partition",
    .spreads_data = true,
    .updates_alone = true,
    .step = step,
};
