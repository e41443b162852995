/* Gradients of the whole model held to a largest norm. */
#ifndef THREADRACK_SRC_MODEL_CLIPPING_H
#define THREADRACK_SRC_MODEL_CLIPPING_H

#include "threadrack/model/optimizer.h"

struct clipping {
    double most;   /* 0: no clipping */
    double norm;   /* of the latest step, before */
    float *square; /* (1): its square, or this rank's part */
};

/* Of gradients that lie in one piece, or of which a rank has shares. */
void clip_gradients(struct rank *self, struct clipping *clipping, const struct model *model);
void clip_shares(struct rank *self, struct clipping *clipping, const struct model *model,
                 struct gradient_shares shares);

#endif
