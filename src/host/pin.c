#include "pin.h"

#include "machine.h"

#include <sched.h>

bool pin_here(const struct host *host, int pu)
{
    hwloc_cpuset_t only = hwloc_bitmap_alloc();
    hwloc_bitmap_only(only, (unsigned)pu);
    int failed =
        hwloc_set_cpubind(host->topology, only, HWLOC_CPUBIND_THREAD | HWLOC_CPUBIND_STRICT);
    hwloc_bitmap_free(only);
    return !failed && host_is_pinned(pu);
}

bool host_is_pinned(int pu)
{
    cpu_set_t set[MOST_CPUS / CPU_SETSIZE];
    size_t bytes = sizeof set;
    CPU_ZERO_S(bytes, set);
    if (sched_getaffinity(0, bytes, set))
        return false;
    return CPU_COUNT_S(bytes, set) == 1 && CPU_ISSET_S((size_t)pu, bytes, set);
}
