/* Each op's duration times exp(sigma z), z standard normal: the median op is as long as without noise,
 * the mean one exp(sigma^2 / 2) times as long. */
#include "../noise.h"

#include "threadrack/base/exact.h"

#include <string.h>

static bool read(struct noise *noise, const char *key, const char *value, const char *where,
                 struct errors *errors)
{
    return !strcmp(key, "sigma") && noise_number(&noise->sigma, 0, 10, key, value, where, errors);
}

static uint64_t stretch(const struct noise *noise, const struct noise_op *op)
{
    double z = draw_normal(noise_draw(noise, op->rank), op->number);
    return noise_scaled(op->duration_ps, exact_exp(noise->sigma * z));
}

const struct noise_ops noise_lognormal = {
    .name = "lognormal",
    .summary = "each op times a log-normal draw of median 1",
    .options = "sigma=0.1",
    .read = read,
    .stretch = stretch,
};
