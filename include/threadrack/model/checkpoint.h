/* Checkpoints: whole tensors in host memory, off the clock, and their safetensors files. */
#ifndef THREADRACK_MODEL_CHECKPOINT_H
#define THREADRACK_MODEL_CHECKPOINT_H

#include "threadrack/model/model.h"

/* One named tensor a parameter, by PyTorch's names: those of nn.Sequential ("0.weight" (out, in),
 * "0.bias"; activations, pooling and flattening count as indices), or GPT-2's. */
struct checkpoint;
struct checkpoint *checkpoint_create(const struct model_spec *spec); /* zeros */
void checkpoint_free(struct checkpoint *checkpoint);
/* Copies the rank's parts in or out. Different ranks may put at once: parts of one replica are
 * disjoint but for replicated layers, which only tensor rank 0 puts. */
void checkpoint_put(struct checkpoint *checkpoint, const struct model *model);
void checkpoint_get(const struct checkpoint *checkpoint, struct model *model);
/* Safetensors. Loading checks names, shapes, types, offsets and sizes against the spec, and says
 * every difference. Saving writes a temporary file beside it and renames. */
bool checkpoint_save(const struct checkpoint *checkpoint, const char *path, struct errors *errors);
bool checkpoint_load(struct checkpoint *checkpoint, const char *path, const char *where,
                     struct errors *errors);
/* Largest |a - b| and largest |a| of each tensor, for tests. */
int checkpoint_tensor_count(const struct checkpoint *checkpoint);
const float *checkpoint_tensor(const struct checkpoint *checkpoint, int i, const char **name,
                               size_t *count);

/* Rows to be evaluated on, copied out one by one. */
struct test_rows {
    const void *context;
    /* Writes the input (input width) and targets (target_width) of row `row`, below count. */
    void (*copy)(const void *context, size_t row, void *input, void *targets);
    size_t count, target_width;
};
/* Mean loss, and share of right answers (NaN where targets are real values). Off the clock. */
struct evaluation {
    double loss, accuracy;
};
struct evaluation checkpoint_evaluate(const struct checkpoint *checkpoint, struct test_rows rows);

#endif
