/* Finds the cores that this process may use.
 *
 * hwloc itself leaves out what a cgroup forbids; the process's own binding (taskset) is intersected
 * here. Each core gives one processing unit, the first that we may use: hyperthreads share the
 * floating-point units, so a second rank there would only slow down the first. */
#include "machine.h"

#include "threadrack/base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *setting(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

/* hwloc reads these variables by itself, but loads the real machine without a word when one is
 * wrong. So they are given to it explicitly, and its answer is looked at. */
static bool choose(struct host *host, struct errors *errors)
{
    const char *xml = setting("HWLOC_XMLFILE"), *synthetic = setting("HWLOC_SYNTHETIC");
    host->origin = "this machine";
    if (xml) {
        host->origin = "HWLOC_XMLFILE";
        if (hwloc_topology_set_xml(host->topology, xml))
            return errors_add(errors, "HWLOC_XMLFILE=%s: hwloc cannot read that topology", xml);
    } else if (synthetic) {
        host->origin = "HWLOC_SYNTHETIC";
        if (hwloc_topology_set_synthetic(host->topology, synthetic))
            return errors_add(errors,
                              "HWLOC_SYNTHETIC=%s: hwloc does not understand it; expected a "
                              "description such as 'numa:2 core:4 pu:2'",
                              synthetic);
    }
    return true;
}

static void add_core(struct host *host, hwloc_obj_t core, hwloc_const_cpuset_t allowed)
{
    hwloc_bitmap_t usable = hwloc_bitmap_alloc();
    hwloc_bitmap_and(usable, core->cpuset, allowed);
    int pu = hwloc_bitmap_first(usable);
    hwloc_bitmap_free(usable);
    if (pu < 0)
        return;
    int memory_node = core->nodeset ? hwloc_bitmap_first(core->nodeset) : -1;
    *vector_push(&host->cores, &host->core_count, &host->core_room) =
        (struct core){.pu = pu, .memory_node = memory_node};
}

static bool find_cores(struct host *host, struct errors *errors)
{
    hwloc_bitmap_t allowed = hwloc_bitmap_dup(hwloc_topology_get_allowed_cpuset(host->topology));
    hwloc_bitmap_t bound = hwloc_bitmap_alloc();
    if (host->this_machine && !hwloc_get_cpubind(host->topology, bound, HWLOC_CPUBIND_THREAD))
        hwloc_bitmap_and(allowed, allowed, bound);
    /* A synthetic machine may have processing units and no cores. */
    int depth = hwloc_get_type_or_below_depth(host->topology, HWLOC_OBJ_CORE);
    host->machine_cores = (int)hwloc_get_nbobjs_by_depth(host->topology, depth);
    for (int i = 0; i < host->machine_cores; i++)
        add_core(host, hwloc_get_obj_by_depth(host->topology, depth, (unsigned)i), allowed);
    hwloc_bitmap_free(bound);
    hwloc_bitmap_free(allowed);
    return host->core_count ||
           errors_add_status(errors, STATUS_FAILED,
                             "host: hwloc finds no core that this process may use");
}

static bool load(struct host *host, struct errors *errors)
{
    if (hwloc_topology_init(&host->topology))
        return errors_add_status(errors, STATUS_FAILED, "host: hwloc cannot start: %s",
                                 strerror(errno));
    if (!choose(host, errors))
        return false;
    if (hwloc_topology_load(host->topology))
        return errors_add_status(errors, STATUS_FAILED, "host: hwloc cannot load %s: %s",
                                 host->origin, strerror(errno));
    /* HWLOC_THISSYSTEM may vouch for an XML file of this machine; for a made-up one it may not. */
    host->this_machine = hwloc_topology_is_thissystem(host->topology) &&
                         strcmp(host->origin, "HWLOC_SYNTHETIC") != 0;
    host->memory_nodes = hwloc_get_nbobjs_by_type(host->topology, HWLOC_OBJ_NUMANODE);
    return find_cores(host, errors);
}

struct host *host_open(struct errors *errors)
{
    struct host *host = memory_zeroed(1, sizeof *host);
    if (load(host, errors))
        return host;
    host_close(host);
    return NULL;
}

void host_close(struct host *host)
{
    if (!host)
        return;
    if (host->topology)
        hwloc_topology_destroy(host->topology);
    free(host->cores);
    free(host);
}

int host_core_count(const struct host *host)
{
    return host->core_count;
}

bool host_is_this_machine(const struct host *host)
{
    return host->this_machine;
}
