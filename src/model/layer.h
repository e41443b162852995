/* The layer family.
 *
 * To add one: src/model/layer/<kind>.c with a `const struct layer_ops layer_<kind>`, and a row in
 * src/model/layer.def. Letters: r rows of a microbatch, i inputs, o outputs of this rank's part.
 */
#ifndef THREADRACK_SRC_MODEL_LAYER_H
#define THREADRACK_SRC_MODEL_LAYER_H

#include "threadrack/math/math.h"
#include "threadrack/model/model.h"

/* A whole layer, as the spec has it. */
struct layer {
    const struct layer_ops *ops;
    size_t in, out;             /* widths */
    enum activation activation; /* after it */
    int index;                  /* in PyTorch's nn.Sequential, activations counted */
    uint64_t forward_ps, backward_input_ps, backward_weight_ps; /* of a null layer, a microbatch */
};

/* How tensor ranks share a layer. */
enum cut {
    CUT_NONE,    /* replicated: every rank holds and computes it whole */
    CUT_COLUMNS, /* by outputs: inputs are whole, outputs are shares */
    CUT_ROWS     /* by inputs: outputs are partial sums until after_forward */
};

/* A rank's part of a layer. Buffers are views; NULL where the rank is not real. */
struct model_part {
    const struct layer *layer;
    int number; /* of the layer in the spec, from 0 */
    enum cut cut;
    struct share in, out; /* this rank's inputs and outputs */
    size_t at;            /* where its parameters begin in the rank's flat buffer */
    size_t parameter_count;
    bool needs_dx;           /* whether anybody reads the input gradient */
    float *weight, *dweight; /* (o, i) */
    float *bias, *dbias;     /* (o) */
    const float *x;          /* (R, i) */
    float *y, *pre;          /* (R, o): after and, for gelu, before the activation */
    float *dx, *dy;          /* (R, i), (R, o) */
};

struct layer_ops {
    const char *name, *summary;
    /* Parameters of a part of i inputs and o outputs. Required. */
    size_t (*parameter_count)(size_t in, size_t out);
    /* What it costs beside other layers, for splitting over stages: multiply-adds a sample, not
     * 0. Required. */
    uint64_t (*weight)(const struct layer *layer);
    /* Points weight, bias and their gradients into the flat buffers. NULL means no parameters. */
    void (*place)(struct model_part *part, float *parameters, float *gradients);
    /* Both required. Backward ends with calling gradient_ready where `last`. */
    void (*forward)(struct rank *self, struct model *model, struct model_part *part,
                    struct share rows);
    void (*backward)(struct rank *self, struct model *model, struct model_part *part,
                     struct share rows, bool first, bool last);
};

#define LAYER(name) extern const struct layer_ops layer_##name;
#include "layer.def"
#undef LAYER

/* base + n, where there is a base. */
static inline float *view(float *base, size_t n)
{
    return base ? base + n : NULL;
}

#endif
