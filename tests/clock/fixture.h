/* Clusters made from words, and programs of a few ops, for the tests of the clock and above. */
#ifndef TESTS_CLOCK_FIXTURE_H
#define TESTS_CLOCK_FIXTURE_H

#include "threadrack/cluster/cluster.h"
#include "threadrack/clock/clock.h"
#include "threadrack/config/config.h"

/* A cluster from words such as "nodes=4", "cluster.link.latency=1us"; additions are free and
 * launches cost nothing unless a word says otherwise. */
static inline struct cluster *cluster_of(const char *const *words, int count)
{
    static const struct setting *const tables[] = {cluster_settings};
    struct config *config = config_create(tables, 1);
    struct errors errors;
    errors_init(&errors);
    for (int i = 0; i < count; i++)
        config_set(config, words[i], &errors);
    struct cluster *cluster =
        errors.count ? NULL : cluster_create(config, (int)config_whole(config, "nodes"), &errors);
    errors_print(&errors, stderr);
    errors_release(&errors);
    config_free(config);
    return cluster;
}

#define CLUSTER(...)                                                                               \
    cluster_of((const char *const[]){__VA_ARGS__},                                                 \
               (int)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)))

static inline const struct netmodel_ops *netmodel_named(const char *name)
{
    struct errors errors;
    errors_init(&errors);
    const struct netmodel_ops *ops = netmodel_find(name, "test", &errors);
    errors_release(&errors);
    return ops;
}

#endif
