/* Models of one linear layer, as wide as the data are. */
#ifndef THREADRACK_SRC_MODEL_PRESETS_REGRESSION_H
#define THREADRACK_SRC_MODEL_PRESETS_REGRESSION_H

#include "../inside.h"

/* Parses name:inputs=64,outputs=10; what is left out is the data's. */
struct model_spec *regression_parse(const char *text, const struct loss_ops *loss,
                                    const char *where, struct errors *errors);

#endif
