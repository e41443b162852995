/* What host_open finds; private to this floor. */
#ifndef THREADRACK_HOST_MACHINE_H
#define THREADRACK_HOST_MACHINE_H

#include "threadrack/host/host.h"

#include <hwloc.h>

/* A core that this process may use. */
struct core {
    int pu;          /* operating-system index of its first processing unit that we may use */
    int memory_node; /* operating-system index of the nearest memory node, -1 when unknown */
};

struct host {
    hwloc_topology_t topology;
    bool this_machine;  /* false: the topology is only planned for, and nothing is ever bound */
    const char *origin; /* "this machine", "HWLOC_SYNTHETIC", "HWLOC_XMLFILE" */
    struct core *cores; /* core_count of them, in hwloc's logical order: neighbours are near */
    int core_count, core_room;
    int machine_cores; /* all of the machine's, ours or not */
    int memory_nodes;
};

#endif
