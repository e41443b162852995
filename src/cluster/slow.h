/* Slow nodes: speeds that last (cluster.slow.fraction, .nodes, .spread) and speeds that change in time
 * (cluster.slow.trace). */
#ifndef CLUSTER_SLOW_H
#define CLUSTER_SLOW_H

#include "threadrack/cluster/cluster.h"

/* The devices have been made, of speed 1 each. False and messages when the settings do not fit. */
bool slow_apply(struct cluster *cluster, const struct config *config, struct errors *errors);
void slow_release(struct cluster *cluster);

/* Reads a CSV of `time_s,<what>,<factor>` rows, times ascending, into traces[0 .. count), one for each
 * number of the middle column. */
bool traces_read(struct trace *traces, int count, const char *what, const char *path,
                 const char *where, struct errors *errors);
void trace_release(struct trace *trace);

#endif
