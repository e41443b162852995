/* A text that goes on as the model expects it: each token is drawn from the softmax of its logits, which
 * the tokens before it give. Off the clock. */
#include "checkpoint.h"

#include "threadrack/base/exact.h"
#include "threadrack/base/memory.h"

#include <string.h>

/* Index in [0, count) with probability proportional to exp(logit / temperature); at 0 the largest. */
static int32_t draw_token(const float *logits, size_t count, double temperature, struct draw draw,
                          uint64_t sequence)
{
    size_t best = 0;
    double sum = 0, reached = 0;
    for (size_t i = 1; i < count; i++)
        best = logits[i] > logits[best] ? i : best;
    if (temperature <= 0)
        return (int32_t)best;
    for (size_t i = 0; i < count; i++)
        sum += exact_exp(((double)logits[i] - (double)logits[best]) / temperature);
    double wanted = draw_uniform(draw, sequence) * sum;
    for (size_t i = 0; i < count; i++) {
        reached += exact_exp(((double)logits[i] - (double)logits[best]) / temperature);
        if (reached > wanted)
            return (int32_t)i;
    }
    return (int32_t)best;
}

void checkpoint_continue(const struct checkpoint *checkpoint, double temperature, struct draw draw,
                         int32_t *tokens, size_t given, size_t count)
{
    const struct loss_shape *shape = &checkpoint->spec->loss_shape;
    struct share one = {0, 1};
    struct rank *observer = rank_observer();
    struct model *model =
        model_create(observer, checkpoint->spec, (struct model_place){.stages = 1, .tensors = 1}, 1, 1,
                     false, (struct model_hooks){0});
    size_t context = model->input_width;
    checkpoint_get(checkpoint, model);
    for (size_t at = given; at < count; at++) {
        size_t seen = at < context ? at : context;
        int32_t *input = (int32_t *)model_input(model, one);
        memset(input, 0, context * sizeof *input); /* what comes later is not looked at */
        memcpy(input, tokens + at - seen, seen * sizeof *input);
        model_forward(observer, model, one);
        const float *logits = model_output(model, one) + (seen - 1) * shape->width;
        tokens[at] = draw_token(logits, shape->width, temperature, draw, at);
    }
    model_free(model);
    rank_observer_free(observer);
}
