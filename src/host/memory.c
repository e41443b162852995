/* How much memory a run may take before the host, or the cgroup that we are in, kills it. */
#include "cgroup.h"

#include "threadrack/host/host.h"

#include <inttypes.h>

static uint64_t machine_free(void)
{
    FILE *file = fopen("/proc/meminfo", "r");
    char line[128];
    uint64_t kilobytes = 0;
    bool found = false;
    while (file && !found && fgets(line, sizeof line, file))
        found = sscanf(line, "MemAvailable: %" SCNu64, &kilobytes) == 1;
    if (file)
        fclose(file);
    return found ? 1024 * kilobytes : UINT64_MAX;
}

/* File pages that nobody uses are counted as usage, yet the kernel drops them before it kills. */
static void lower(void *context, const char *folder, int version)
{
    static const struct {
        const char *limit, *usage, *reclaimable;
    } names[] = {{"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"},
                 {"memory.max", "memory.current", "inactive_file"}};
    uint64_t *least = context, limit, usage;
    if (!cgroup_number(folder, names[version - 1].limit, &limit) ||
        !cgroup_number(folder, names[version - 1].usage, &usage))
        return;
    uint64_t reclaimable = cgroup_field(folder, "memory.stat", names[version - 1].reclaimable);
    uint64_t held = usage > reclaimable ? usage - reclaimable : 0;
    uint64_t left = limit > held ? limit - held : 0;
    if (left < *least)
        *least = left;
}

uint64_t host_free_memory_bytes(void)
{
    uint64_t least = machine_free();
    cgroup_each("memory", lower, &least);
    return least;
}

uint64_t host_peak_memory_bytes(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    unsigned long long kib = 0;
    char line[256];
    while (file && !kib && fgets(line, sizeof line, file))
        sscanf(line, "VmHWM: %llu", &kib);
    if (file)
        fclose(file);
    return (uint64_t)kib * 1024;
}
