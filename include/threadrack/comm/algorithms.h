/* Which algorithm an operation takes in each group: the one that was asked for, or by `auto` the
 * one that is predicted to be the fastest for the group and the length.
 *
 * Predictions are virtual times. Groups of at most PREDICT_MEMBERS members, on clusters of at most
 * PREDICT_NODES nodes, have every algorithm run timing-only on their own nodes, alone, under the
 * run's netmodel: hops, shared links and additions are in it, other groups' traffic is not. Above
 * that each has its closed form with the group's largest latency and smallest bandwidth, and its
 * additions. Lengths go by the next power of two. Groups between whose members the paths are alike
 * share the prediction of the one that was seen first.
 *
 * A prediction depends on nothing but its arguments, and groups are first seen in set-up, which
 * goes rank by rank: so real and timing-only runs, and all ranks, pick alike.
 */
#ifndef THREADRACK_COMM_ALGORITHMS_H
#define THREADRACK_COMM_ALGORITHMS_H

#include "threadrack/comm/collective.h"
#include "threadrack/rank/rack.h"

enum { PREDICT_MEMBERS = 64, PREDICT_NODES = 4096 };

struct algorithms;
struct pattern; /* a group, as predictions see it */

/* `asked` is "auto", a name with options (`hierarchical:box=8`, `chain:chunk=64KiB`), or a file
 * (`msccl:ring.xml`, comm/msccl.h). Cluster and netmodel outlive it. NULL and a message when there
 * is no such algorithm, option or file. */
struct algorithms *algorithms_create(const char *operation, const char *asked, const char *where,
                                     const struct cluster *cluster,
                                     const struct netmodel_ops *netmodel, struct errors *errors);
void algorithms_free(struct algorithms *algorithms);
/* Only looks whether `asked` is well formed. */
bool algorithms_check(const char *operation, const char *asked, const char *where,
                      struct errors *errors);

/* The pattern of `size` ranks in ascending order, between whose nodes `path` is the worst. */
struct pattern *algorithms_pattern(struct algorithms *algorithms, const int *nodes, int size,
                                   struct path path);
/* The pattern of a group too large to be simulated, when one like it has been seen: of its nodes only
 * the first two matter. NULL: none has. */
struct pattern *algorithms_known(struct algorithms *algorithms, const int first[2], int size,
                                 struct path path);
/* False and a message when the algorithm that was asked for does not fit the nodes: a hierarchical
 * one needs boxes of equal size, a file's is for groups of one size. */
bool algorithms_fit(struct algorithms *algorithms, const int *nodes, int size,
                    struct errors *errors);

/* What runs: a collective whose schedule has the layout that it needs, and the row of the table
 * that it is made from. Both live as long as `algorithms`. By any thread. */
struct choice {
    const struct collective *collective, *kind;
};
struct choice algorithms_pick(struct algorithms *algorithms, struct pattern *pattern, size_t count,
                              size_t element_bytes);

/* From now on collectives of groups whose members are alike (group_set_alike) stand in closed form
 * (struct whole): its time on the group's worst path, with additions, and what member 0 sends. Before
 * the first post. */
void algorithms_close(struct algorithms *algorithms);
/* The schedule that stands for the choice; NULL where none does. */
const struct schedule *algorithms_stand_in(struct algorithms *algorithms,
                                           const struct pattern *pattern, struct choice choice,
                                           size_t count, size_t element_bytes);

/* The row of the table, or the file's algorithm, that was asked for; NULL: auto. */
const struct collective *algorithms_fixed(const struct algorithms *algorithms);
/* What is to be said about the file that was asked for: the i-th remark, NULL past the last. */
const char *algorithms_note(const struct algorithms *algorithms, int i);

/* The candidate that is made from that row of the table; NULL: it does not fit the pattern. */
const struct collective *algorithms_named(const struct pattern *pattern,
                                          const struct collective *kind);

/* The table behind a choice: candidate i's row and predicted time; false past the last. */
bool algorithms_predict(struct algorithms *algorithms, struct pattern *pattern, int i, size_t count,
                        size_t element_bytes, struct choice *choice, uint64_t *predicted_ps);

#endif
