/* What the driver (run.c) shares with its part for strategies that run free (freely.c). */
#ifndef EXPERIMENT_DRIVE_H
#define EXPERIMENT_DRIVE_H

#include "pulse.h"
#include "watch.h"

#include "threadrack/model/checkpoint.h"

#include <pthread.h>

struct half; /* freely.c */

/* What all ranks of a run share off the clock. */
struct drive {
    const struct setup *setup;
    const struct plan *plan;
    struct result *result;
    struct watch watch;
    struct progress_hook progress;
    struct rack *rack;
    struct pulse pulse;          /* timing-only */
    struct training **trainings; /* by rank; real runs, those that run free, and pipelines that flow */
    double *losses;              /* (steps, ranks): each rank's part; real runs only */
    struct routed *routed;       /* likewise, of a model with experts; else NULL */
    uint64_t *stale;             /* likewise, of a pipeline that flows: updates; real or not */
    uint64_t *rows;              /* by rank: rows whose forward pass began there */
    uint64_t allreduces;         /* bits of the algorithms that ran, see training_allreduces */
    struct checkpoint *gathered; /* the whole model, at an evaluation or a save */
    struct errors unsaved;       /* what went wrong with a save */
    int meet_every;
    pthread_mutex_t lock;        /* of the ends of steps of strategies that run free */
    struct half *halves;
    bool stop;                   /* written only while all ranks meet */
    int stopped_at;              /* steps taken */
};

bool drive_is_last(const struct drive *drive, int step);
/* Whether the whole model is looked at behind the step. */
bool drive_looks(const struct drive *drive, int step);
/* One step of a rank that has steps, with its mark. */
void drive_take_step(struct drive *drive, struct rank *self, int step);
/* What follows from a step that all have taken: by one thread at a time, with the model gathered where it is
 * looked at. */
void drive_confer(struct drive *drive, int step);
void drive_tell_progress(const struct drive *drive, int step);

/* ---- stale.c ---- */

void stale_note(struct drive *drive, int rank, int step);
void stale_collect(struct drive *drive); /* into the result, of all steps */

/* ---- freely.c ---- */

void freely_open(struct drive *drive, struct plan *plan);
void freely_close(struct drive *drive, struct plan *plan);
/* A rank's program, real; and timing-only, with its set-up and its end. */
void freely_train(void *drive, struct rank *self);
void freely_train_and_end(void *drive, struct rank *self);
/* The mean of the nodes' parameters, of those that have no server; by who has a turn. */
void freely_gather_mean(const struct drive *drive);
/* Into the result, what the first server has seen, or the nodes that have none. */
void freely_keep_staleness(struct drive *drive);

#endif
