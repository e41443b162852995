#include "words.h"

struct share microbatch(const struct training *training, int i)
{
    return share_of(training->rows.count, (size_t)training->plan->microbatches, (size_t)i);
}

size_t rows_of_mean(const struct training *training)
{
    const struct plan *plan = training->plan;
    return plan->strategy->updates_alone ? training->rows.count : plan->batch;
}

struct share slot_rows(const struct training *training, int i)
{
    return (struct share){microbatch(training, i % training->slots).begin,
                          microbatch(training, i).count};
}

void load_rows(struct rank *self, const struct training *training, size_t step, struct share rows,
               void *inputs, void *targets)
{
    const struct plan *plan = training->plan;
    if (!rank_is_real(self) || !plan->loader)
        return;
    if (plan->partition)
        loader_fill_part(plan->loader, training->point.replica - plan->servers,
                         step * training->rows.count + rows.begin, rows.count, inputs, targets);
    else
        loader_fill(plan->loader, step,
                    (struct share){training->rows.begin + rows.begin, rows.count}, inputs, targets);
}

void load_batch(struct rank *self, struct training *training, size_t step)
{
    struct share all = {0, training->rows.count};
    load_rows(self, training, step, all, model_input(training->model, all), training->targets);
}

double microbatch_loss(struct rank *self, struct training *training, int i)
{
    struct share rows = microbatch(training, i);
    const int32_t *targets =
        training->targets ? training->targets + rows.begin * training->plan->target_width : NULL;
    size_t batch = training->plan->batch, mean_over = rows_of_mean(training);
    double loss = model_loss(self, training->model, slot_rows(training, i), targets,
                             1.0f / (float)mean_over);
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
