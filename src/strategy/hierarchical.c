/* Local SGD on two levels (Lin, Stich, Patel, Jaggi: Don't use large mini-batches, use local SGD, ICLR
 * 2020, section 5): nodes of a box average each `local_steps` steps, all of them each `across_steps`. */
#include "words.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

struct own {
    struct allreduce box;
};

static void *setup(struct rank *self, struct training *training)
{
    struct own *own = memory_zeroed(1, sizeof *own);
    allreduce_init(&own->box, self, training->plan->mesh->box[rank_id(self)],
                   training->plan->allreduce);
    return own;
}

static double step(struct rank *self, struct training *training, size_t step)
{
    const struct local_plan *plan = &training->plan->local;
    struct own *own = training->own;
    double loss = train_alone(self, training, step);
    if ((step + 1) % plan->across == 0)
        average_parameters(self, training, &training->replicas);
    else if ((step + 1) % plan->steps == 0)
        average_parameters(self, training, &own->box);
    training->replicas.used |= own->box.used;
    return loss;
}

const struct strategy strategy_hierarchical = {
    .name = "hierarchical",
    .summary = "local SGD that averages often within a box and seldom across boxes",
    .options = "local_steps, across_steps, allreduce, shares, microbatches, partition",
    .spreads_data = true,
    .updates_alone = true,
    .needs_boxes = true,
    .step = step,
    .setup = setup,
    .release = free,
};
