/* A survey as text and as JSON, to stdout. */
#ifndef THREADRACK_CLI_TOPOLOGY_PRINT_H
#define THREADRACK_CLI_TOPOLOGY_PRINT_H

#include "threadrack/cluster/survey.h"

/* Two nodes whose route is asked for. */
struct pair {
    int src, dst;
};

void topology_print(const struct cluster *cluster, const struct survey *survey,
                    const struct pair *routes, int count);
void topology_print_json(const struct cluster *cluster, const struct survey *survey,
                         const struct pair *routes, int count);

#endif
