/* An evaluation on the virtual clock. What comes of the pass is not used: the driver evaluates the gathered model off
 * the clock, so that what is found is the same whether it is timed or not. */
#include "words.h"

#include "servers.h"

/* One pass forward and the loss, of rows in the place of the step's first microbatch. */
static void pass(struct rank *self, struct training *training, size_t count)
{
    struct share rows = {slot_rows(training, 0, 0).begin, count};
    model_forward(self, training->model, rows);
    model_loss(self, model_chunk(training->model, training->chunks - 1), rows, training->targets, 1);
}

static void test_in_turn(struct rank *self, struct training *training, size_t left)
{
    size_t most = microbatch(training, 0).count;
    for (; left > most; left -= most)
        pass(self, training, most);
    if (left)
        pass(self, training, left);
}

void training_time_evaluation(struct rank *self, struct training *training, size_t test_rows)
{
    const struct plan *plan = training->plan;
    if (plan->strategy->serves_shares && serves(training))
        return;
    size_t replicas = (size_t)(mesh_replicas(plan->mesh->shape) - plan->servers);
    size_t left = share_of(test_rows, replicas, (size_t)(training->point.replica - plan->servers)).count;
    training->model->trains = false; /* nothing is dropped, and routers' choices are not counted */
    (plan->mesh->shape.pipeline > 1 ? test_in_stages : test_in_turn)(self, training, left);
    training->model->trains = true;
}
