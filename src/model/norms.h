/* Norms of whole tensors, of which a rank may hold a share only. */
#ifndef THREADRACK_SRC_MODEL_NORMS_H
#define THREADRACK_SRC_MODEL_NORMS_H

#include "threadrack/model/model.h"

/* Of each of a rank's tensors two squared norms: of its weights, and of what is in the gradients'
 * place. */
struct norms {
    float *squares; /* (tensors, 2) */
};

void norms_init(struct norms *norms, struct rank *self, const struct model *model);
/* The rank's part of each; of what every tensor rank holds, only the first has a part. */
void norms_measure(struct norms *norms, const struct model *model);
/* Sums them over the tensor group, if any tensor is cut. */
void norms_sum(struct rank *self, struct norms *norms, const struct model *model);
double norm_of_weights(const struct norms *norms, int tensor);
double norm_of_slopes(const struct norms *norms, int tensor);

#endif
