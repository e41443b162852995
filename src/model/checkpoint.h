/* Whole tensors under PyTorch's names, in host memory. */
#ifndef THREADRACK_SRC_MODEL_CHECKPOINT_H
#define THREADRACK_SRC_MODEL_CHECKPOINT_H

#include "inside.h"

#include "threadrack/model/checkpoint.h"

struct tensor {
    char name[24]; /* "4.weight" */
    int dimensions;
    size_t shape[2];
    size_t count;
    float *data; /* a view of the checkpoint's buffer */
};

struct checkpoint {
    const struct model_spec *spec;
    int count;
    struct tensor *tensors; /* of layer i: 2 i its weight, 2 i + 1 its bias */
    float *data;
};

/* "[128,64]" into `out`; returns it. */
char *tensor_shape_text(const struct tensor *tensor, char *out, size_t room);

#endif
