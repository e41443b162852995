/* Neural networks: a spec (layers), a rank's part of it, forward, backward, and what to save.
 *
 * A model is a chain of layers. A row, which is a sample, goes through them: an image, say, or a
 * sequence, whose tokens are its positions. A model never communicates: it calls the hooks that a
 * strategy fills. It is cut two ways: layers over pipeline stages (contiguous, by flops, a transformer
 * block in one), and, within a stage, over tensor ranks (Shoeybi et al. 2019, Megatron-LM, section 3):
 * attention by heads, feed-forward by hidden units, and pairs of linear layers, the first by columns
 * (its outputs), the second by rows (its inputs), so that each costs one all-reduce each way; the
 * embedding and, of a model of tokens, the last layer and its loss by the vocabulary. Other layers are
 * replicated. Shares are as even as they go; only an empty share is refused.
 *
 * With sequence parallelism (Korthikanti et al. 2022, section 4.2.2) tensor ranks share, too, what is
 * between the blocks of a transformer: of a microbatch's positions, those of all its rows, each has an
 * equal part, in which it does the norms and adds the connections around blocks. Before a block the
 * positions are gathered, and after it each rank's are summed up: an all-gather and a reduce-scatter
 * instead of an all-reduce. What is kept for the way back is the part, gathered again there.
 *
 * With context parallelism (ring attention: Liu et al. 2023) the ranks of a context group have the same
 * parameters and a slice each of every row's positions (base/slice.h). All layers but attention go
 * position by position and know nothing of it, save that an embedding's positions begin elsewhere; in
 * attention keys and values go round the group, and on the way back their gradients, too. A rank's
 * losses and gradients are those of its positions: the group's sum is the row's.
 *
 * One flat buffer each for parameters, gradients and optimizer state; tensors are views. Letters:
 * R rows of the rank's share of the batch, W a width.
 */
#ifndef THREADRACK_MODEL_MODEL_H
#define THREADRACK_MODEL_MODEL_H

#include "threadrack/base/errors.h"
#include "threadrack/base/share.h"
#include "threadrack/base/slice.h"
#include "threadrack/rank/rank.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- The spec: what was asked for, the same for every rank. ---- */

struct model_spec;

/* The family of models. To add one: src/model/presets/<name>.c and a row in src/model/model.def.
 *   mlp:64-128-64-10[:relu|tanh|gelu|gelu_tanh]
 *                                       linear layers of these widths with an activation between
 *                                       (64-128x15-10 repeats a width)
 *   cnn:8-16:32[,input=1x8x8][,outputs=10]
 *                                       convolutions with pooling, and a hidden linear layer
 *   gpt:layers=2,heads=4,width=64,context=32[,vocabulary=128][,hidden=256][,tied]
 *       [,dropout=0.1][,experts=8][,top=2][,capacity=1.25][,balance=0.01]
 *                                       GPT-2's transformer; with experts, a mixture of them
 *   linear, logistic[:inputs=64,outputs=10]  one layer, under squared error or cross-entropy
 *   file:PATH.yaml                      a list of layers
 *   stages:p[,forward=T,backward_input=T,backward_weight=T]  a null model: p equal layers that
 *                                       compute nothing and take the given time a microbatch
 */
struct model_ops {
    const char *name, *summary, *options;
    struct model_spec *(*parse)(const char *text, const char *where, struct errors *errors);
};
extern const struct model_ops *const models[]; /* NULL at the end */

/* What the text says. A model that depends on its data (cnn, linear, logistic, file) has no layers
 * until it is bound, and until then nothing but model_context, model_takes_data and freeing. */
struct model_spec *model_parse(const char *text, const char *where, struct errors *errors);
void model_spec_free(struct model_spec *spec);

/* What a model must know of its data; data/data.h has the words. */
struct model_data {
    const char *name;
    size_t width, vocabulary;              /* of an input; vocabulary 0: real values */
    size_t channels, height, image_width;  /* 0: no image */
    size_t target_width, classes;          /* classes 0: real values */
};
/* Makes the layers, where the text alone did not, and sees that model and data agree; else false
 * and messages. NULL for the data: the text says all. */
bool model_bind(struct model_spec *spec, const struct model_data *data, const char *where,
                struct errors *errors);
bool model_is_bound(const struct model_spec *spec);
bool model_takes_data(const struct model_spec *spec); /* false: a null model */
size_t model_context(const struct model_spec *spec);  /* tokens of a row; 0: real values */

