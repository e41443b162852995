/* Whole tensors under PyTorch's names, in host memory. */
#ifndef THREADRACK_SRC_MODEL_CHECKPOINT_H
#define THREADRACK_SRC_MODEL_CHECKPOINT_H

#include "tensors.h"

#include "threadrack/model/checkpoint.h"

struct checkpoint {
    const struct model_spec *spec;
    int count;
    struct tensor *tensors; /* as the spec's; it may be freed before */
    float **values;               /* of each tensor; views of one buffer */
    float *data;
};

#endif
