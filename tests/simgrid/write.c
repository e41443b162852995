/* Writes every case for the oracle into the folder that is its argument, and prints a shell line
 * for each that makes its figures: `write FOLDER ORACLE | sh`. */
#include "cases.h"

#include <stdlib.h>

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    for (const struct simgrid_case *one = simgrid_cases; one->topology; one++) {
        char path[512];
        struct cluster *cluster = case_cluster(one);
        if (!cluster)
            return 1;
        struct case_sets sets = case_sets_of(one, cluster);
        snprintf(path, sizeof path, "%s/%s-%s.case", argv[1], one->topology, one->setting);
        FILE *out = fopen(path, "w");
        if (!out)
            return 1;
        case_write(cluster, &sets, out);
        fclose(out);
        printf("(echo finish_s; %s %s --log=root.thres:error <%s) >%s/%s-%s.csv\n", argv[2],
               one->simgrid, path, argv[1], one->topology, one->setting);
        free(sets.flows);
        cluster_free(cluster);
    }
    return 0;
}
