/* Who sits where.
 *
 *     nodes  0 1 2 | 3 4 5 | 6 7     8 nodes on 3 cores: neighbours share a core
 *     core     0   |   1   |  2
 */
#include "machine.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/share.h"

#include <assert.h>
#include <stdlib.h>

void host_plan(const struct host *host, int nodes, int first_core, int cores, struct seat *seats)
{
    assert(first_core >= 0 && cores > 0 && first_core + cores <= host->core_count);
    for (int c = 0; c < cores; c++) {
        struct share block = share_of((size_t)nodes, (size_t)cores, (size_t)c);
        const struct core *core = &host->cores[first_core + c];
        for (size_t i = block.begin; i < block.begin + block.count; i++)
            seats[i] = (struct seat){
                .core = first_core + c, .pu = core->pu, .memory_node = core->memory_node};
    }
}

static void print_row(int first, int last, struct seat seat, bool pinned, FILE *stream)
{
    char range[32], memory[16] = "?";
    if (first == last)
        snprintf(range, sizeof range, "%d", first);
    else
        snprintf(range, sizeof range, "%d-%d", first, last);
    if (seat.memory_node >= 0)
        snprintf(memory, sizeof memory, "%d", seat.memory_node);
    fprintf(stream, "%-12s %6d %6d %12s  %s\n", range, seat.core, seat.pu, memory,
            pinned ? "pinned" : "planned");
}

static void print_machine(const struct host *host, FILE *stream)
{
    fprintf(stream, "%s: %d of %d core%s usable, %d memory node%s, hwloc %s\n", host->origin,
            host->core_count, host->machine_cores, host->machine_cores == 1 ? "" : "s",
            host->memory_nodes, host->memory_nodes == 1 ? "" : "s", host_hwloc_version());
    if (!host->this_machine)
        fputs("This is not the topology of this machine: seats are planned, nothing is pinned.\n",
              stream);
}

void host_print(const struct host *host, int nodes, FILE *stream)
{
    struct seat *seats = memory_zeroed((size_t)nodes, sizeof *seats);
    host_plan(host, nodes, 0, host->core_count, seats);
    print_machine(host, stream);
    fprintf(stream, "%-12s %6s %6s %12s  %s\n", "nodes", "core", "pu", "memory node", "thread");
    for (int first = 0, last; first < nodes; first = last + 1) {
        last = first;
        while (last + 1 < nodes && seats[last + 1].core == seats[first].core)
            last++;
        print_row(first, last, seats[first], host->this_machine, stream);
    }
    free(seats);
}
