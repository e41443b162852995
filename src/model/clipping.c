#include "clipping.h"

#include "threadrack/math/math.h"

#include <math.h>

static const double epsilon = 1e-6; /* PyTorch's, below the norm */

/* One pass over all gradients; none where there are none. */
static bool begin_pass(struct rank *self, const struct model *model, uint64_t flops,
                       uint64_t arrays)
{
    uint64_t count = model->parameter_count;
    return rank_compute_begin(self, (struct work){.flops = count * flops,
                                                  .bytes = sizeof(float) * count * arrays,
                                                  .kernels = count > 0});
}

/* What several ranks hold, the first of them counts. */
static double square_of_part(const struct model *model)
{
    double sum = 0;
    for (int i = 0; i < model->tensor_count; i++)
        if (model_holds_first(model, &model->tensors[i]))
            sum += math_square_sum(model->tensors[i].count,
                                   model->gradients + model->tensors[i].at);
    return sum;
}

static void measure(struct rank *self, struct clipping *clipping, const struct model *model)
{
    const struct model_hooks *hooks = &model->hooks;
    if (begin_pass(self, model, 2, 1)) {
        *clipping->square = (float)square_of_part(model);
        rank_compute_end(self);
    }
    if (hooks->sum_over_model && (model->place.tensors * model->place.stages > 1 || model->place.experts > 1))
        hooks->sum_over_model(hooks->context, self, clipping->square, 1);
    if (clipping->square)
        clipping->norm = sqrt((double)*clipping->square);
}

/* The pass is always costed, as PyTorch always makes it. */
void clip_gradients(struct rank *self, struct clipping *clipping, struct model *model)
{
    measure(self, clipping, model);
    if (!begin_pass(self, model, 1, 2))
        return;
    double factor = clipping->most / (clipping->norm + epsilon);
    if (!(factor >= 1))
        math_scale(model->parameter_count, model->gradients, (float)factor);
    rank_compute_end(self);
}
