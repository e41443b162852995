/* Computes nothing and takes a given time; its output is whatever is there. */
#include "../layer.h"

static uint64_t multiply_adds(const struct layer *layer)
{
    (void)layer;
    return 0;
}

static void pass_time(struct rank *self, uint64_t duration_ps)
{
    if (rank_compute_begin(self, (struct work){.fixed_ps = duration_ps}))
        rank_compute_end(self);
}

static void forward(const struct pass *pass)
{
    pass_time(pass->self, pass->part->layer->forward_ps);
}

static void backward_input(const struct pass *pass)
{
    pass_time(pass->self, pass->part->layer->backward_input_ps);
}

static void backward_weight(const struct pass *pass)
{
    pass_time(pass->self, pass->part->layer->backward_weight_ps);
}

const struct layer_ops layer_null = {
    .name = "null",
    .summary = "computes nothing and takes a given time",
    .multiply_adds = multiply_adds,
    .forward = forward,
    .backward_input = backward_input,
    .backward_weight = backward_weight,
};
