#include "clipping.h"

#include "threadrack/math/math.h"

#include <math.h>

static const double epsilon = 1e-6; /* PyTorch's, below the norm */

static size_t count_of(struct gradient_shares shares)
{
    size_t count = 0;
    for (int i = 0; i < shares.count; i++)
        count += shares.ranges[i].count;
    return count;
}

/* One pass over the gradients that are here; none where there are none. */
static bool begin_pass(struct rank *self, struct gradient_shares shares, uint64_t flops, uint64_t arrays)
{
    uint64_t count = count_of(shares);
    return rank_compute_begin(self, (struct work){.flops = count * flops,
                                                  .gradients = count * arrays,
                                                  .kernels = count > 0});
}

/* Of a tensor what lies in a share. */
static double square_within(const struct model_tensor *tensor, struct share share, const float *values)
{
    size_t end = tensor->at + tensor->count, share_end = share.begin + share.count;
    size_t from = tensor->at > share.begin ? tensor->at : share.begin;
    size_t to = end < share_end ? end : share_end;
    return from < to ? math_square_sum(to - from, values + (from - share.begin)) : 0;
}

/* What several ranks hold, the first of them counts. */
static double square_of_part(const struct model *model, struct gradient_shares shares)
{
    double sum = 0;
    for (int t = 0; t < model->tensor_count; t++)
        for (int i = 0; i < shares.count && model_holds_first(model, &model->tensors[t]); i++)
            sum += square_within(&model->tensors[t], shares.ranges[i], shares.values[i]);
    return sum;
}

static void measure(struct rank *self, struct clipping *clipping, const struct model *model,
                    struct gradient_shares shares)
{
    const struct model_hooks *hooks = &model->hooks;
    if (begin_pass(self, shares, 2, 1)) {
        *clipping->square = (float)square_of_part(model, shares);
        rank_compute_end(self);
    }
    if (hooks->sum_over_shares)
        hooks->sum_over_shares(hooks->context, self, clipping->square, 1);
    if (hooks->sum_over_model && (model->place.tensors * model->place.stages > 1 || model->place.experts > 1))
        hooks->sum_over_model(hooks->context, self, clipping->square, 1);
    if (clipping->square)
        clipping->norm = sqrt((double)*clipping->square);
}

/* The pass is always costed, as PyTorch always makes it. */
void clip_shares(struct rank *self, struct clipping *clipping, const struct model *model,
                 struct gradient_shares shares)
{
    measure(self, clipping, model, shares);
    if (!begin_pass(self, shares, 1, 2))
        return;
    double factor = clipping->most / (clipping->norm + epsilon);
    for (int i = 0; i < shares.count && !(factor >= 1); i++)
        math_scale(shares.ranges[i].count, shares.values[i], (float)factor);
    rank_compute_end(self);
}

void clip_gradients(struct rank *self, struct clipping *clipping, const struct model *model)
{
    struct share all = {0, model->parameter_count};
    float *values = model->gradients;
    clip_shares(self, clipping, model, (struct gradient_shares){&all, &values, 1});
}
