/* A pipeline's stage, in any order of its tasks. A microbatch has a slot of the model, which another
 * had before it and has left; receives are posted as soon as their place is free. */
#include "words.h"

static bool is_first_stage(const struct training *training)
{
    return training->point.stage == 0;
}

static bool is_last_stage(const struct training *training)
{
    return training->point.stage == training->plan->mesh->shape.pipeline - 1;
}

static struct request *inputs_of(const struct training *training)
{
    return training->receives;
}

static struct request *output_gradients_of(const struct training *training)
{
    return training->receives + training->plan->microbatches;
}

static struct request *outputs_of(const struct training *training)
{
    return training->sends;
}

static struct request *input_gradients_of(const struct training *training)
{
    return training->sends + training->plan->microbatches;
}

static void wait_for(struct rank *self, struct request *request)
{
    rank_wait(self, *request);
    *request = (struct request){0};
}

/* The slot of microbatch i is free: what comes first on its way. */
static void take_slot(struct rank *self, struct training *training, int i, size_t step)
{
    struct model *model = training->model;
    struct share rows = slot_rows(training, i);
    if (i >= training->plan->microbatches)
        return;
    if (is_first_stage(training))
        load_rows(self, training, step, microbatch(training, i), model_input(model, rows), NULL);
    else
        inputs_of(training)[i] = rank_post_receive(
            self, training->pipeline, training->point.stage - 1, model_input(model, rows),
            rows.count * model->input_width * sizeof(float));
}

static void forward(struct rank *self, struct training *training, int i)
{
    struct model *model = training->model;
    struct share rows = slot_rows(training, i);
    size_t bytes = rows.count * model->output_width * sizeof(float);
    int next = training->point.stage + 1;
    if (!is_first_stage(training))
        wait_for(self, &inputs_of(training)[i]);
    if (!is_last_stage(training) && i >= training->slots)
        wait_for(self, &outputs_of(training)[i - training->slots]);
    model_forward(self, model, rows);
    if (is_last_stage(training))
        return;
    outputs_of(training)[i] =
        rank_post_send(self, training->pipeline, next, model_output(model, rows), bytes);
    output_gradients_of(training)[i] = rank_post_receive(
        self, training->back, next, model_output_gradient(model, rows), bytes);
}

/* Backward of microbatch i to its input, by either of the model's words for it. */
typedef void backward_word(struct rank *self, struct model *model, struct share rows, bool first,
                           bool last);

static double backward(struct rank *self, struct training *training, int i, backward_word *word)
{
    struct model *model = training->model;
    struct share rows = slot_rows(training, i);
    double loss = 0;
    if (is_last_stage(training))
        loss = microbatch_loss(self, training, i);
    else
        wait_for(self, &output_gradients_of(training)[i]);
    if (!is_first_stage(training) && i >= training->slots)
        wait_for(self, &input_gradients_of(training)[i - training->slots]);
    word(self, model, rows, i == 0, i == training->plan->microbatches - 1);
    if (!is_first_stage(training))
        input_gradients_of(training)[i] = rank_post_send(
            self, training->back, training->point.stage - 1, model_input_gradient(model, rows),
            rows.count * model->input_width * sizeof(float));
    return loss;
}

static double do_task(struct rank *self, struct training *training, struct stage_task task,
                      size_t step)
{
    int i = task.microbatch;
    double loss = 0;
    if (task.work == WORK_FORWARD)
        forward(self, training, i);
    else if (task.work == WORK_BACKWARD)
        loss = backward(self, training, i, model_backward);
    else if (task.work == WORK_BACKWARD_INPUT)
        loss = backward(self, training, i, model_backward_input);
    else
        model_backward_weight(self, training->model, slot_rows(training, i), i == 0,
                              i == training->plan->microbatches - 1);
    if (task.work == WORK_BACKWARD || task.work == WORK_BACKWARD_WEIGHT)
        take_slot(self, training, i + training->slots, step);
    return loss;
}

double train_in_stages(struct rank *self, struct training *training, size_t step)
{
    int count = training->plan->microbatches;
    double loss = 0;
    if (is_last_stage(training))
        load_rows(self, training, step, (struct share){0, training->rows.count}, NULL,
                  training->targets);
    for (int i = 0; i < training->slots; i++)
        take_slot(self, training, i, step);
    for (int t = 0; t < training->order.count; t++)
        loss += do_task(self, training, training->order.tasks[t], step);
    for (int i = 0; i < 2 * count; i++)
        wait_for(self, &training->sends[i]);
    return loss;
}
