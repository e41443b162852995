/* The cluster's settings. The defaults are a workstation's processor behind 10 Gbit/s Ethernet, so
 * that a cluster file can be as short as what it changes. */
#include "threadrack/cluster/cluster.h"

#define TOPOLOGY(name) "|" #name
static const char topology_names[] =
#include "topology.def"
    ;
#undef TOPOLOGY

#define DEVICE(name, ...) "|" #name
static const char device_names[] =
#include "device.def"
    ;
#undef DEVICE

/* Upper bounds keep every sum of virtual time far below 2^64 ps. */
#define ONE_SECOND_PS 1e12
#define MOST_RATE     1e18
#define MOST_NODES    1000000

#define BANDWIDTH(name, words, value, text)                                                        \
    {.key = name, .unit = UNIT_BANDWIDTH, .low = 1, .high = MOST_RATE, .choices = words,           \
     .fallback = value, .help = text}
#define TIME(name, value, text)                                                                    \
    {.key = name, .unit = UNIT_TIME, .high = ONE_SECOND_PS, .fallback = value, .help = text}
#define COUNT(name, value, text, ...)                                                              \
    {.key = name, .unit = UNIT_COUNT, .low = 1, .high = MOST_NODES, .fallback = value, .help = text, __VA_ARGS__}

