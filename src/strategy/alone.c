/* Replicas that update on their own, and what they do with their parameters. */
#include "words.h"

#include "threadrack/math/math.h"

#include <string.h>

double train_alone(struct rank *self, struct training *training, size_t step)
{
    double loss = train_in_turn(self, training, step);
    optimizer_step(self, training->optimizer, training->model);
    return loss;
}

struct work parameters_work(const struct training *training, uint64_t flops, uint64_t arrays)
{
    uint64_t count = training->model->parameter_count;
    return (struct work){
        .flops = flops * count, .values = arrays * count, .kernels = count > 0};
}

void copy_parameters(struct rank *self, const struct training *training, float *to,
                     const float *from)
{
    if (!rank_compute_begin(self, parameters_work(training, 0, 2)))
        return;
    memcpy(to, from, training->model->parameter_count * sizeof *to);
    rank_compute_end(self);
}

void average_parameters(struct rank *self, struct training *training, struct allreduce *over)
{
    struct model *model = training->model;
    int size = group_size(over->group);
    if (size == 1)
        return;
    allreduce_now(over, model->parameters, model->parameter_count);
    if (!rank_compute_begin(self, parameters_work(training, 1, 2)))
        return;
    math_scale(model->parameter_count, model->parameters, 1.0f / (float)size);
    rank_compute_end(self);
}
