/* The family of devices: `cluster.device=h100` sets a node's arithmetic rate, memory bandwidth and
 * memory. To add one: a row in src/cluster/device.def. */
#ifndef THREADRACK_CLUSTER_DEVICE_H
#define THREADRACK_CLUSTER_DEVICE_H

#include "threadrack/cluster/cluster.h"

enum { PRECISIONS = 5 };
extern const char *const precision_names[PRECISIONS]; /* fp32, tf32, bf16, fp16, fp8 */

struct device_preset {
    const char *name, *summary;
    uint64_t peak_Gflops[PRECISIONS]; /* 0: it has no such arithmetic */
    uint64_t memory_bandwidth_Bps, memory_bytes;
};
extern const struct device_preset device_presets[]; /* ended by a NULL name */

/* Whose peak the nodes' rate is a share of: the name of a precision, or NULL where the rate is given by itself,
 * and so of none. */
const char *device_precision(const struct config *config);

/* Whether the preset has such a peak, where another is not asked for; else a message that begins with `where`.
 * Where a preset has both, the peaks of bf16 and fp16 are one (tests hold them to that). */
bool device_check_precision(const struct config *config, const char *name, const char *where,
                            struct errors *errors);

/* A node's device, of speed 1, from the keys under cluster.device. A number that is given by itself,
 * in the place where the preset is chosen or a later one, goes before the preset's. */
bool device_read(const struct config *config, struct device *device, struct errors *errors);

#endif