const struct setting cluster_settings[] = {
    {.key = "cluster", .kind = SETTING_WORD,
     .help = "cluster file: a path, or the name of a shipped one such as ethernet-10g"},
    {.key = "cluster.format", .kind = SETTING_CHOICE, .choices = "auto|threadrack|simgrid|astra",
     .fallback = "auto",
     .help = "of the cluster file; simgrid: platform XML; astra: ASTRA-sim's network YAML; auto: "
             "simgrid when it ends in .xml, astra when it has a list topology and npus_count"},
    {.key = "cluster.astra.gigabyte", .kind = SETTING_CHOICE, .choices = "binary|decimal",
     .fallback = "binary",
     .help = "astra: what its GB/s count; binary: 2^30 bytes, as ASTRA-sim; decimal: 10^9"},
    {.key = "cluster.astra.system", .kind = SETTING_WORD,
     .help = "astra: its system JSON, to be told which allreduce= it means and what is not modelled"},
    COUNT("nodes", "1", "nodes of the cluster",
          .also = "world_size|gpus|num_gpus|num_nodes|nnodes|nproc|nproc_per_node|ranks|workers|num_workers|npus"),
    {.key = "cluster.name", .kind = SETTING_WORD,
     .help = "name in results; unset: the file's name without its ending"},
    {.key = "cluster.topology", .kind = SETTING_CHOICE, .choices = topology_names,
     .fallback = "star", .help = "how nodes are wired"},
    {.key = "cluster.device", .kind = SETTING_CHOICE, .choices = device_names,
     .help = "preset of a node's device (threadrack list devices), whose numbers are below those "
             "given by themselves; unset: the defaults of the keys under it"},
    {.key = "cluster.device.precision", .kind = SETTING_CHOICE, .choices = "fp32|tf32|bf16|fp16|fp8",
     .help = "which of the preset's peaks; unset: bf16, else fp16, else fp32. Memory and messages are as `precision` says"},
    {.key = "cluster.device.efficiency", .unit = UNIT_REAL, .low = 1e-3, .high = 1, .fallback = "0.5",
     .help = "share of the preset's peak that is achieved (an assumption: large language models "
             "reach 0.38 to 0.46 of it with communication)"},
    {.key = "cluster.device.flops", .unit = UNIT_FLOPS, .low = 1, .high = MOST_RATE,
     .fallback = "100Gflop/s", .help = "achievable fp32 rate of a node (not the peak)"},
    BANDWIDTH("cluster.device.memory_bandwidth", NULL, "20GB/s", "achievable memory bandwidth"),
    {.key = "cluster.device.memory", .unit = UNIT_SIZE, .low = 1, .high = MOST_RATE,
     .fallback = "16GiB", .help = "memory capacity of a node"},
    TIME("cluster.device.launch", "500ns", "overhead of each kernel"),
    BANDWIDTH("cluster.device.add_bandwidth", "auto|free", "auto",
              "bytes/s of a collective's additions; auto: a third of memory_bandwidth (two reads "
              "and a write); free: no cost"),
    BANDWIDTH("cluster.link.bandwidth", NULL, "10Gbit/s", "each way, of one cable"),
    TIME("cluster.link.latency", "5us",
         "of one cable; a route through one switch has two cables, so twice this"),
    {.key = "cluster.torus.dimensions", .kind = SETTING_WORD,
     .help = "torus: sizes such as 4x4x8; unset: two, as near to a square as nodes divide"},
    {.key = "cluster.hypercube.dimension", .unit = UNIT_COUNT, .low = 0, .high = 19,
     .help = "hypercube: d, for 2^d places; unset: the least with room for the nodes"},
    {.key = "cluster.fat_tree.k", .unit = UNIT_COUNT, .low = 2, .high = 128,
     .help = "fat_tree: ports of a switch, for k^3/4 places; unset: the least with room, or by form"},
    {.key = "cluster.fat_tree.form", .kind = SETTING_WORD,
     .help = "fat_tree: in general, h;m1,..,mh;w1,..,wh;p1,..,ph: levels, children, parents, parallel "
             "cables (x for the commas on a command line)"},
    {.key = "cluster.fat_tree.spread", .kind = SETTING_CHOICE, .choices = "dmodk|hash",
     .fallback = "dmodk", .help = "fat_tree: which of the equal-cost paths a message takes: by its "
             "destination, or by a hash of both ends"},
    COUNT("cluster.leaf_spine.leaves", NULL,
          "leaf_spine: leaf switches; unset: as many as the nodes need"),
    COUNT("cluster.leaf_spine.spines", "4", "leaf_spine: spine switches, each wired to every leaf"),
    COUNT("cluster.leaf_spine.leaf_size", "16", "leaf_spine: nodes of a leaf"),
    {.key = "cluster.leaf_spine.oversubscription", .unit = UNIT_REAL, .low = 0.001, .high = 1000,
     .fallback = "1", .help = "leaf_spine: bandwidth of a leaf's nodes over that of its uplinks"},
    COUNT("cluster.dragonfly.groups", NULL, "dragonfly: groups; unset: as many as the nodes need"),
    COUNT("cluster.dragonfly.routers", NULL,
          "dragonfly: routers of a group; unset: of the smallest balanced one with room"),
    COUNT("cluster.dragonfly.nodes", NULL, "dragonfly: nodes of a router; unset: as routers"),
    COUNT("cluster.dragonfly.global_links", NULL,
          "dragonfly: cables of a router to other groups; unset: as routers"),
    BANDWIDTH("cluster.dragonfly.local.bandwidth", NULL, NULL,
              "dragonfly: each way, of a cable between a group's routers; unset: as link"),
    TIME("cluster.dragonfly.local.latency", NULL, "dragonfly: of such a cable; unset: as link"),
    BANDWIDTH("cluster.dragonfly.global.bandwidth", NULL, NULL,
              "dragonfly: each way, of a cable between groups; unset: as link"),
    TIME("cluster.dragonfly.global.latency", NULL, "dragonfly: of such a cable; unset: as link"),
    COUNT("cluster.rail.leaf_size", NULL,
          "rail_optimized: boxes of a leaf switch of a rail; unset: one switch a rail"),
    COUNT("cluster.rail.spines", "4", "rail_optimized: spine switches of a rail, where it has leaves"),
    {.key = "cluster.rail.oversubscription", .unit = UNIT_REAL, .low = 0.001, .high = 1000,
     .fallback = "1", .help = "rail_optimized: bandwidth of a leaf's devices over that of its uplinks"},
    COUNT("cluster.box.size", "8",
          "two_level, rail_optimized: nodes in a box; in two_level the last may be smaller"),
    BANDWIDTH("cluster.box.link.bandwidth", NULL, "300GB/s",
              "two_level, rail_optimized: each way, of a cable within a box"),
    TIME("cluster.box.link.latency", "1us",
         "two_level, rail_optimized: of a cable within a box, of which a route has two"),
    {.key = "cluster.levels", .kind = SETTING_LIST,
     .help = "multi_level: families from the inside out, such as 'star size=8 bandwidth=300GB/s' and "
             "'torus dimensions=4x4 attach=node'; attach is box, node or all"},
    {.key = "cluster.links", .kind = SETTING_LIST,
     .help = "explicit: cables such as 'node0 switch0' or 'node0 node1 bandwidth=1Gbit/s "
             "latency=5us sharing=shared|fatpipe duplex=full|half'; what is left out is "
             "cluster.link's, shared and full"},
    {.key = "cluster.slow.fraction", .kind = SETTING_QUANTITY, .unit = UNIT_REAL, .low = 0,
     .high = 1, .fallback = "0", .help = "share of slow nodes, the last ones, rounded down"},
    {.key = "cluster.slow.speed", .unit = UNIT_REAL, .low = 1e-6, .high = 1e6, .fallback = "0.5",
     .help = "speed of the slow nodes; divides the duration of every compute op"},
    {.key = "cluster.slow.nodes", .kind = SETTING_WORD,
     .help = "which nodes are slow, besides: 5, 0:7 or 0:3+12@0.25, whose last has a speed of its own"},
    {.key = "cluster.slow.spread", .kind = SETTING_WORD, .fallback = "none",
     .help = "speeds drawn for every node, times those above: lognormal:sigma=0.2 (median 1) or "
             "uniform:low=0.5,high=1"},
    {.key = "cluster.slow.seed", .unit = UNIT_COUNT, .high = 9e15, .fallback = "1",
     .help = "of the speeds and links drawn: the same cluster, whatever seed trains on it"},
    {.key = "cluster.slow.trace", .kind = SETTING_WORD,
     .help = "CSV file of columns time_s,node,speed: from that time on the node runs at so many times "
             "its speed"},
    {.key = "cluster.slow.links", .kind = SETTING_WORD,
     .help = "links whose bandwidth is times cluster.slow.link_speed, or times a factor of their own: "
             "'node0->switch0+node3@0.1'; a node or switch means all of its links"},
    {.key = "cluster.slow.link_fraction", .kind = SETTING_QUANTITY, .unit = UNIT_REAL, .low = 0,
     .high = 1, .fallback = "0", .help = "share of slow cables, both ways, drawn by cluster.slow.seed, "
                                         "rounded down"},
    {.key = "cluster.slow.link_speed", .unit = UNIT_REAL, .low = 1e-6, .high = 1e6, .fallback = "0.5",
     .help = "what the bandwidth of slow links is times"},
    {.key = "cluster.slow.link_spread", .kind = SETTING_WORD, .fallback = "none",
     .help = "factors drawn for every cable, times those above, as cluster.slow.spread"},
    {.key = "cluster.slow.link_trace", .kind = SETTING_WORD,
     .help = "CSV file of columns time_s,link,factor: from that time on the link's bandwidth is so many "
             "times what it else is; flow changes rates then, hockney and loggp go by a message's start"},
    TIME("cluster.loggp.overhead", "2us",
         "LogGP's o: processor time for each message sent or received"),
    {.key = "cluster.loggp.overhead_per_byte", .unit = UNIT_BYTE_TIME, .high = 1e9,
     .fallback = "0ps/B",
     .help = "LogGOPS's O: processor time for each further byte of a message"},
    TIME("cluster.loggp.gap", "2us",
         "LogGP's g: a port's rest between the last byte of a message and the next message"),
    {.key = "cluster.loggp.rendezvous", .unit = UNIT_SIZE, .high = MOST_RATE,
     .help = "LogGOPS's S: messages of more bytes are sent when their receiver has asked for them; "
             "unset: all are sent at once"},
    {.key = "cluster.loggp.offload", .kind = SETTING_CHOICE, .choices = "off|on", .fallback = "off",
     .help = "on: o is not paid by the compute lane"},
    {.key = "cluster.loggp.ports", .kind = SETTING_CHOICE, .choices = "arrival|program_order",
     .fallback = "arrival",
     .help = "how a receive port serves messages: in order of arrival, or as its rank program asks "
             "for them"},
    {.key = "cluster.flow.preset", .kind = SETTING_CHOICE, .choices = "plain|cm02|lv08",
     .fallback = "plain", .help = "what the other keys of flow are unless given; cm02, lv08: as "
     "SimGrid's models of that name"},
    {.key = "cluster.flow.fairness", .kind = SETTING_CHOICE, .choices = "equal|rtt",
     .help = "rtt: flows are weighted by their latency; unset: the preset's"},
    {.key = "cluster.flow.bandwidth_factor", .kind = SETTING_QUANTITY, .unit = UNIT_REAL,
     .low = 1e-3, .high = 1, .help = "share of a link's bandwidth that data gets; unset: the preset's"},
    {.key = "cluster.flow.latency_factor", .kind = SETTING_QUANTITY, .unit = UNIT_REAL, .low = 0,
     .high = 1e3, .help = "a message waits so many times its route's latency; unset: the preset's"},
    {.key = "cluster.flow.crosstraffic", .kind = SETTING_CHOICE, .choices = "off|on",
     .help = "on: a flow takes 5 % of its rate on the way back, too; unset: the preset's"},
    {.key = "cluster.flow.window", .kind = SETTING_QUANTITY, .unit = UNIT_SIZE, .low = 1,
     .high = MOST_RATE, .choices = "none",
     .help = "TCP's: a flow is no faster than window / (2 x latency); unset: the preset's"},
    {.key = "cluster.flow.weight", .kind = SETTING_QUANTITY, .unit = UNIT_SIZE, .high = MOST_RATE,
     .help = "fairness=rtt: the time of so many bytes on each link is added to a flow's latency; "
             "unset: the preset's"},
    {.key = NULL},
};
