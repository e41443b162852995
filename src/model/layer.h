/* The layer family.
 *
 * A layer describes itself: its tensors, what it keeps of a row, what it costs, and its two ways.
 * It turns `in` floats a position into `out`; a row has `positions` of them, one but for sequences, and
 * a part of it those of the rank's slice.
 *
 * To add one: src/model/layer/<kind>.c with a `const struct layer_ops layer_<kind>`, and a row in
 * src/model/layer.def. Letters: r positions of a microbatch (rows times positions), i inputs, o
 * outputs of this rank's part.
 */
#ifndef THREADRACK_SRC_MODEL_LAYER_H
#define THREADRACK_SRC_MODEL_LAYER_H

#include "threadrack/math/convolution.h"
#include "threadrack/math/dropout.h"
#include "threadrack/math/math.h"
#include "threadrack/model/model.h"

enum { SAVED_MOST = 11, HELD_MOST = 5, PREFIX_ROOM = 40 };

/* A whole layer, as the spec has it. What a kind does not use is 0. */
struct layer {
    const struct layer_ops *ops;
    char prefix[PREFIX_ROOM];   /* begins its tensors' names: "4", "transformer.h.0" */
    size_t positions;           /* of a row */
    size_t in, out;             /* floats of a position */
    enum activation activation; /* after it */
    bool follows;               /* no stage begins with it: it stays with the layer before it */
    bool no_bias;               /* of linear */
    bool borrows; /* of linear: its weight is the first tensor of the model's first layer, */
    bool lends;   /* an embedding: the borrower has begun its table's gradient when it comes */
    struct convolution image; /* of conv and max_pool: what comes in, and the kernel */
    size_t heads, hidden, vocabulary; /* of attention, feed_forward, embedding */
    size_t experts, choices;   /* of experts: so many, and so many of them for a position; */
    double capacity, balance; /* places as a multiple of what is needed, and the balance's weight */
    double dropout; /* of embedding, attention (twice), feed_forward and experts: the share that is dropped */
    double deviation; /* of initial weights, where the kind's own is not wanted; and of those that */
    double residual_deviation; /* end a residual branch */
    int tensor_at, tensor_count; /* its tensors in the spec's list */
    uint64_t forward_ps, backward_input_ps, backward_weight_ps; /* of a null layer, a microbatch */
};

/* A view of rows by width: of all the R rows of a rank, or of those of one pass, which the next
 * pass overwrites. `base` is NULL where the rank is not real. */
struct buffer {
    float *base;
    size_t width;
    bool of_pass;
    bool full; /* accounted in full whatever the precision (NUMBER_FULL); else values */
};

/* A rank's part of a layer. */
struct model_part {
    const struct layer *layer;
    int number; /* of the layer in the spec, from 0 */
    enum cut cut;
    int tensor, tensors;          /* its place among the tensor ranks */
    size_t positions; /* of a row: the layer's, or those of the context rank's slice */
    int context, contexts; /* its place among the context ranks */
    enum slices slices;
    bool sequence;                /* they share positions */
    struct model_tensor *tensor_list; /* layer->tensor_count of them: a view of the model's list */
    size_t at, parameter_count;   /* its range in the rank's flat buffers */
    size_t rows;                  /* R: the most that it can hold */
    bool begins;                  /* a stage, or a chunk of one */
    float *parameters, *gradients; /* of that range */
    bool needs_dx;                /* whether anybody reads the input gradient */
    struct buffer x, y, dx, dy;
    struct buffer saved[SAVED_MOST], held[HELD_MOST];
    bool lends; /* see layer.lends: the borrower is here, too */
    int again; /* parts, this the last, whose forward pass is done again before this goes back */
    const struct model_tensor *borrowed; /* see layer.borrows; NULL: nothing */
};

/* What a part needs besides x, y and their gradients; widths are floats a row. */
struct layer_needs {
    size_t saved[SAVED_MOST]; /* written by forward, read by backward */
    size_t held[HELD_MOST];   /* written by backward_input, read by backward_weight; also room
                               * for either to work in */
    size_t scratch;           /* floats in all, for one kernel to work in */
    bool full[SAVED_MOST]; /* saved in full precision always: statistics, and what is no number of the model */
    size_t travelling; /* floats a row, of a pass: room for what comes from other context ranks */
    bool core[SAVED_MOST]; /* saved, but by RECOMPUTE_SELECTIVE, where backward_input makes it again */
};

/* A microbatch's passage through a part. */
struct pass {
    struct rank *self;
    struct model *model;
    const struct model_part *part;
    size_t rows, positions; /* of the microbatch: positions are rows * part->positions */
    size_t own; /* positions between layers: with sequence parallelism a share of them */
    const float *x;         /* as the part's buffers, at the microbatch's first row */
    float *y, *dx, *dy;
    float *saved[SAVED_MOST], *held[HELD_MOST], *scratch, *travelling;
    bool first; /* gradients are overwritten; else added to */
    bool again; /* forward, for the second time */
};

