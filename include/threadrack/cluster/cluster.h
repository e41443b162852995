/* The simulated cluster: nodes with a device each, directed links, and routes.
 *
 * A cluster comes from settings (config/config.h) under `cluster.`, usually read from a file of
 * `topologies/`, any of them overridden from the command line. A topology family turns numbers into
 * links and says which links a message takes; routing is static and deterministic.
 */
#ifndef THREADRACK_CLUSTER_CLUSTER_H
#define THREADRACK_CLUSTER_CLUSTER_H

#include "threadrack/base/errors.h"
#include "threadrack/config/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct device {
    uint64_t flops;                /* achievable flop/s in fp32 */
    uint64_t memory_bandwidth_Bps; /* bytes/s */
    uint64_t memory_bytes;         /* capacity: the limit of the node's region */
    uint64_t launch_ps;            /* overhead of each kernel */
    uint64_t add_Bps;              /* bytes/s of a collective's additions; 0: they are free */
    double speed;                  /* divides the duration of every compute op of its node */
};

/* One direction of a cable: full duplex is two of them, links 2i and 2i + 1. Vertices 0..nodes-1 are
 * the nodes, then come empty places, then switches. */
struct link {
    int from, to;
    uint64_t latency_ps;
    uint64_t bandwidth_Bps;
    bool fatpipe;     /* every flow has the whole bandwidth: flows do not share it (SimGrid's FATPIPE) */
    bool half_duplex; /* shares its bandwidth with the other direction of its cable (link i ^ 1) */
};

/* What netmodel=flow adds to plain max-min sharing; see its file for what each means. */
struct flow_settings {
    bool by_rtt;             /* flows are weighted by their latency; false: all are equal */
    bool crosstraffic;
    double bandwidth_factor; /* within (0, 1] */
    double latency_factor;
    uint64_t weight_bytes;   /* S of a flow's weight */
    uint64_t window_bytes;   /* 0: none */
};

/* How the speed of a node, or the bandwidth of a link, changes in time: from begin_ps[i] on it is
 * factor[i] times what it else would be; 1 before the first. Times ascend. */
struct trace {
    int count, room;
    uint64_t *begin_ps;
    double *factor;
};

/* The segment that holds the instant: -1 before the first. And its factor. */
int trace_segment(const struct trace *trace, uint64_t time_ps);
double trace_factor(const struct trace *trace, uint64_t time_ps);

struct topology_ops;

/* What a topology family makes of its keys: how many places for nodes, and how they are wired. Its
 * vertices are its places, 0 to places - 1, then its switches; its links count from 0. */
struct fabric {
    const struct topology_ops *topology;
    void *state;    /* the family's own; NULL when it needs none */
    int places;     /* where nodes can be; 0: as many as are asked for */
    int switches;
    int links;      /* two a cable */
    int route_room; /* links of the longest route */
};

struct cluster {
    char *name; /* the file's name without folder and ending, or "inline" */
    int nodes;
    int places;   /* at least nodes: those behind the last node are empty, but forward what passes */
    int vertices; /* places and switches */
    int *node_of, *rank_on;  /* the node of each rank and back; NULL: rank i is on node i (placement.h) */
    struct device *devices;  /* one a node, by the rank that is on it */
    struct trace *speed_traces; /* likewise; NULL: all keep their speed */
    struct link *links;      /* link_count of them */
    int link_count, link_room;
    bool slow_links;           /* some have another bandwidth than the topology's numbers say */
    struct trace *link_traces; /* one a link; NULL: all keep their bandwidth */
    const struct topology_ops *topology; /* the fabric's */
    struct fabric fabric;    /* its vertices and links are the cluster's */
    uint64_t overhead_ps;    /* loggp's o, paid on the compute lane for each send and receive */
    uint64_t overhead_fs_B;  /* loggp's O, likewise for each byte but the first, in femtoseconds */
    uint64_t gap_ps;         /* loggp's g, between the last byte of a port's message and the next */
    uint64_t rendezvous_bytes; /* loggp's S: longer messages ask first; UINT64_MAX: none does */
    bool program_order;      /* loggp: receive ports serve in the order in which programs ask, not in
                              * that of arrival */
    bool offload;            /* true: o is not paid on the compute lane */
    struct flow_settings flow;
    struct platform *platform; /* of an imported cluster; else NULL */
    char **notes;            /* note_count of them: what its file says and has no effect here */
    int note_count, note_room;
};

