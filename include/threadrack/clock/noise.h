/* Noise: how much longer a compute op takes on a real machine than its cost says.
 *
 * A family: each op of a rank's compute lane (and each calc of a replay) is stretched on its own, by
 * draws keyed by (seed, rank, number of the op), or by detours of the operating system that recur in
 * virtual time (Petrini, Kerbyson, Pakin: The case of the missing supercomputer performance, SC 2003;
 * Hoefler, Schneider, Lumsdaine: Characterizing the influence of system noise, SC 2010). Additions of
 * collectives are not stretched. Beside noise, a node's speed may change by a trace
 * (cluster/slow.h), which is followed after the noise.
 *
 * To add one: src/clock/noise/<name>.c and a row in src/clock/noise.def.
 */
#ifndef THREADRACK_CLOCK_NOISE_H
#define THREADRACK_CLOCK_NOISE_H

#include "threadrack/base/errors.h"
#include "threadrack/base/philox.h"

#include <stdbool.h>
#include <stdint.h>

struct noise_ops;

/* What was asked for; the same for all ranks. */
struct noise {
    const struct noise_ops *ops;
    double sigma;                   /* lognormal */
    double alpha;                   /* pareto */
    uint64_t period_ps, length_ps;  /* periodic */
    bool in_phase;                  /* periodic: all nodes have their detours at once */
    uint64_t seed;
};

/* One op: `duration_ps` without noise, begun at `begin_ps`. */
struct noise_op {
    int rank;
    uint64_t number; /* of the rank's compute ops, from 0 */
    uint64_t begin_ps, duration_ps;
};

struct noise_ops {
    const char *name, *summary, *options;
    /* Reads one option; false: it has no such option, or the value is wrong (then a message). NULL:
     * it takes none. */
    bool (*read)(struct noise *noise, const char *key, const char *value, const char *where,
                 struct errors *errors);
    /* The duration with noise, not below 1 ps. NULL: there is none. */
    uint64_t (*stretch)(const struct noise *noise, const struct noise_op *op);
};

extern const struct noise_ops *const noises[]; /* NULL at the end */
extern const struct noise_ops noise_none;

/* "lognormal:sigma=0.2". */
bool noise_parse(struct noise *noise, const char *text, uint64_t seed, const char *where,
                 struct errors *errors);

#endif
