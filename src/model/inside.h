/* What the files of this floor share: the spec, and the split. */
#ifndef THREADRACK_SRC_MODEL_INSIDE_H
#define THREADRACK_SRC_MODEL_INSIDE_H

#include "layer.h"

struct model_spec {
    struct layer *layers;
    int layer_count;
    size_t input_width, output_width;
    bool alike;      /* all layers cost the same */
    bool costs_loss; /* false for null models: their loss is 0 and takes no time */
};

struct model_spec *spec_create(int layer_count);

/* The layers of one stage. */
struct share split_stages(const struct model_spec *spec, int stages, int tensors, int stage);
/* How layer `number` is cut within the stage that holds `stage` layers. */
enum cut split_pairs(const struct model_spec *spec, struct share stage, int number, int tensors);

#define MODEL(name) extern const struct model_ops model_##name;
#include "model.def"
#undef MODEL

#endif
