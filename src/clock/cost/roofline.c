/* The roofline (Williams, Waterman, Patterson: Roofline, CACM 2009): work takes as long as the
 * slower of its arithmetic at the achievable rate and its traffic at the memory bandwidth, and each
 * kernel a launch besides. Rounded once, half up. */
#include "threadrack/clock/cost.h"

#include "threadrack/clock/netmodel.h"

static uint64_t duration(const struct device *device, const struct work *work)
{
    if (!work->flops && !work->bytes)
        return work->kernels * device->launch_ps;
    uint64_t arithmetic = transfer_ps(work->flops, device->flops);
    uint64_t traffic = transfer_ps(work->bytes, device->memory_bandwidth_Bps);
    return work->kernels * device->launch_ps + (arithmetic > traffic ? arithmetic : traffic);
}

const struct cost_ops cost_roofline = {
    .name = "roofline",
    .summary = "flops over the achievable rate or bytes over memory bandwidth, the larger, and a "
               "launch a kernel",
    .options = "cluster.device.flops, cluster.device.memory_bandwidth, cluster.device.launch",
    .duration = duration,
};