size_t model_input_width(const struct model_spec *spec);  /* 0: takes no input (a null model) */
size_t model_output_width(const struct model_spec *spec);
size_t model_target_width(const struct model_spec *spec); /* targets of a row, of 4 bytes each */
size_t model_classes(const struct model_spec *spec);       /* 0: it has values, or no loss */
bool model_tells_classes(const struct model_spec *spec);  /* there is an accuracy */
uint64_t model_parameter_count(const struct model_spec *spec);
bool model_routes(const struct model_spec *spec); /* it has experts */
uint64_t model_flops_per_sample(const struct model_spec *spec); /* forward and backward */

/* The layer family: a row each of src/model/layer.def, src/model/layer/<kind>.c. */
struct layer_ops;
extern const struct layer_ops *const layers[]; /* NULL at the end; see src/model/layer.h */
/* What they are called, in the table's order, for `threadrack list layers`. */
void layers_each(void (*visit)(const char *name, const char *summary));
/* The same of the loss family, src/model/loss.def. */
void losses_each(void (*visit)(const char *name, const char *summary));

/* How tensor ranks share a layer. */
enum cut {
    CUT_NONE,    /* replicated: every rank holds and computes it whole */
    CUT_COLUMNS, /* by outputs: inputs are whole, outputs are shares */
    CUT_ROWS,    /* by inputs: outputs are partial sums until after_forward */
    CUT_WITHIN,  /* by heads or hidden units: inputs and outputs are whole */
    CUTS
};

/* ---- What is kept for the way back. ---- */

/* Activations that are dropped and computed again on the way back (Chen et al. 2016; Korthikanti et
 * al. 2022, Reducing Activation Recomputation in Large Transformer Models, section 5): nothing; the
 * probabilities of attention, whose core is done again; or all but a block's input, and its forward
 * pass is done again. A block is the two halves of a transformer's, or another layer by
 * itself. What is done again is recorded and costed; values are the same bits. */
enum recompute { RECOMPUTE_NONE, RECOMPUTE_SELECTIVE, RECOMPUTE_FULL };

/* Of all parts of the model that train; before the first of them. */
void model_set_recompute(struct model_spec *spec, enum recompute kind);
/* False: the model has no layer of which that would drop anything. */
bool model_can_recompute(const struct model_spec *spec, enum recompute kind);

/* ---- Slices. ---- */

/* How context ranks cut rows; before anything is asked of such a cut. */
void model_set_slices(struct model_spec *spec, enum slices kind);
/* Whether so many context ranks can share the positions of a row; else a message. */
bool model_fits_context(const struct model_spec *spec, int contexts, struct errors *errors);
/* The positions of a row that rank i of so many has: of one input each and of as many targets as a
 * position has. */
struct slice model_slice(const struct model_spec *spec, int contexts, int i);

/* ---- A place on the mesh. ---- */

struct model_place {
    int stage, stages;   /* of the pipeline */
    /* Chunks of layers that a stage has, the c-th of stage s being what stage c stages + s of
     * chunks x stages would have; 0 is 1. The rows of each, where they differ; read by model_create. */
    int chunks;
    const size_t *chunk_rows;
    int tensor, tensors; /* of the tensor group */
    int expert, experts; /* of the group that shares experts out; 0 of them is 1 */
    int context, contexts; /* of the group that shares rows' positions; 0 of them is 1 */
    const int *layers;   /* of each stage, as model_split fills them; NULL: by multiply-adds */
};

/* How many layers each stage has, into depths[0 .. stages). Stages are contiguous and have at least one
 * unit each: a layer with those that follow it, a block, or, with tensors > 1, a pair where there are enough.
 * The costliest stage is as cheap as can be, a layer's cost being its multiply-adds, or one for a unit where
 * `even`; with speeds (one a stage, above 0; NULL: alike) cost is over speed, and among the splits that are
 * as good that of the least sum of squares is taken. The model must fit. */
void model_split(const struct model_spec *spec, int stages, int tensors, bool even, const double *speeds,
                 int *depths);
/* The same where each stage's units are given (layers or blocks, never pairs). False and a message that begins
 * with `where` unless each stage has one and together they are all. */
bool model_split_given(const struct model_spec *spec, int stages, const int *units, int *depths,
                       const char *where, struct errors *errors);
/* The same where a layer's cost is what it is said to be. */
void model_split_costs(const struct model_spec *spec, int stages, int tensors, const uint64_t *layer_costs,
                       int *depths);
/* The units of each stage of such depths: what model_split_given takes for the same split. */
void model_split_units(const struct model_spec *spec, int stages, const int *depths, int *units);
/* Whether the tensor ranks have enough to share in each of such stages; else false and a message. */
bool model_split_fits(const struct model_spec *spec, int stages, int tensors, const int *depths,
                      const char *where, struct errors *errors);

