/* What the files of this floor share: the spec, and the split. */
#ifndef THREADRACK_SRC_MODEL_INSIDE_H
#define THREADRACK_SRC_MODEL_INSIDE_H

#include "layer.h"

struct model_spec {
    struct layer *layers;
    int layer_count;
    struct tensor *tensors; /* of all layers, in their order */
    int tensor_count;
    size_t input_width, output_width;
    bool alike;      /* all layers cost the same */
    bool costs_loss; /* false for null models: their loss is 0 and takes no time */
};

struct model_spec *spec_create(int layer_count);
/* The layers are all there: collects their tensors. */
void spec_finish(struct model_spec *spec);

/* The layers of one stage. */
struct share split_stages(const struct model_spec *spec, int stages, int tensors, int stage);
/* How each layer of the stage is cut. */
void split_cuts(const struct model_spec *spec, struct share stage, int tensors, enum cut *cuts);
/* Whether layer `number` and the next make a pair, where they are in one stage. */
bool split_pairs_up(const struct model_spec *spec, int number);

#define MODEL(name) extern const struct model_ops model_##name;
#include "model.def"
#undef MODEL

#endif
