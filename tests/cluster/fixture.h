/* A config that knows the cluster's keys only. */
#ifndef THREADRACK_TESTS_CLUSTER_FIXTURE_H
#define THREADRACK_TESTS_CLUSTER_FIXTURE_H

#include "tests/check.h"

#include "threadrack/cluster/cluster.h"
#include "threadrack/cluster/topology.h"

#include <stdlib.h>

/* From the words of a command line, up to a NULL. */
static inline struct config *fixture_config(const char *const *words, struct errors *errors)
{
    const struct setting *tables[] = {cluster_settings};
    struct config *config = config_create(tables, 1);
    for (; *words; words++)
        config_set(config, *words, errors);
    return config;
}

/* NULL with messages when any of it is wrong. */
static inline struct cluster *fixture_cluster(const char *const *words, struct errors *errors)
{
    struct config *config = fixture_config(words, errors);
    struct cluster *cluster =
        errors->count == 0 && cluster_read(config, errors)
            ? cluster_create(config,
                             config_source(config, "nodes") == SOURCE_DEFAULT
                                 ? 0
                                 : (int)config_whole(config, "nodes"),
                             errors)
            : NULL;
    config_free(config);
    return cluster;
}
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Whether some message holds the words; else prints them all. */
static inline bool fixture_says(const struct errors *errors, const char *words)
{
    for (int i = 0; i < errors->count; i++)
        if (strstr(errors->messages[i], words))
            return true;
    fprintf(stderr, "\nno message says \"%s\":\n", words);
    errors_print(errors, stderr);
    return false;
}

/* A graph of any number of nodes, for the contract: a line, with shortcuts over every third. */
static inline char *fixture_graph(int nodes)
{
    size_t room = 64 + 96 * (size_t)nodes, length = 0;
    char *word = malloc(room);
    length += (size_t)snprintf(word, room, "cluster.links=node0 switch0");
    for (int i = 1; i < nodes; i++)
        length += (size_t)snprintf(word + length, room - length, ",node%d node%d", i - 1, i);
    for (int i = 3; i < nodes; i += 3)
        length += (size_t)snprintf(word + length, room - length,
                                   ",node%d node%d latency=12us bandwidth=1Gbit/s", i - 3, i);
    return word;
}

/* A cluster of that family and size. */
static inline struct cluster *fixture_family(const struct topology_ops *topology, int nodes)
{
    struct errors errors = {0};
    char kind[64], size[64];
    char *graph = fixture_graph(nodes);
    snprintf(kind, sizeof kind, "cluster.topology=%s", topology->name);
    snprintf(size, sizeof size, "nodes=%d", nodes);
    bool is_graph = !strcmp(topology->name, "explicit");
    const char *levels = "cluster.levels=full_mesh size=3,ring size=2 attach=node,star attach=box";
    bool is_levels = !strcmp(topology->name, "multi_level");
    struct cluster *cluster = fixture_cluster(
        WORDS(kind, size, is_graph ? graph : is_levels ? levels : NULL), &errors);
    errors_print(&errors, stderr);
    free(graph);
    return cluster;
}

#endif
