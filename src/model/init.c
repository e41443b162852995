/* The network that training begins with: an element's value depends on the seed, its layer, its
 * tensor and its place in the whole tensor, never on the cut. */
#include "tensors.h"

#include "threadrack/base/philox.h"

struct filling {
    const struct tensor *whole;
    struct draw draw;
    float *to;
};

static void fill_run(void *context, size_t in_flat, size_t in_whole, size_t count)
{
    const struct filling *filling = context;
    double mean = filling->whole->mean, deviation = filling->whole->deviation;
    for (size_t i = 0; i < count; i++)
        filling->to[in_flat + i] =
            deviation == 0 ? (float)mean
                           : (float)(mean + deviation * draw_normal(filling->draw, in_whole + i));
}

static void fill(struct model *model, const struct model_tensor *tensor, uint64_t seed, int number,
                 int t)
{
    struct filling filling = {.whole = tensor->whole,
                              .draw = {.seed = seed,
                                       .purpose = PURPOSE_WEIGHTS,
                                       .rank = (uint32_t)number,
                                       .step = (uint32_t)t},
                              .to = model->parameters};
    tensor_held_runs(tensor, model, model->holding, &filling, fill_run);
}

void model_init(struct model *model, uint64_t seed)
{
    for (int i = 0; i < model->part_count; i++) {
        const struct model_part *part = &model->parts[i];
        for (int t = 0; t < part->layer->tensor_count; t++)
            fill(model, &part->tensor_list[t], seed, part->number, t);
        if (part->borrowed && part->borrowed->copied)
            fill(model, part->borrowed, seed, 0, 0);
    }
}
