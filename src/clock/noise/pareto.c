/* Each op's duration times a Pareto draw u^(-1/alpha), u uniform in (0, 1]: never shorter than without
 * noise, the mean alpha / (alpha - 1) times as long where alpha > 1; the tail is heavy. */
#include "../noise.h"

#include "threadrack/base/exact.h"

#include <string.h>

static bool read(struct noise *noise, const char *key, const char *value, const char *where,
                 struct errors *errors)
{
    return !strcmp(key, "alpha") &&
           noise_number(&noise->alpha, 0.5, 1000, key, value, where, errors);
}

static uint64_t stretch(const struct noise *noise, const struct noise_op *op)
{
    double u = 1.0 - draw_uniform(noise_draw(noise, op->rank), op->number);
    return noise_scaled(op->duration_ps, exact_exp(-exact_log(u) / noise->alpha));
}

const struct noise_ops noise_pareto = {
    .name = "pareto",
    .summary = "each op times a Pareto draw of at least 1: rare, long stalls",
    .options = "alpha=3",
    .read = read,
    .stretch = stretch,
};