struct tensor_list; /* see tensors.h */

struct layer_ops {
    const char *name, *summary;
    /* Adds its tensors, whole (tensors.h). NULL means none. */
    void (*describe)(const struct layer *layer, struct tensor_list *list);
    /* The most tensor ranks that can share it by itself (CUT_WITHIN). NULL means none; then it may
     * be `pairs`: two neighbours are cut by columns and by rows. */
    size_t (*most_tensors)(const struct layer *layer);
    bool pairs;
    bool needs_rows; /* looks at all positions of a row at once: not for context parallelism */
    bool shares_positions; /* takes part in sequence parallelism; linear only as the last layer */
    /* Inputs and outputs of a part, floats a row. NULL means the layer's. */
    size_t (*in)(const struct model_part *part);
    size_t (*out)(const struct model_part *part);
    /* Fills what it needs, of this rank's part. NULL means nothing. */
    void (*needs)(const struct model_part *part, bool trains, struct layer_needs *needs);
    /* Multiply-adds of a row's forward pass in matrix products and convolutions; backward has twice
     * as many, half of them for the input gradient. Required. */
    uint64_t (*multiply_adds)(const struct layer *layer);
    void (*forward)(const struct pass *pass); /* required */
    /* dX (where needs_dx) from dY, which may be overwritten by what backward_weight needs, and
     * what backward_weight needs besides. Sums over tensor ranks happen in here. NULL means that
     * there is nothing to do before backward_weight. */
    void (*backward_input)(const struct pass *pass);
    /* The tensors' gradients, or, where model->fused.done, the update. Later than backward_input of
     * the same microbatch, while x, dy, saved and held are as it left them. NULL means no tensors,
     * or that backward_input has done it. */
    void (*backward_weight)(const struct pass *pass);
};

#define LAYER(name) extern const struct layer_ops layer_##name;
#include "layer.def"
#undef LAYER

/* base + n, where there is a base. */
static inline float *view(float *base, size_t n)
{
    return base ? base + n : NULL;
}

/* The part's tensor i, its elements, and where their gradients go. */
static inline const struct model_tensor *pass_tensor(const struct pass *pass, int i)
{
    return &pass->part->tensor_list[i];
}
static inline float *pass_weight(const struct pass *pass, int i)
{
    return view(pass->part->parameters, pass_tensor(pass, i)->at - pass->part->at);
}
static inline float *pass_gradient(const struct pass *pass, int i)
{
    return view(pass->part->gradients, pass_tensor(pass, i)->at - pass->part->at);
}
/* Dropout: whether it takes place in this pass, and what stays of it times this factor. */
bool part_drops(const struct model_part *part, bool trains);
static inline bool pass_drops(const struct pass *pass)
{
    return part_drops(pass->part, pass->model->trains);
}
static inline float pass_kept_factor(const struct pass *pass)
{
    return 1 / (1 - (float)pass->part->layer->dropout);
}
/* The key of the part's draws: of what stands behind its sum, or, `inner`, of attention's probabilities. */
struct draw pass_draw(const struct pass *pass, bool inner);
/* Floats that hold so many bytes. */
static inline size_t floats_of_bytes(size_t bytes)
{
    return (bytes + sizeof(float) - 1) / sizeof(float);
}

/* Applies the fused update, where there is one, to tensor i, whose gradient is complete. */
void pass_update(const struct pass *pass, int i);
/* The sum over the tensor group of partial sums, on the way forward and back. */
void pass_sum_forward(const struct pass *pass, float *partial, size_t count);
void pass_sum_backward(const struct pass *pass, float *partial, size_t count);

/* Sequence parallelism. `room` is (positions, width); without it, these do nothing but return what is
 * there: `mine`, and the sum in place.
 *   pass_gather:  the positions of all from each one's `mine` (own, width), in `room`
 *   pass_scatter: the own positions of the sum of all ranks' `room`s, within it; by the way forward
 *                 or back, as the sums above */
float *pass_gather(const struct pass *pass, float *mine, float *room, size_t width);
float *pass_scatter_forward(const struct pass *pass, float *room, size_t width);
float *pass_scatter_backward(const struct pass *pass, float *room, size_t width);
/* The own positions within `room`: all of it, unless they are shared. */
float *pass_own(const struct pass *pass, float *room, size_t width);
/* Where the sum that becomes Y is to be: Y itself, or the room. */
float *pass_partial(const struct pass *pass, float *room);
/* What context rank i has of a row's positions. */
static inline struct slice part_slice(const struct model_part *part, int i)
{
    return slice_of(part->layer->positions, part->slices, (size_t)part->contexts, (size_t)i);
}
/* Floats a row, between layers. */
size_t part_own_positions(const struct model_part *part);

#endif
