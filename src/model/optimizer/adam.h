/* What Adam's relatives share: options, states, and the corrections of a step. */
#ifndef THREADRACK_SRC_MODEL_OPTIMIZER_ADAM_H
#define THREADRACK_SRC_MODEL_OPTIMIZER_ADAM_H

#include "../optimizer.h"

enum { ADAM_LR, ADAM_BETA1, ADAM_BETA2, ADAM_EPS, ADAM_DECAY };

/* Without eps a weight whose gradient has always been 0 would be moved by 0/0; a float has no less than 1e-37. */
#define ADAM_OPTIONS(epsilon, weight_decay)                                                                 \
    [ADAM_LR] = {"lr", OPTION_REAL, 1e-3, 0, 1e6},                                                 \
    [ADAM_BETA1] = {"beta1", OPTION_REAL, 0.9, 0, 0.999999},                                       \
    [ADAM_BETA2] = {"beta2", OPTION_REAL, 0.999, 0, 0.9999999},                                    \
    [ADAM_EPS] = {"eps", OPTION_REAL, epsilon, 1e-37, 1},                                              \
    [ADAM_DECAY] = {"weight_decay", OPTION_REAL, weight_decay, 0, 1e6}

extern const char *const adam_states[]; /* "exp_avg", "exp_avg_sq" */

/* This step's numbers at a learning rate, without decay of either sort. */
struct adam_step adam_step_of(const struct optimizer *optimizer, double lr);
/* Moments and weights in one pass. */
void adam_update(struct rank *self, struct optimizer *optimizer, struct model *model,
                 const struct adam_step *how);

#endif
