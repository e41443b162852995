/* Checkpoints: whole tensors in host memory, off the clock, and their safetensors files.
 *
 * NAME.safetensors has one tensor a parameter, by PyTorch's names: those of nn.Sequential ("0.weight"
 * (out, in), "0.bias"; activations, pooling and flattening count as indices), or GPT-2's; so
 * load_state_dict takes it as it is. NAME.state.safetensors has all that a training goes on from, in one file, so that it is
 * replaced as a whole: the same weights; the optimizer's state tensors as
 * optimizer.<torch.optim's name>.<the weight's name> (optimizer.exp_avg.0.weight); and as texts in
 * __metadata__ what struct progress holds (threadrack.step, .rows, .seed) and threadrack.optimizer.
 * Neither says anything about a mesh: any mesh can go on from it.
 */
#ifndef THREADRACK_MODEL_CHECKPOINT_H
#define THREADRACK_MODEL_CHECKPOINT_H

#include "threadrack/base/philox.h"
#include "threadrack/model/model.h"
#include "threadrack/model/optimizer.h"

/* How far a training has come. Random draws are functions of the seed and of what they are for, so
 * the seed is all of the generator's state. */
struct progress {
    uint64_t step; /* steps taken */
    uint64_t rows; /* rows of the data taken, from the beginning of the first epoch */
    uint64_t seed;
};

struct checkpoint;
struct checkpoint *checkpoint_create(const struct model_spec *spec); /* of weights: zeros */
/* Of weights and the optimizer's state; `optimizer` outlives it. */
struct checkpoint *checkpoint_create_state(const struct model_spec *spec,
                                           const struct optimizer_spec *optimizer);
void checkpoint_free(struct checkpoint *checkpoint);

/* Copies the rank's parts in or out. Different ranks may put at once: parts of one replica are
 * disjoint but for replicated layers, which only tensor rank 0 puts. */
void checkpoint_put(struct checkpoint *checkpoint, const struct model *model);
/* Of a rank that has a range of all parameters, as a model in one piece has them (model_bare). */
void checkpoint_put_range(struct checkpoint *checkpoint, struct share range, const float *values);
/* For means: all zeros; and `factor` times the rank's parts added. One rank at a time. */
void checkpoint_clear(struct checkpoint *checkpoint);
void checkpoint_add(struct checkpoint *checkpoint, const struct model *model, float factor);
void checkpoint_get(const struct checkpoint *checkpoint, struct model *model);
/* The optimizer's part likewise; after getting it, the next step is the one behind `step`. */
void checkpoint_put_state(struct checkpoint *checkpoint, const struct model *model,
                          const struct optimizer *optimizer);
void checkpoint_get_state(const struct checkpoint *checkpoint, const struct model *model,
                          struct optimizer *optimizer);
struct progress *checkpoint_progress(struct checkpoint *checkpoint);

/* Loading checks names, shapes, types, offsets and sizes against the spec, and says every
 * difference. Saving writes a temporary file beside it and renames. The first pair is of the weights
 * alone, the second of checkpoints with state. */
bool checkpoint_save(const struct checkpoint *checkpoint, const char *path, struct errors *errors);
bool checkpoint_load(struct checkpoint *checkpoint, const char *path, const char *where,
                     struct errors *errors);
bool checkpoint_save_state(const struct checkpoint *checkpoint, const char *path,
                           struct errors *errors);
bool checkpoint_load_state(struct checkpoint *checkpoint, const char *path, const char *where,
                           struct errors *errors);
/* x.state.safetensors for x.safetensors, x and itself; to be freed. */
char *checkpoint_state_path(const char *path);

/* The weights, for tests. */
int checkpoint_tensor_count(const struct checkpoint *checkpoint);
const float *checkpoint_tensor(const struct checkpoint *checkpoint, int i, const char **name,
                               size_t *count);

/* Of a model of tokens: fills tokens[given] .. tokens[count - 1], each drawn from the softmax of what
 * the model expects behind those before it, of which it sees the last `context`; logits are divided by
 * the temperature (0: the likeliest). given > 0. Off the clock. */
void checkpoint_continue(const struct checkpoint *checkpoint, double temperature, struct draw draw,
                         int32_t *tokens, size_t given, size_t count);

/* Rows that go through a whole model off the clock, copied out one by one. */
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

/* CPU time, in ns, that each layer takes on this host and thread with all these rows at a time: forward, backward
 * and, of the last, the loss. Not reproducible. Behind math_start; the caller frees it. */
uint64_t *model_measure(const struct model_spec *spec, struct test_rows rows, uint64_t seed);

#endif
