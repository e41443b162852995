/* Multinomial logistic regression: one linear layer under softmax cross-entropy. */
#include "regression.h"

static struct model_spec *parse(const char *text, const char *where, struct errors *errors)
{
    return regression_parse(text, &loss_cross_entropy, where, errors);
}

const struct model_ops model_logistic = {
    .name = "logistic",
    .summary = "one linear layer under softmax cross-entropy (multinomial)",
    .options = "inputs, outputs (unset: the data's)",
    .parse = parse,
};