/* Whether the model can be cut so; else a message naming the largest stages and tensors that fit. */
bool model_fits(const struct model_spec *spec, int stages, int tensors, struct errors *errors);
/* Whether so many ranks can share the experts out; else a message. */
bool model_fits_experts(const struct model_spec *spec, int experts, struct errors *errors);
/* The largest pipeline depth and tensor width that fit (each with the other at 1). */
int model_most_stages(const struct model_spec *spec);
int model_most_tensors(const struct model_spec *spec);

/* Whether tensor ranks share the outputs of the last layer, and exchange what the loss needs of them. */
bool model_shares_outputs(const struct model_spec *spec);
/* Whether so many tensor ranks can share the positions of a row between the layers (sequence
 * parallelism: Korthikanti et al. 2022), or those of a slice of it; else a message. */
bool model_fits_sequence(const struct model_spec *spec, int tensors, int contexts, struct errors *errors);

/* ---- Tensors. ---- */

/* How the tensor ranks share a tensor, seen as a matrix of its first dimension (rows, a layer's
 * outputs) by its others (columns, its inputs), as PyTorch has them. */
enum tensor_cut {
    TENSOR_WHOLE,   /* every tensor rank holds all of it */
    TENSOR_ROWS,    /* a share of the rows */
    TENSOR_COLUMNS, /* a share of the columns */
    TENSOR_HEADS    /* rows are of q, k and v, one below the other: a share of the heads of each */
};

enum { TENSOR_DIMENSIONS = 4 };

/* A tensor of the whole network, the same for every rank. */
struct tensor {
    char name[64]; /* PyTorch's: "0.weight", "transformer.h.0.attn.c_attn.weight" */
    int dimensions;
    size_t shape[TENSOR_DIMENSIONS]; /* 1 beyond dimensions */
    size_t count;                    /* elements */
    /* The rest is of the model floor. Initially an element is mean + deviation * normal. */
    double mean, deviation;
    enum tensor_cut cuts[CUTS]; /* by how its layer is cut */
    bool of_positions; /* applied position by position: with sequence parallelism its gradients are
                        * summed over the tensor group; such tensors of a layer lie side by side */
    size_t grain; /* rows or columns that stay together: a head's width; 1 else */
    bool of_experts; /* its rows are experts, which the expert group shares out */
};

/* Ranges of a rank's flat parameters, packed one behind the other. */
struct holding {
    const struct share *shares;
    int count; /* 0: all parameters */
};

/* What a rank holds of one: the elements of `blocks` blocks of rows, which are equal parts of the
 * whole's rows (3 for q, k and v), of each block the share `rows`, of each row the share `columns`.
 * They lie in that order, densely. */
struct model_tensor {
    const struct tensor *whole;
    size_t at, count;    /* parameters[at, at + count), and so gradients and optimizer state */
    enum tensor_cut cut;
    bool copied;         /* of the first layer's, for a last stage that is tied to it */
    bool replicated;     /* other tensor ranks hold (and must keep) the same elements */
    size_t blocks;
    struct share rows, columns;
};

/* ---- A rank's part. ---- */

enum way { WAY_FORWARD, WAY_BACKWARD };

/* What goes round a context group, each by messages of its own. */
enum road { ROAD_KEYS, ROAD_GRADIENTS, ROADS };

