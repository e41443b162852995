#include "words.h"

struct share microbatch(const struct training *training, int i)
{
    return share_of(training->rows.count, (size_t)training->plan->microbatches, (size_t)i);
}

static bool is_first_stage(const struct training *training)
{
    return training->point.stage == 0;
}

static bool is_last_stage(const struct training *training)
{
    return training->point.stage == training->plan->mesh->shape.pipeline - 1;
}

void load_batch(struct rank *self, struct training *training, size_t step)
{
    if (!rank_is_real(self) || !training->plan->loader)
        return;
    struct share all = {0, training->rows.count};
    void *inputs = is_first_stage(training) ? model_input(training->model, all) : NULL;
    void *targets = is_last_stage(training) ? training->targets : NULL;
    if (training->plan->partition)
        loader_fill_part(training->plan->loader, training->point.replica - training->plan->servers,
                         step * training->rows.count,
                         training->rows.count, inputs, targets);
    else
        loader_fill(training->plan->loader, step, training->rows, inputs, targets);
}

double microbatch_loss(struct rank *self, struct training *training, int i)
{
    struct share rows = microbatch(training, i);
    const int32_t *targets =
        training->targets ? training->targets + rows.begin * training->plan->target_width : NULL;
    size_t batch = training->plan->batch, own = training->rows.count;
    size_t mean_over = training->plan->strategy->updates_alone ? own : batch;
    double loss = model_loss(self, training->model, rows, targets, 1.0f / (float)mean_over);
    return training->point.shard == 0 ? loss * (double)mean_over / (double)batch : 0;
}

double train_in_turn(struct rank *self, struct training *training)
{
    int last = training->plan->microbatches - 1;
    double loss = 0;
    for (int i = 0; i <= last; i++) {
        model_forward(self, training->model, microbatch(training, i));
        loss += microbatch_loss(self, training, i);
        model_backward(self, training->model, microbatch(training, i), i == 0, i == last);
    }
    return loss;
}

/* ---- Stages. Receives are posted before the work that they overlap. ---- */

static struct request send_rows(struct rank *self, const struct training *training, int stage,
                                const float *values, size_t floats)
{
    return rank_post_send(self, training->pipeline, stage, values, floats * sizeof *values);
}

static struct request receive_rows(struct rank *self, const struct training *training, int stage,
                                   float *values, size_t floats)
{
    return rank_post_receive(self, training->pipeline, stage, values, floats * sizeof *values);
}

static void forward_all(struct rank *self, struct training *training)
{
    struct model *model = training->model;
    int stage = training->point.stage, count = training->plan->microbatches;
    for (int i = 0; i < count && !is_first_stage(training); i++) {
        struct share rows = microbatch(training, i);
        training->receives[i] = receive_rows(self, training, stage - 1, model_input(model, rows),
                                             rows.count * model->input_width);
    }
    for (int i = 0; i < count; i++) {
        struct share rows = microbatch(training, i);
        if (!is_first_stage(training))
            rank_wait(self, training->receives[i]);
        model_forward(self, model, rows);
        if (!is_last_stage(training))
            training->sends[i] = send_rows(self, training, stage + 1, model_output(model, rows),
                                           rows.count * model->output_width);
    }
}

static double backward_all(struct rank *self, struct training *training)
{
    struct model *model = training->model;
    int stage = training->point.stage, count = training->plan->microbatches;
    struct request *sends = training->sends + count;
    double loss = 0;
    for (int i = 0; i < count && !is_last_stage(training); i++) {
        struct share rows = microbatch(training, i);
        training->receives[i] =
            receive_rows(self, training, stage + 1, model_output_gradient(model, rows),
                         rows.count * model->output_width);
    }
    for (int i = 0; i < count; i++) {
        struct share rows = microbatch(training, i);
        if (is_last_stage(training))
            loss += microbatch_loss(self, training, i);
        else
            rank_wait(self, training->receives[i]);
        model_backward(self, model, rows, i == 0, i == count - 1);
        if (!is_first_stage(training))
            sends[i] = send_rows(self, training, stage - 1, model_input_gradient(model, rows),
                                 rows.count * model->input_width);
    }
    return loss;
}

double train_in_stages(struct rank *self, struct training *training)
{
    int count = training->plan->microbatches;
    forward_all(self, training);
    double loss = backward_all(self, training);
    for (int i = 0; i < 2 * count; i++) {
        rank_wait(self, training->sends[i]);
        training->sends[i] = (struct request){0};
    }
    return loss;
}
