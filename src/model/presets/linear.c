/* Linear regression: one linear layer under squared error. */
#include "regression.h"

static struct model_spec *parse(const char *text, const char *where, struct errors *errors)
{
    return regression_parse(text, &loss_squared_error, where, errors);
}

const struct model_ops model_linear = {
    .name = "linear",
    .summary = "one linear layer under squared error, from real values or a row's class as 0 and 1",
    .options = "inputs, outputs (unset: the data's)",
    .parse = parse,
};
