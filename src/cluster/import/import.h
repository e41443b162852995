/* Clusters from files of other simulators. */
#ifndef THREADRACK_SRC_CLUSTER_IMPORT_IMPORT_H
#define THREADRACK_SRC_CLUSTER_IMPORT_IMPORT_H

#include "platform.h"

#include "threadrack/cluster/topology.h"

/* What a file uses and does not matter here, a line each; equal ones are said once. */
struct remarks {
    struct remark {
        char *where, *what;
        int more; /* lines besides the first */
    } *items;
    int count, room;
};
void remarks_add(struct remarks *remarks, const char *path, int line, const char *what);
void remarks_release(struct remarks *remarks);

/* Reads SimGrid's platform XML (DTD versions 4 and 4.1). All that would change times and is not
 * understood is an error; what is harmless goes to `remarks`. NULL after an error. */
struct platform *simgrid_load(const char *path, struct remarks *remarks, struct errors *errors);

/* SimGrid's quantities: 'k', 'M', ... are powers of ten, 'Ki', 'Mi', ... of two; `Bps` are bytes
 * and `bps` bits per second. Without a unit: s, Bps, flop/s. */
bool simgrid_time(const char *text, uint64_t *ps);
bool simgrid_bandwidth(const char *text, uint64_t *Bps);
bool simgrid_speed(const char *text, double *flops);

/* ---- ASTRA-sim's network files, which become settings: topology multi_level. ---- */

/* Whether the cluster's file, found at `path`, is one: by cluster.format or by its keys. */
bool astra_is_wanted(const struct config *config, const char *path);
/* Gives cluster.topology and cluster.levels what the file says. */
bool astra_read(struct config *config, const char *path, struct errors *errors);
/* Refuses cluster.astra.* of other clusters, and cluster.link.* of these. */
bool astra_check_effect(const struct config *config, struct errors *errors);
/* Adds notes of the rates and latencies that its numbers were taken to mean, and of
 * cluster.astra.system; none of other clusters. */
bool astra_note(struct cluster *cluster, const struct config *config, struct errors *errors);
/* Adds notes of what its system file asks for; false and messages when that cannot be read. */
bool astra_note_system(struct cluster *cluster, const char *path, struct errors *errors);

/* ---- What the cluster has to do with SimGrid's. ---- */

/* The topology of an imported cluster; in no table, since settings cannot choose it. */
extern const struct topology_ops topology_imported;
/* Whether the config's cluster is a file of another simulator. */
bool import_is_wanted(const struct config *config);
/* Takes what the settings must know before the cluster is made: how many nodes there are. */
bool import_read(struct config *config, const char *path, struct errors *errors);
/* The path of the file that the key `cluster` names, to be freed; NULL: there is none. */
char *cluster_find_file(const char *name);
/* As cluster_create, of such a file. */
struct cluster *import_create(const struct config *config, int nodes, struct errors *errors);
/* Frees the notes; the platform is the fabric's. */
void import_release(struct cluster *cluster);
/* The link as its file calls it; valid until the thread's next call. */
const char *import_link_name(const struct cluster *cluster, int link);

#endif
