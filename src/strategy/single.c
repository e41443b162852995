/* One node, which does everything: what the others are measured against. */
#include "words.h"

static double step(struct rank *self, struct training *training, size_t step)
{
    double loss = train_in_turn(self, training, step);
    optimizer_step(self, training->optimizer, training->model);
    return loss;
}

const struct strategy strategy_single = {
    .name = "single",
    .summary = "one node does everything: the baseline",
    .options = "nodes=1",
    .step = step,
};
