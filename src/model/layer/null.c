/* Computes nothing and takes a given time; its output is whatever is there. */
#include "../layer.h"

static size_t parameter_count(size_t in, size_t out)
{
    (void)in;
    (void)out;
    return 0;
}

static uint64_t weight(const struct layer *layer)
{
    (void)layer;
    return 1;
}

static void pass_time(struct rank *self, uint64_t duration_ps)
{
    if (rank_compute_begin(self, (struct work){.fixed_ps = duration_ps}))
        rank_compute_end(self);
}

static void forward(struct rank *self, struct model *model, struct model_part *part,
                    struct share rows)
{
    (void)model;
    (void)rows;
    pass_time(self, part->layer->forward_ps);
}

static void backward(struct rank *self, struct model *model, struct model_part *part,
                     struct share rows, bool first, bool last)
{
    (void)model;
    (void)rows;
    (void)first;
    (void)last;
    pass_time(self, part->layer->backward_input_ps);
    pass_time(self, part->layer->backward_weight_ps);
}

const struct layer_ops layer_null = {
    .name = "null",
    .summary = "computes nothing and takes a given time",
    .parameter_count = parameter_count,
    .weight = weight,
    .forward = forward,
    .backward = backward,
};
