/* The network that training begins with: an element's value depends on the seed, its layer and its
 * place in the whole layer, never on the cut. */
#include "inside.h"

#include "threadrack/base/philox.h"

#include <math.h>

static void init_weight(struct model_part *part, uint64_t seed)
{
    const struct layer *layer = part->layer;
    double variance = layer->activation == ACTIVATION_RELU ? 2.0 : 1.0;
    double deviation = sqrt(variance / (double)layer->in);
    struct draw draw = {.seed = seed, .purpose = PURPOSE_WEIGHTS, .rank = (uint32_t)part->number};
    for (size_t o = 0; o < part->out.count; o++)
        for (size_t i = 0; i < part->in.count; i++) {
            uint64_t global = (part->out.begin + o) * layer->in + part->in.begin + i;
            part->weight[o * part->in.count + i] = (float)(deviation * draw_normal(draw, global));
        }
}

void model_init(struct model *model, uint64_t seed)
{
    for (int i = 0; i < model->part_count; i++) {
        struct model_part *part = &model->parts[i];
        if (!part->weight)
            continue;
        init_weight(part, seed);
        for (size_t o = 0; o < part->out.count; o++)
            part->bias[o] = 0;
    }
}
