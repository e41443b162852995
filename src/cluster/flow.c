/* The settings of netmodel=flow. The presets are SimGrid's defaults for its models of those names:
 * network/latency-factor, bandwidth-factor and weight-S as src/kernel/resource/models/network_cm02.cpp
 * registers them, and for both network/crosstraffic on and network/TCP-gamma 4194304. */
#include "threadrack/cluster/cluster.h"

static const struct flow_settings presets[] = {
    {.bandwidth_factor = 1, .latency_factor = 1}, /* plain */
    {.by_rtt = true, .crosstraffic = true, .bandwidth_factor = 1, .latency_factor = 1,
     .window_bytes = 4194304}, /* cm02 */
    {.by_rtt = true, .crosstraffic = true, .bandwidth_factor = 0.97, .latency_factor = 13.01,
     .weight_bytes = 20537, .window_bytes = 4194304}, /* lv08 */
};

struct flow_settings cluster_flow_settings(const struct config *config)
{
    struct flow_settings flow = presets[config_choice(config, "cluster.flow.preset")];
    if (config_is_set(config, "cluster.flow.fairness"))
        flow.by_rtt = config_choice(config, "cluster.flow.fairness") == 1;
    if (config_is_set(config, "cluster.flow.crosstraffic"))
        flow.crosstraffic = config_on(config, "cluster.flow.crosstraffic");
    if (config_is_set(config, "cluster.flow.bandwidth_factor"))
        flow.bandwidth_factor = config_real(config, "cluster.flow.bandwidth_factor");
    if (config_is_set(config, "cluster.flow.latency_factor"))
        flow.latency_factor = config_real(config, "cluster.flow.latency_factor");
    if (config_is_set(config, "cluster.flow.weight"))
        flow.weight_bytes = config_whole(config, "cluster.flow.weight");
    if (config_is_set(config, "cluster.flow.window"))
        flow.window_bytes = config_choice(config, "cluster.flow.window") == 0
                                ? 0
                                : config_whole(config, "cluster.flow.window");
    return flow;
}
