/* The loss family: what the last layer's output is held against.
 *
 * To add one: src/model/loss/<name>.c with a `const struct loss_ops loss_<name>`, and a row in
 * src/model/loss.def. A row has `positions` outputs (one but for sequences) of `width` floats.
 */
#ifndef THREADRACK_SRC_MODEL_LOSS_H
#define THREADRACK_SRC_MODEL_LOSS_H

#include "threadrack/model/model.h"

struct loss_shape {
    size_t positions, width;
    bool values; /* targets are real values (positions * width of a row), not classes (positions) */
};

struct loss_ops {
    const char *name, *summary;
    bool takes_values; /* whether targets may be real values */
    struct work (*work)(const struct loss_shape *shape, size_t rows);
    /* scale * the sum of the rows' losses, each the mean over its positions (and, of real values,
     * its outputs). Writes the output's gradient unless it is NULL. */
    double (*compute)(const struct loss_shape *shape, size_t rows, const float *output,
                      const void *targets, float scale, float *gradient);
    /* The same in two, where tensor ranks have `outputs`, a share of each position's: what they tell
     * each other, so many floats a position, and the loss from all ranks' parts (ranks, rows, positions,
     * parts), with the gradient of the own outputs. `parts` 0 and NULL: it cannot. */
    size_t parts;
    struct work (*parts_work)(const struct loss_shape *shape, size_t rows, size_t outputs);
    void (*part)(const struct loss_shape *shape, size_t rows, struct share outputs,
                 const float *output, const void *targets, float *parts);
    struct work (*of_parts_work)(const struct loss_shape *shape, size_t rows, size_t outputs);
    double (*of_parts)(const struct loss_shape *shape, size_t rows, struct share outputs,
                       const float *output, const void *targets, size_t ranks, const float *parts,
                       float scale, float *gradient);
};

extern const struct loss_ops *const losses[]; /* NULL at the end */

#define LOSS(name) extern const struct loss_ops loss_##name;
#include "loss.def"
#undef LOSS

#endif
