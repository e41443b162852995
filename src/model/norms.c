#include "norms.h"

#include "threadrack/math/math.h"

#include <math.h>

void norms_init(struct norms *norms, struct rank *self, const struct model *model)
{
    size_t count = 2 * (size_t)model->tensor_count;
    norms->squares = count ? rank_alloc(self, MEMORY_COMMUNICATION, count * sizeof(float)) : NULL;
}

void norms_measure(struct norms *norms, const struct model *model)
{
    for (int i = 0; i < model->tensor_count; i++) {
        const struct model_tensor *tensor = &model->tensors[i];
        bool counts = !tensor->replicated || model->place.tensor == 0;
        size_t count = counts ? tensor->count : 0;
        norms->squares[2 * i] = (float)math_square_sum(count, model->parameters + tensor->at);
        norms->squares[2 * i + 1] = (float)math_square_sum(count, model->gradients + tensor->at);
    }
}

void norms_sum(struct rank *self, struct norms *norms, const struct model *model)
{
    const struct model_hooks *hooks = &model->hooks;
    if (hooks->sum_over_tensor && model->place.tensors > 1)
        hooks->sum_over_tensor(hooks->context, self, NUMBER_FULL, norms->squares,
                               2 * (size_t)model->tensor_count);
}

double norm_of_weights(const struct norms *norms, int tensor)
{
    return sqrt((double)norms->squares[2 * tensor]);
}

double norm_of_slopes(const struct norms *norms, int tensor)
{
    return sqrt((double)norms->squares[2 * tensor + 1]);
}
