/* A node's memory: one mapping, reserved now, committed page by page as its thread touches it. */
#include "machine.h"

#include "threadrack/base/memory.h"

#include <sys/mman.h>

void *host_region_map(size_t bytes)
{
    void *region = mmap(NULL, bytes ? bytes : 1, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region == MAP_FAILED)
        return NULL;
    memory_advise(region, bytes);
    return region;
}

void host_region_unmap(void *region, size_t bytes)
{
    if (region)
        munmap(region, bytes ? bytes : 1);
}

bool host_region_bind(const struct host *host, void *region, size_t bytes, struct seat seat)
{
    if (!host->this_machine || seat.memory_node < 0)
        return false;
    if (host->memory_nodes == 1)
        return true; /* there is nowhere else */
    hwloc_nodeset_t near = hwloc_bitmap_alloc();
    hwloc_bitmap_only(near, (unsigned)seat.memory_node);
    int failed = hwloc_set_area_membind(host->topology, region, bytes ? bytes : 1, near,
                                        HWLOC_MEMBIND_BIND, HWLOC_MEMBIND_BYNODESET);
    hwloc_bitmap_free(near);
    return !failed;
}

int host_memory_node_of(const struct host *host, const void *page)
{
    if (!host->this_machine)
        return -1;
    hwloc_nodeset_t where = hwloc_bitmap_alloc();
    int failed =
        hwloc_get_area_memlocation(host->topology, page, 1, where, HWLOC_MEMBIND_BYNODESET);
    int node = failed ? -1 : hwloc_bitmap_first(where);
    hwloc_bitmap_free(where);
    /* A kernel without NUMA cannot be asked, and needs not be. */
    if (failed && host->memory_nodes == 1)
        node = (int)hwloc_get_obj_by_type(host->topology, HWLOC_OBJ_NUMANODE, 0)->os_index;
    return node;
}
