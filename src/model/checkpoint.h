/* Whole tensors under PyTorch's names, in host memory. */
#ifndef THREADRACK_SRC_MODEL_CHECKPOINT_H
#define THREADRACK_SRC_MODEL_CHECKPOINT_H

#include "tensors.h"

#include "threadrack/model/checkpoint.h"

enum { LABEL_ROOM = 128 };

struct checkpoint {
    const struct model_spec *spec;
    const struct optimizer_spec *optimizer; /* NULL: weights only */
    struct progress progress;
    int count;
    struct tensor *tensors; /* as the spec's; it may be freed before */
    int sets;               /* 1, of weights, and one more for each of the optimizer's states */
    /* What PyTorch calls the first tensor besides, where the output layer is tied to it: weights are written
     * under both names, and a file of weights may have it. Else "". */
    char twin[LABEL_ROOM];
    float **values;         /* (sets, count); views of one buffer */
    float *data;
};

/* The name in a file of tensor i of a set, in `out`. */
const char *checkpoint_label(const struct checkpoint *checkpoint, int set, int i,
                             char out[LABEL_ROOM]);

#endif