/* All may be NULL. `context` is the strategy's. */
struct model_hooks {
    void *context;
    /* Backward of the last microbatch has written gradients[at, at + count). Called from the last
     * layer to the first, the ranges descending and adjacent, before the layers below begin; of
     * experts that a group shares out by themselves. */
    void (*gradient_ready)(void *context, struct rank *self, size_t at, size_t count);
    /* A row-split layer's output, `count` partial sums: must be their sum over the tensor group on
     * return. (Bias and activation follow.) Required when tensors > 1. */
    void (*after_forward)(void *context, struct rank *self, float *partial, size_t count);
    /* A column-split layer's input gradient, likewise, before the layer below goes backward. */
    void (*before_backward)(void *context, struct rank *self, float *partial, size_t count);
    /* Of `count` floats in as many equal blocks as there are tensor ranks, the rank's own is there: all
     * must be on return. `number` is what they cross the links as, here and below; where it is not said,
     * they are values. Required when tensors > 1 and the outputs of the last layer are shared. */
    void (*gather_over_tensor)(void *context, struct rank *self, enum number number, float *blocks,
                               size_t count);
    /* Sequence parallelism, where it is not NULL: of as many equal blocks, each a partial sum, the rank's
     * own must be the sum over the tensor group on return; the others may be spoilt. */
    void (*scatter_over_tensor)(void *context, struct rank *self, float *blocks, size_t count);
    /* The same sums, or scatters with sequence parallelism, of matrix products in so many chunks of positions: each
     * is begun when it is computed, and must be there when end_sums, called behind the last, returns. Below 2: by
     * the above. */
    int chunks;
    void (*begin_sum)(void *context, struct rank *self, float *partial, size_t count);
    void (*end_sums)(void *context, struct rank *self);
    /* Block i of `vector`, a share of its `count` floats, goes to the i-th of the expert group, and
     * that one's block for this rank takes its place. Required when place.experts > 1. */
    void (*exchange_experts)(void *context, struct rank *self, float *vector, size_t count);
    /* `count` floats at `out` go to the next of the context group, as a ring, and those of the one
     * before come to `in`: posted, and done when ring_wait returns. On a road one is under way at a
     * time. Required when place.contexts > 1. */
    void (*ring_post)(void *context, struct rank *self, enum road road, const float *out, float *in,
                      size_t count);
    void (*ring_wait)(void *context, struct rank *self, enum road road);
    /* Partial sums that an optimizer needs whole, as squared norms: of a tensor over the tensor
     * group, ... */
    void (*sum_over_tensor)(void *context, struct rank *self, enum number number, float *partial,
                            size_t count);
    /* ... or of all the model: over the tensor group and all stages, of one replica. Both required
     * where that is more than this rank. */
    void (*sum_over_model)(void *context, struct rank *self, float *partial, size_t count);
    /* Or over the ranks that have shares of the gradients; NULL: this one has them whole. */
    void (*sum_over_shares)(void *context, struct rank *self, float *partial, size_t count);
    /* Whether the model has no room of its own for parameters or gradients: then `part_begins` gives
     * part i its room (model_place_parameters, model_place_gradients) before the part goes forward
     * or backward, with the parameters in it, and `part_ends` may take it back. Before a part goes
     * backward, so are parameters of those that go forward again with it (model_parts_again). The first part's is
     * needed besides by one that borrows (model_borrows), until both have ended. Gradients are
     * overwritten by each microbatch then, of which `first` is the step's first; none may be taken
     * apart (MODEL_TRAINS_APART). gradient_ready is not called. */
    bool places_parameters, places_gradients;
    void (*part_begins)(void *context, struct rank *self, int i, enum way way, bool first);
    void (*part_ends)(void *context, struct rank *self, int i, enum way way);
};

/* What routers of experts have done since it was last zeroed, of real rows that are trained on. */
struct routed {
    uint64_t choices, dropped; /* of positions; those that found no place */
    uint64_t rows;             /* counted at each layer */
    double balance;            /* the sum of their balance losses, unweighted: 1 a row is even */
};

/* An update that the backward pass applies itself; see optimizer_fuse. */
struct fused_update {
    bool on;
    bool done; /* by the latest backward pass */
    float lr, decay;
};

struct model {
    const struct model_spec *spec;
    struct model_place place;
    struct model_hooks hooks;
    size_t rows;            /* R: the most rows that it can hold */
    size_t at_once;         /* the most rows of one pass: of a microbatch */
    size_t parameter_count; /* of this rank */
    float *parameters, *gradients; /* (parameter_count); NULL where the rank is not real */
    struct holding holding; /* what `parameters` has, where that is not all of them */
    struct model_tensor *tensors;  /* in the order of `at`; together they are all parameters */
    int tensor_count;
    size_t input_width, output_width; /* of this stage */
    bool shares_outputs; /* those of the last layer, over the tensor ranks */
    struct model_part *parts; /* of the first chunk, then of the next */
    int part_count;
    struct model *whole, *chunks; /* NULL: it is the whole; it is in one piece */
    float *scratch;
    float *travelling; /* what goes round the context group, of a microbatch */
    bool sequence; /* see scatter_over_tensor */
    float *loss_parts; /* see loss.h; of all tensor ranks, of a microbatch */
    float row_weight; /* of a row's own losses (a balance of experts) in the gradients: as the scale
                       * of model_loss, and set by the same caller, of every stage */
    struct routed routed;
    /* What dropout draws by: the run's seed, the step, and where in the step's global batch the microbatch begins
     * that goes forward or back next (of a federation's client: the client, and how many of its rows have passed
     * since the run began). Set by the same caller, of the whole model, on all its ways. */
    struct dropout_key {
        uint64_t seed;
        uint32_t step;
        size_t row;
    } dropout;
    bool trains;
    bool apart; /* MODEL_TRAINS_APART */
    struct fused_update fused;
};

