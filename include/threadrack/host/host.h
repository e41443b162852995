/* The host: the real machine that threadrack runs on. The only floor that knows hwloc and OpenMP.
 *
 * Nodes are threads. They are spread over the cores that this process may use (hwloc's topology
 * intersected with the process's own binding: cgroups and taskset count); when there are more nodes
 * than cores, neighbours share a core in contiguous blocks, because waking a thread on another idle
 * core costs some thirty times a wake on the same core.
 */
#ifndef THREADRACK_HOST_HOST_H
#define THREADRACK_HOST_HOST_H

#include "threadrack/base/errors.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct host;

/* Loads the topology (HWLOC_SYNTHETIC and HWLOC_XMLFILE are honoured for planning; a synthetic
 * string that hwloc would silently ignore is an error). NULL and a message when it cannot. The
 * process's binding is read once, here; call it from the main thread before any team is formed. */
struct host *host_open(struct errors *errors);
void host_close(struct host *host);

int host_core_count(const struct host *host);       /* cores within the process's binding */
bool host_is_this_machine(const struct host *host); /* false for a synthetic or XML topology */
uint64_t host_peak_memory_bytes(void); /* the most that this program has had resident; 0: not known */
uint64_t host_free_memory_bytes(void); /* what the host or its cgroup has free, the smaller */
const char *host_hwloc_version(void);

/* ---- Seats: who sits where. ---- */

struct seat {
    int core;        /* index among the cores of host_core_count */
    int pu;          /* operating-system index of the processing unit that the thread is bound to */
    int memory_node; /* operating-system index of the nearest memory node, -1 when unknown */
};

/* Fills seats[0..nodes): node i sits on a core of [first_core, first_core + cores), in contiguous
 * blocks split as evenly as they go (base/share.h). */
void host_plan(const struct host *host, int nodes, int first_core, int cores, struct seat *seats);

/* Who sits where, for `threadrack list host`. */
void host_print(const struct host *host, int nodes, FILE *stream);

/* ---- Regions: one mapping a node, reserved, bound near its core, touched first by its thread. */

/* Reserves; commits nothing. NULL when the mapping fails. */
void *host_region_map(size_t bytes);
void host_region_unmap(void *region, size_t bytes);
/* Binds the region's pages near the seat. False when the host cannot (said once by the caller). */
bool host_region_bind(const struct host *host, void *region, size_t bytes, struct seat seat);
/* The memory node of a touched page, or -1. */
int host_memory_node_of(const struct host *host, const void *page);

/* ---- Teams. ---- */

/* OpenMP's own settings would move or stop our threads. Where the environment sets any of them
 * (OMP_PROC_BIND, OMP_PLACES, OMP_THREAD_LIMIT, OMP_WAIT_POLICY, OMP_DYNAMIC, OMP_NUM_THREADS,
 * OMP_MAX_ACTIVE_LEVELS, OMP_STACKSIZE, GOMP_CPU_AFFINITY, GOMP_SPINCOUNT, KMP_*, BLIS_NUM_THREADS, BLIS_*_NT,
 * ...), says so on stderr (unless quiet), and starts the program again without them, since libgomp
 * reads them when it is loaded. Returns when nothing is to do. Call first thing in main. */
void host_own_environment(char **arguments, bool quiet);

/* Runs body(argument, i) for i in [0, size) on a team of that many OpenMP threads, formed from a
 * thread made for this run (so that no later team or child inherits a binding), each pinned to
 * seats[i]; returns when all have ended. The team's barrier is never spun in: members meet in a
 * primitive of ours before it. False and a message when the team is smaller than asked, or a thread
 * could not be made or (on this machine) pinned: then no body has run. */
bool host_team_run(const struct host *host, const struct seat *seats, int size, size_t stack_bytes,
                   void (*body)(void *argument, int index), void *argument, struct errors *errors);

/* Whether the calling thread is bound to exactly that processing unit (sched_getaffinity). */
bool host_is_pinned(int pu);

#endif
