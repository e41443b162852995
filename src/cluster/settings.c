/* The cluster's settings. The defaults are a workstation's processor behind 10 Gbit/s Ethernet, so
 * that a cluster file can be as short as what it changes. */
#include "threadrack/cluster/cluster.h"

#define TOPOLOGY(name) "|" #name
static const char topology_names[] =
#include "topology.def"
    ;
#undef TOPOLOGY

/* Upper bounds keep every sum of virtual time far below 2^64 ps. */
#define ONE_SECOND_PS 1e12
#define MOST_RATE     1e18
#define MOST_NODES    1000000

#define BANDWIDTH(name, words, value, text)                                                        \
    {.key = name, .unit = UNIT_BANDWIDTH, .low = 1, .high = MOST_RATE, .choices = words,           \
     .fallback = value, .help = text}
#define TIME(name, value, text)                                                                    \
    {.key = name, .unit = UNIT_TIME, .high = ONE_SECOND_PS, .fallback = value, .help = text}
#define COUNT(name, value, text)                                                                   \
    {.key = name, .unit = UNIT_COUNT, .low = 1, .high = MOST_NODES, .fallback = value, .help = text}

const struct setting cluster_settings[] = {
    {.key = "cluster", .kind = SETTING_WORD,
     .help = "cluster file: a path, or the name of a shipped one such as ethernet-10g"},
    {.key = "cluster.format", .kind = SETTING_CHOICE, .choices = "auto|threadrack|simgrid",
     .fallback = "auto",
     .help = "of the cluster file; simgrid: platform XML; auto: simgrid when it ends in .xml"},
    COUNT("nodes", "1", "nodes of the cluster"),
    {.key = "cluster.name", .kind = SETTING_WORD,
     .help = "name in results; unset: the file's name without its ending"},
    {.key = "cluster.topology", .kind = SETTING_CHOICE, .choices = topology_names,
     .fallback = "star", .help = "how nodes are wired"},
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
    COUNT("cluster.box.size", "8", "two_level: nodes in a box; the last box may be smaller"),
    BANDWIDTH("cluster.box.link.bandwidth", NULL, "300GB/s",
              "two_level: each way, of a cable within a box"),
    TIME("cluster.box.link.latency", "1us",
         "two_level: of a cable within a box, of which a route has two"),
    {.key = "cluster.links", .kind = SETTING_LIST,
     .help = "explicit: cables such as 'node0 switch0' or 'node0 node1 bandwidth=1Gbit/s "
             "latency=5us'; what is left out is cluster.link's"},
    {.key = "cluster.slow.fraction", .kind = SETTING_QUANTITY, .unit = UNIT_REAL, .low = 0,
     .high = 1, .fallback = "0", .help = "share of slow nodes, the last ones, rounded down"},
    {.key = "cluster.slow.speed", .unit = UNIT_REAL, .low = 1e-6, .high = 1e6, .fallback = "0.5",
     .help = "speed of the slow nodes; divides the duration of every compute op"},
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
    {.key = NULL},
};
