/* What watches a run's clock: the links' counters, and the timeline. Private to the experiment. */
#ifndef EXPERIMENT_WATCH_H
#define EXPERIMENT_WATCH_H

#include "inside.h"

struct watch {
    struct link_meter *links; /* NULL: not counted */
    struct timeline *timeline; /* NULL: not asked for */
};

/* Whether a run is to be watched at all. */
bool watch_wanted(const struct setup *setup);
/* Checks the settings of both. */
bool watch_check(const struct setup *setup, struct errors *errors);
/* Before any op: attaches them to the rack's clock. False and a message when the timeline's file cannot
 * be made. */
bool watch_begin(struct watch *watch, const struct setup *setup, struct rack *rack,
                 struct errors *errors);
/* After the run: their part of the result, and the timeline under its name. */
bool watch_finish(struct watch *watch, const struct setup *setup, struct result *result,
                  struct errors *errors);
/* In any case, before the rack is freed. What was not finished leaves no file. */
void watch_release(struct watch *watch);

#endif
