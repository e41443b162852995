/* What the files of this floor share: the spec, and the split. */
#ifndef THREADRACK_SRC_MODEL_INSIDE_H
#define THREADRACK_SRC_MODEL_INSIDE_H

#include "layer.h"
#include "loss.h"

struct recipe;

struct model_spec {
    struct layer *layers;
    int layer_count; /* 0 until it is bound */
    struct tensor *tensors; /* of all layers, in their order */
    int tensor_count;
    size_t input_width, output_width; /* floats (or tokens) of a row */
    size_t vocabulary;                /* of tokens that come in; 0: real values do */
    const struct loss_ops *loss;      /* NULL for null models: their loss is 0 and takes no time */
    struct loss_shape loss_shape;
    bool alike; /* all layers cost the same */
    enum recompute recompute;
    enum slices slices;
    /* Of a model whose layers depend on the data; NULL: they are all there. */
    struct recipe *recipe;
};

/* How layers are made once the data are known. What a member's recipe begins with. */
struct recipe {
    bool (*build)(const struct recipe *recipe, struct model_spec *spec,
                  const struct model_data *data, const char *where, struct errors *errors);
    void (*release)(struct recipe *recipe); /* of all but the struct itself; may be NULL */
    size_t context; /* tokens of a row; 0: real values */
};

struct model_spec *spec_create(int layer_count);
/* A spec that is to be bound; the recipe, from the heap, is then its own. */
struct model_spec *spec_of_recipe(struct recipe *recipe);
/* The layers are all there: collects their tensors. */
void spec_finish(struct model_spec *spec);

/* The layers of one stage. */
struct share split_stages(const struct model_spec *spec, int stages, int tensors, int stage);
struct share split_place(const struct model_spec *spec, const struct model_place *place);
/* The most tensor ranks that the stages of so many layers can have. */
size_t split_most_tensors(const struct model_spec *spec, int stages, const int *depths);

/* What stages are made of. */
struct units {
    int *begins; /* the layer that begins unit i; [count] is the number of layers */
    uint64_t *weights;
    int *needed; /* [i]: stages that units i.. need when none may exceed the cap; [count] is 0 */
    int count;
    uint64_t total, heaviest;
};
struct units units_of(const struct model_spec *spec, bool pairs);
void units_release(struct units *units);
/* Whether pairs are units. */
bool units_pair_up(const struct model_spec *spec, int stages, int tensors);
/* How each layer of the stage is cut. */
void split_cuts(const struct model_spec *spec, struct share stage, int tensors, enum cut *cuts);
/* Whether layer `number` and the next make a pair, where they are in one stage. */
bool split_pairs_up(const struct model_spec *spec, int number);

/* Recomputation (recompute.c). A saved buffer that is not kept, and the outputs within a block, lie
 * where those of other blocks lay; first they are marked, then placed. */
void recompute_mark(struct model *model, struct model_part *part, const struct layer_needs *needs);
void recompute_place(struct rank *self, struct model *model);

/* How many share a row's positions, and the loss of one's slice. */
size_t model_contexts(const struct model *model);
struct loss_shape model_loss_shape(const struct model *model);

#define MODEL(name) extern const struct model_ops model_##name;
#include "model.def"
#undef MODEL

#endif
