/* The family of compute costs: how long a piece of work takes on a device.
 *
 * To add one: src/clock/cost/<name>.c and a row in src/clock/cost.def.
 */
#ifndef THREADRACK_CLOCK_COST_H
#define THREADRACK_CLOCK_COST_H

#include "threadrack/base/errors.h"
#include "threadrack/clock/work.h"
#include "threadrack/cluster/cluster.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

struct cost_ops {
    const char *name, *summary, *options;
    /* The duration in ps on a device of speed 1. NULL: the op is timed on the host while it runs. */
    uint64_t (*duration)(const struct device *device, const struct work *work);
};

extern const struct cost_ops *const compute_costs[]; /* NULL at the end */
const struct cost_ops *cost_find(const char *name, const char *where, struct errors *errors);

/* A measured duration on a device: its speed divides that. */
static inline uint64_t cost_scaled_ps(const struct device *device, uint64_t measured_ps)
{
    return device->speed == 1.0 ? measured_ps : (uint64_t)floor((double)measured_ps / device->speed + 0.5);
}
/* The duration on a device with its speed: it divides the duration of every compute op. */
static inline uint64_t cost_ps(const struct cost_ops *cost, const struct device *device,
                               const struct work *work)
{
    return cost_scaled_ps(device, cost->duration(device, work) + work->fixed_ps);
}

#endif
