/* Lists of tensors: what layers add to, and what a rank holds of each. */
#ifndef THREADRACK_SRC_MODEL_TENSORS_H
#define THREADRACK_SRC_MODEL_TENSORS_H

#include "inside.h"

struct tensor_list {
    struct tensor *items;
    int count, room;
    const char *prefix; /* of the layer that adds */
};

/* Adds the tensor prefix.name of `dimensions` sizes, replicated and 0 until the caller says
 * otherwise. Good until the next is added. */
struct tensor *tensor_add(struct tensor_list *list, const char *name, int dimensions,
                          const size_t *shape);
/* The usual ones: (rows, columns) and (rows). */
struct tensor *tensor_add_matrix(struct tensor_list *list, const char *name, size_t rows,
                                 size_t columns);
struct tensor *tensor_add_vector(struct tensor_list *list, const char *name, size_t count);

/* Gain and bias of a norm: prefix.<name>weight and prefix.<name>bias. */
void tensor_add_norm(struct tensor_list *list, const char *name, size_t width);

/* What the rank at that place holds of it, where its layer is cut so; `at` is left 0. */
struct model_tensor tensor_part(const struct tensor *whole, enum cut cut, struct model_place place);

/* Where the rows of a part are: calls visit for each run of elements that is dense in both, in
 * order, with its place in the part and in the whole. */
void tensor_runs(const struct model_tensor *part, void *context,
                 void (*visit)(void *context, size_t in_part, size_t in_whole, size_t count));

/* The same of what a flat buffer has of the rank's parameters: calls visit for each run that is dense
 * in the tensor, with its place in the buffer and in the whole. */
void tensor_held_runs(const struct model_tensor *part, const struct model *model, struct holding holding,
                      void *context,
                      void (*visit)(void *context, size_t in_flat, size_t in_whole, size_t count));

/* "[128,64]" into `out`; returns it. */
char *tensor_shape_text(const struct tensor *tensor, char *out, size_t room);

#endif
