/* Detours of the operating system: every `period` of virtual time the node does something else for
 * `length`. A node's phase is drawn, unless all are in phase (co-scheduled: Petrini et al. 2003).
 *
 *     |#####----------------|#####----------------|       # detour, - computing; x counts from the
 *     0  length           period                            last phase before time 0
 *
 * W(x) is the computing done in [0, x): an op of d that begins at x ends at the least y with
 * W(y) = W(x) + d. */
#include "../noise.h"

#include <string.h>

static bool read(struct noise *noise, const char *key, const char *value, const char *where,
                 struct errors *errors)
{
    if (!strcmp(key, "period"))
        return noise_time(&noise->period_ps, key, value, where, errors);
    if (!strcmp(key, "length"))
        return noise_time(&noise->length_ps, key, value, where, errors);
    if (strcmp(key, "phase"))
        return false;
    noise->in_phase = !strcmp(value, "same");
    return noise->in_phase || !strcmp(value, "random") ||
           errors_add(errors, "%s: phase=%s: expected same or random", where, value);
}

static uint64_t phase(const struct noise *noise, int rank)
{
    if (noise->in_phase)
        return 0;
    unsigned __int128 wide = draw_bits(noise_draw(noise, rank), UINT64_MAX);
    return (uint64_t)(wide * noise->period_ps >> 64);
}

static uint64_t stretch(const struct noise *noise, const struct noise_op *op)
{
    uint64_t period = noise->period_ps, length = noise->length_ps, open = period - length;
    uint64_t x = (op->begin_ps + phase(noise, op->rank)) % period;
    uint64_t work = (x > length ? x - length : 0) + op->duration_ps;
    uint64_t whole = work / open, rest = work % open;
    uint64_t end = rest ? whole * period + length + rest : whole * period;
    return end - x;
}

const struct noise_ops noise_periodic = {
    .name = "periodic",
    .summary = "detours of the operating system, each period of virtual time",
    .options = "period=1ms,length=25us,phase=random|same",
    .read = read,
    .stretch = stretch,
};
