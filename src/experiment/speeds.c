/* How fast nodes are at the run's own work.
 *
 * A node's speed is 1 over what a step of `single` on its part of an even batch would take on it, costed as
 * the clock costs it: by its device's numbers, and times its lasting speed (cluster.slow). */
#include "inside.h"

#include "threadrack/base/memory.h"

static bool same_kind(struct device a, struct device b)
{
    return a.flops == b.flops && a.memory_bandwidth_Bps == b.memory_bandwidth_Bps &&
           a.launch_ps == b.launch_ps;
}

/* By node; devices of one kind are costed once. A cost that is timed on the host knows the lasting speed
 * alone, which is then all that tells nodes apart. */
double *setup_speeds(const struct setup *setup)
{
    const struct device *devices = setup->cluster->devices;
    double *speeds = memory_zeroed((size_t)setup->nodes, sizeof *speeds);
    int known = -1;
    double nominal = 1;
    for (int i = 0; i < setup->nodes; i++) {
        if (known < 0 || !same_kind(devices[i], devices[known])) {
            uint64_t step_ps = alone_step_ps(setup, i, setup->batch / (size_t)setup_workers(setup));
            nominal = step_ps ? 1e12 / (double)step_ps : 1;
            known = i;
        }
        speeds[i] = nominal * devices[i].speed;
    }
    return speeds;
}
