/* Slow nodes and slow links: factors that last, and factors that change in time. */
#ifndef CLUSTER_SLOW_H
#define CLUSTER_SLOW_H

#include "threadrack/base/philox.h"
#include "threadrack/cluster/cluster.h"

/* Speeds of nodes (cluster.slow.fraction, .nodes, .spread, .trace). The devices have been made, of speed 1
 * each. False and messages when the settings do not fit. */
bool slow_apply(struct cluster *cluster, const struct config *config, struct errors *errors);
/* Bandwidths of links (cluster.slow.links, .link_fraction, .link_spread, .link_trace), once links have their
 * names. Likewise. */
bool slow_links(struct cluster *cluster, const struct config *config, struct errors *errors);
void slow_release(struct cluster *cluster);

/* ---- What both have. ---- */

/* A number from 1e-6 to 1e6. */
bool slow_factor(const char *text, double *out);

/* A distribution of factors. */
struct spread {
    const char *name;
    const char *keys[2];
    double values[2], least[2];
    double (*draw)(struct draw draw, uint64_t number, const double *values); /* NULL: none */
};
bool spread_parse(struct spread *spread, const struct config *config, const char *key,
                  struct errors *errors);
/* The factor times that of the node or cable of that number, within 1e-6 and 1e6. */
double spread_draw(const struct spread *spread, struct draw draw, int number, double factor);

/* Whether the name means the link: its own, or that of the node or switch at one of its ends. A half-duplex
 * cable is its first link, by either name. */
bool link_is_named(const struct cluster *cluster, int link, const char *name);

/* Reads a CSV of `time_s,<what>,<factor>` rows, times ascending, into traces[0 .. count): of nodes, by their
 * numbers, or of the links of `cluster`, by their names; NULL: of nodes. */
bool traces_read(struct trace *traces, const struct cluster *cluster, int count, const char *path,
                 const char *where, struct errors *errors);
void trace_release(struct trace *trace);

#endif
