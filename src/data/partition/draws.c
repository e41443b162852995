/* Options and draws that the members share. */
#include "partitions.h"

#include "threadrack/base/exact.h"
#include "threadrack/base/memory.h"
#include "threadrack/base/units.h"

#include <math.h>

bool partition_number(double *to, double least, double most, const char *key, const char *value,
                      const char *where, struct errors *errors)
{
    struct quantity quantity;
    char why[128];
    if (!units_parse(value, UNIT_REAL, &quantity, why, sizeof why))
        return errors_add(errors, "%s: %s=%s: %s", where, key, value, why);
    *to = quantity.real;
    return (quantity.real >= least && quantity.real <= most) ||
           errors_add(errors, "%s: %s=%s: expected a number from %.15g to %.15g", where, key, value, least,
                      most);
}

bool partition_whole(size_t *to, size_t least, size_t most, const char *key, const char *value,
                     const char *where, struct errors *errors)
{
    struct quantity quantity;
    char why[128];
    if (!units_parse(value, UNIT_COUNT, &quantity, why, sizeof why))
        return errors_add(errors, "%s: %s=%s: %s", where, key, value, why);
    *to = (size_t)quantity.whole;
    return (quantity.whole >= least && quantity.whole <= most) ||
           errors_add(errors, "%s: %s=%s: expected a whole number from %zu to %zu", where, key, value,
                      least, most);
}

uint32_t *shuffled(size_t count, struct draw draw)
{
    uint32_t *items = memory_zeroed(count, sizeof *items);
    for (size_t i = 0; i < count; i++)
        items[i] = (uint32_t)i;
    for (size_t i = count; i-- > 1;) {
        size_t j = draw_below(draw, i, (uint32_t)(i + 1));
        uint32_t item = items[i];
        items[i] = items[j];
        items[j] = item;
    }
    return items;
}

uint32_t *rows_by_label(const struct dataset *data, const int32_t *labels, size_t **begin)
{
    uint32_t *rows = memory_zeroed(data->train_rows, sizeof *rows);
    size_t *at = memory_zeroed(data->classes + 2, sizeof *at);
    for (size_t row = 0; row < data->train_rows; row++)
        at[labels[row] + 2]++;
    for (size_t label = 0; label < data->classes; label++)
        at[label + 2] += at[label + 1];
    for (size_t row = 0; row < data->train_rows; row++)
        rows[at[labels[row] + 1]++] = (uint32_t)row;
    *begin = at;
    return rows;
}

/* Marsaglia and Tsang: A simple method for generating gamma variables, ACM TOMS 2000. For alpha below 1,
 * a draw of alpha + 1 times u^(1/alpha). */
static double draw_gamma(double alpha, struct draw draw, uint64_t *sequence)
{
    double shape = alpha < 1 ? alpha + 1 : alpha, d = shape - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        double x = draw_normal(draw, (*sequence)++), v = 1 + c * x;
        double u = 1 - draw_uniform(draw, (*sequence)++);
        v = v * v * v;
        if (v <= 0 || exact_log(u) >= 0.5 * x * x + d - d * v + d * exact_log(v))
            continue;
        double boost = alpha < 1 ? exact_log(1 - draw_uniform(draw, (*sequence)++)) / alpha : 0;
        return d * v * exact_exp(boost);
    }
}

void draw_shares(double alpha, int parts, struct draw draw, double *shares)
{
    uint64_t sequence = 0;
    double sum = 0;
    for (int i = 0; i < parts; i++)
        sum += shares[i] = draw_gamma(alpha, draw, &sequence);
    for (int i = 0; i < parts; i++)
        shares[i] = sum > 0 ? shares[i] / sum : 1.0 / parts;
}

void sizes_of(size_t count, const double *shares, int parts, size_t *sizes)
{
    double sum = 0;
    size_t before = 0;
    for (int i = 0; i < parts; i++) {
        sum += shares[i];
        size_t here = i == parts - 1 ? count : (size_t)floor(sum * (double)count + 0.5);
        here = here > count ? count : here < before ? before : here;
        sizes[i] = here - before;
        before = here;
    }
}
