/* DiLoCo (Douillard et al. 2023: Distributed low-communication training of language models): each node
 * takes `local_steps` steps of the inner optimizer; then the mean of how far the nodes went, back to
 * where all began, is the gradient of an outer optimizer, Nesterov's:
 *
 *     begun = parameters; local steps; gradient = begun - mean(parameters); begun -= outer(gradient)
 *
 * With one local step, and outer SGD of rate 1, it is data parallelism. */
#include "words.h"

#include "threadrack/base/memory.h"
#include "threadrack/math/math.h"

#include <stdlib.h>
#include <string.h>

struct own {
    float *begun; /* (parameters): where the local steps began */
    struct optimizer *outer;
};

static void *setup(struct rank *self, struct training *training)
{
    struct own *own = memory_zeroed(1, sizeof *own);
    own->begun = rank_alloc(self, MEMORY_OPTIMIZER,
                            training->model->parameter_count * sizeof *own->begun);
    own->outer = optimizer_create(self, training->plan->local.outer, training->model);
    return own;
}

static void begin(struct training *training)
{
    struct own *own = training->own;
    memcpy(own->begun, training->model->parameters,
           training->model->parameter_count * sizeof *own->begun);
}

static void release(void *pointer)
{
    struct own *own = pointer;
    optimizer_free(own->outer);
    free(own);
}

/* gradients = begun - parameters; parameters = begun. */
static void go_back(struct rank *self, struct training *training)
{
    const struct own *own = training->own;
    struct model *model = training->model;
    if (!rank_compute_begin(self, parameters_work(training, 1, 4)))
        return;
    for (size_t i = 0; i < model->parameter_count; i++) {
        model->gradients[i] = own->begun[i] - model->parameters[i];
        model->parameters[i] = own->begun[i];
    }
    rank_compute_end(self);
}

static double step(struct rank *self, struct training *training, size_t step)
{
    struct own *own = training->own;
    double loss = train_alone(self, training, step);
    if ((step + 1) % training->plan->local.steps)
        return loss;
    average_parameters(self, training, &training->replicas);
    go_back(self, training);
    optimizer_step(self, own->outer, training->model);
    copy_parameters(self, training, own->begun, training->model->parameters);
    return loss;
}

const struct strategy strategy_diloco = {
    .name = "diloco",
    .summary = "local steps of an inner optimizer; how far the nodes went steps an outer one",
    .options = "local_steps, outer, allreduce, shares, microbatches, partition",
    .spreads_data = true,
    .updates_alone = true,
    .step = step,
    .setup = setup,
    .begin = begin,
    .release = release,
};
