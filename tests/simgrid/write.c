/* Writes every case for the oracle into the folder that is its argument, and prints the shell lines
 * that make its figures: `write FOLDER ORACLE EVERY | sh`. Rates are asked for after each EVERYth
 * event of the closed loops. The stored figures are those of `write tests/simgrid ORACLE 16`. */
#include "cases.h"

#include <stdlib.h>

static bool write_sets(const struct cluster *cluster, const struct case_sets *sets, int every,
                       const char *path)
{
    FILE *out = fopen(path, "w");
    if (!out)
        return false;
    case_write(cluster, sets, every, out);
    return fclose(out) == 0;
}

static bool write_ends(const struct simgrid_case *one, const struct cluster *cluster, char **arguments)
{
    char name[512];
    struct case_sets sets = case_sets_of(one, cluster);
    snprintf(name, sizeof name, "%s/%s-%s.case", arguments[1], one->topology, one->setting);
    bool good = write_sets(cluster, &sets, 1, name);
    free(sets.flows);
    printf("(echo finish_s; %s %s --log=root.thres:error <%s) >%s/%s-%s.csv\n", arguments[2],
           one->simgrid, name, arguments[1], one->topology, one->setting);
    return good;
}

static bool write_rates(const struct simgrid_case *one, const struct cluster *cluster, char **arguments)
{
    char name[512];
    struct case_events events = case_events_of(one, cluster);
    snprintf(name, sizeof name, "%s/%s-%s-rates.case", arguments[1], one->topology, one->setting);
    bool good = write_sets(cluster, &events.sets, atoi(arguments[3]), name);
    free(events.sets.flows);
    free(events.rates_Bps);
    printf("(echo rates_MBps every %s; %s --rates %s --cfg=network/optim:Full --log=root.thres:error <%s) >%s/%s-%s-rates.csv\n",
           arguments[3], arguments[2], one->simgrid, name, arguments[1], one->topology, one->setting);
    return good;
}

int main(int argc, char **argv)
{
    if (argc != 4 || atoi(argv[3]) < 1)
        return 2;
    for (const struct simgrid_case *one = simgrid_cases; one->topology; one++) {
        struct cluster *cluster = case_cluster(one);
        if (!cluster || !write_ends(one, cluster, argv) || !write_rates(one, cluster, argv))
            return 1;
        cluster_free(cluster);
    }
    return 0;
}