/* `cluster`, `nodes` and the keys under `cluster.`; a table ended by a NULL key. */
extern const struct setting cluster_settings[];

/* Builds it from a config whose cluster file has been read (cluster_read). `nodes` 0: one for each
 * of the places that the topology's own numbers make, 1 where they leave it open. */
struct cluster *cluster_create(const struct config *config, int nodes, struct errors *errors);
/* As cluster_create, of a fabric that is given (an imported platform); takes it over. `where` begins
 * the message when the nodes do not fit. */
struct cluster *cluster_create_from(struct fabric fabric, const struct config *config, int nodes,
                                    const char *where, struct errors *errors);
/* How many nodes there are when `nodes` is not given: the places that the topology's numbers make,
 * and 0 where they leave it open or are wrong. */
int cluster_places(const struct config *config);
void cluster_free(struct cluster *cluster);

/* Reads the file that the key `cluster` names, as source SOURCE_CLUSTER: a path, or the name of a
 * shipped one (`ethernet-10g`), looked for in ./topologies, then beside the program, then in the
 * installed share folder, each with and without .yaml. (THREADRACK_TOPOLOGIES names a folder to look
 * in before these.) Nothing to do, and true, when the key is not set. Of a file of another simulator
 * (cluster.format) only `nodes` is taken: the rest is read by cluster_create. */
bool cluster_read(struct config *config, struct errors *errors);

/* cluster.flow.*: the preset, and what is given beside it. */
struct flow_settings cluster_flow_settings(const struct config *config);

/* Where ranks are. Below, `src` and `dst` are ranks: a message goes from the node of one to that of the other. */
static inline int cluster_node_of(const struct cluster *cluster, int rank)
{
    return cluster->node_of ? cluster->node_of[rank] : rank;
}
static inline int cluster_rank_on(const struct cluster *cluster, int node)
{
    return cluster->rank_on ? cluster->rank_on[node] : node;
}

/* The links that a message from one rank's node to another's takes, in order. `links` has room for
 * cluster_route_room() indices; returns how many. 0 when src == dst. */
int cluster_route(const struct cluster *cluster, int src, int dst, int *links);
int cluster_route_room(const struct cluster *cluster);

/* Hockney's parameters of a route: alpha the sum of its latencies, beta its smallest bandwidth. */
struct path {
    uint64_t latency_ps;
    uint64_t bandwidth_Bps;
};
struct path cluster_path(const struct cluster *cluster, int src, int dst);
/* The same at an instant, where bandwidths change in time; cluster_path is before they do. */
struct path cluster_path_at(const struct cluster *cluster, int src, int dst, uint64_t time_ps);
/* What a link's bandwidth is at the instant, rounded half up, at least 1. */
uint64_t cluster_bandwidth_at(const struct cluster *cluster, int link, uint64_t time_ps);

/* How nodes are nested, for collectives that go level by level: fills the sizes of the levels or
 * dimensions from the inside out, such that node x0 + d0 (x1 + d1 (x2 + ...)) is at x0, x1, ..., and
 * returns how many; 0 where the topology has none. */
enum { CLUSTER_LEVELS_MOST = 8 };
int cluster_nesting(const struct cluster *cluster, int sizes[CLUSTER_LEVELS_MOST]);

/* "node3", "empty30", "switch0", "node3->switch0": of vertices, not ranks. Valid until the thread's next call. */
const char *cluster_vertex_name(const struct cluster *cluster, int vertex);
const char *cluster_link_name(const struct cluster *cluster, int link);

/* The folders where shipped clusters are looked for, for `threadrack list clusters`: the i-th, or
 * NULL past the last; valid until the thread's next call. */
const char *cluster_folder(int i);

#endif
