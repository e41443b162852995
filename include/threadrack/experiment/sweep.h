/* A sweep: the points of a config's lists, run by a few jobs, and what became of each.
 *
 * One experiment is a sweep of one point. A point that does not fit is a result with a status, and
 * the sweep goes on; an interrupt or a full disk ends it, and what is finished is kept.
 */
#ifndef THREADRACK_EXPERIMENT_SWEEP_H
#define THREADRACK_EXPERIMENT_SWEEP_H

#include "threadrack/experiment/experiment.h"

#include <stdbool.h>

struct output;
struct progress;

struct sweep {
    char **keys; /* the swept keys: a column each in every file */
    int key_count, key_room;
    struct point {
        struct config *config; /* owned */
        struct result *result; /* owned; NULL where the sweep ended before it ran */
        struct errors errors;  /* all that was wrong with it */
    } * points;
    int count, room;
};

void sweep_init(struct sweep *sweep);
void sweep_release(struct sweep *sweep);
/* Adds the points of the config's lists, each with its cluster file read, and the swept keys. False
 * and a message when the lists make no product, or no pairs, or a cluster file is wrong. */
bool sweep_add(struct sweep *sweep, const struct config *config, bool zip, struct errors *errors);
/* Makes a key a column although it has one value only (a baseline's). */
void sweep_add_key(struct sweep *sweep, const char *key);

/* Whether every word that should name a member of a family does, those of lists to sweep too: else a message for each
 * that does not. */
bool experiment_check_words(const struct config *config, struct errors *errors);
/* Whether that many jobs may run at once: not when a point's computing is measured, nor
 * when points differ in BLIS's kernels. */
bool sweep_allows(const struct sweep *sweep, int jobs, struct errors *errors);

/* How to run: which core a job may use is its share of the host's; with more jobs than cores all
 * jobs share all cores, and `sweep_run` says so on stderr unless quiet. */
struct sweep_way {
    const struct host *host;
    int jobs;
    struct output *output; /* NULL: no files */
    bool quiet;            /* no progress, no remarks */
    bool only_skew;        /* nothing is trained: see experiment_skew */
};
/* Runs every point. False when the output could not be written (output_close says why). */
bool sweep_run(struct sweep *sweep, struct sweep_way way);

#endif
