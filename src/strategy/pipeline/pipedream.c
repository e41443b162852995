/* PipeDream's 1F1B without a flush (Harlap et al. 2018, PipeDream: Fast and Efficient Pipeline Parallel DNN
 * Training; Narayanan et al. 2019, PipeDream: Generalized Pipeline Parallelism, sections 3.2 and 3.3). A step's rows
 * are one minibatch. Stage s is p-1-s minibatches ahead with its forward passes, and updates its weights
 * behind each backward pass, which is taken with the weights that the minibatch's forward pass saw there
 * (src/strategy/stash.c): with n = p - s, w(t+1) = w(t) - lr grad f(w(t-n+1)). A stage keeps p-s minibatches
 * and as many versions of its weights. Once the pipeline is full nobody is idle; filling and draining it
 * once take (p-1)/(S+p-1) of a run of S steps.
 *
 *     stage 0   F0 F1 F2       B0 F3    B1 F4    B2 F5    B3 F6 ...
 *     stage 1      F0 F1    B0 F2    B1 F3    B2 F4    B3 ...
 *     stage 2         F0 B0 F1 B1 F2 B2 F3 B3 F4 B4 ...           (where F and B take as long)
 *
 * A step ends, on every stage, with the backward pass and the update of that step's minibatch: so all stages
 * have as many updates then, and what is evaluated or saved are those weights, the latest. Minibatches that
 * have gone forward by then are on their way: a target that is reached leaves them there.
 */
#include "threadrack/strategy/pipeline.h"

static void order(struct stage_place place, struct stage_order *order)
{
    int newest = place.step + place.stages - 1 - place.stage;
    for (int i = place.step ? newest : 0; i <= newest && i < place.steps; i++)
        order_add(order, (struct stage_task){WORK_FORWARD, i, 0});
    order_add(order, (struct stage_task){WORK_BACKWARD, place.step, 0});
}

const struct pipeline_schedule pipeline_pipedream = {
    .name = "pipedream",
    .summary = "1f1b without a flush: each step a minibatch, its gradients of weights up to p-1 updates old; "
               "idle (p-1)/(S+p-1) of S steps; stage s keeps p-s minibatches and versions of its weights",
    .both_ways = true,
    .flows = true,
    .order = order,
};