/* What a part is made for. Of those that train, MODEL_TRAINS_APART takes the two halves of the
 * backward pass by themselves, so that all that passes between them is kept for R rows. */
enum model_use { MODEL_FORWARD, MODEL_TRAINS, MODEL_TRAINS_APART };

/* Allocates the part of `place` from the rank's region: parameters, gradients, what R rows keep from
 * forward to backward, and what one pass over at most `at_once` rows (a microbatch) needs besides.
 * MODEL_FORWARD has no gradients (evaluation). */
struct model *model_create(struct rank *self, const struct model_spec *spec,
                           struct model_place place, size_t rows, size_t at_once, enum model_use use,
                           struct model_hooks hooks);
/* So many parameters and gradients, and no layers: of who only updates them. */
struct model *model_bare(struct rank *self, size_t parameters);
void model_free(struct model *model);
/* What gradient_ready is called with for the i-th of the model's parts: its range, and, before it, that
 * of its experts behind it, where they are shared out; else that is empty. */
struct share model_part_range(const struct model *model, int i);
struct share model_expert_range(const struct model *model, int i);
/* How many parts, the i-th the last of them, go forward again before it goes backward (recompute). */
int model_parts_again(const struct model *model, int i);
/* Where the i-th part's parameters and gradients are; see model_hooks. */
void model_place_parameters(struct model *model, int i, float *parameters);
void model_place_gradients(struct model *model, int i, float *gradients);
/* Whether a later part uses the first one's parameters, and begins their gradients (tied embeddings). */
bool model_borrows(const struct model *model);
/* Whether this rank is the first of those that hold (and keep alike) the same of the tensor; where gradients are in
 * shares (sum_over_shares), so far as ranks of an expert group have shares of their own. */
bool model_holds_first(const struct model *model, const struct model_tensor *tensor);

/* Of a model whose output layer is its embedding's table, in stages: where this rank has the table,
 * whose gradients the first and the last stage must add up before each update; empty on others. */
struct share model_tied_range(const struct model *model);
bool model_is_tied(const struct model_spec *spec);

/* Chunk c as a model of its own, for what takes rows: its parameters and hooks are the whole's. Good
 * until it is asked for again. */
struct model *model_chunk(struct model *model, int c);

/* The parts of the chunk that the i-th part of the whole is in. */
struct share model_chunk_parts(const struct model *model, int i);

/* Fills the parameters from the generator: an element's value depends on (seed, layer, tensor, its
 * index in the whole tensor) only, so every cut starts from the same network. Weights of linear and
 * convolutional layers are normal with variance 2/fan_in where relu follows (He et al. 2015),
 * 1/fan_in else; biases 0; gpt begins as GPT-2 does (src/model/presets/gpt.c). */
void model_init(struct model *model, uint64_t seed);

/* Views of R rows by width; a microbatch is a share of the rows. NULL where the rank is not real. The
 * input is (rows, input_width); on the first stage of a model of tokens they are int32. */
float *model_input(struct model *model, struct share rows);
float *model_output(struct model *model, struct share rows);          /* (rows, output_width) */
float *model_input_gradient(struct model *model, struct share rows);  /* of stages > 0 */
float *model_output_gradient(struct model *model, struct share rows);

/* Forward of a microbatch whose input is in place. */
void model_forward(struct rank *self, struct model *model, struct share rows);
/* On the last stage: the loss of the microbatch's output; fills the output gradient. `targets` are
 * those of the rows: classes (int32), one or one a position; or real values (float). Returns scale *
 * the sum of the rows' losses; scale is 1 / global batch. Of a slice, both are its part of that. */
double model_loss(struct rank *self, struct model *model, struct share rows, const void *targets,
                  float scale);
/* Backward of a microbatch whose output gradient is in place. The step's first microbatch
 * overwrites the gradients, later ones add to them; the last calls gradient_ready. The input
 * gradient is computed only on stages > 0. */
void model_backward(struct rank *self, struct model *model, struct share rows, bool first,
                    bool last);
/* The same in two, with other microbatches between (MODEL_TRAINS_APART): the input gradient, for
 * which the stage before waits; and the weights' (Qi et al. 2023). Both go through the microbatches
 * in the same order, and the last weights' gradients call gradient_ready. */
void model_backward_input(struct rank *self, struct model *model, struct share rows, bool first,
                          bool last);
void model_backward_weight(struct rank *self, struct model *model, struct share rows, bool first,
                           bool last);

#endif
