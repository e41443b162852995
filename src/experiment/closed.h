/* collectives=closed_form (closed.c). */
#ifndef EXPERIMENT_CLOSED_H
#define EXPERIMENT_CLOSED_H

#include "inside.h"

/* Reads the setting, and closes the setup's algorithms; or refuses. */
bool closed_resolve(struct setup *setup, struct errors *errors);
/* Whether the rank's program runs; and who stands for it; and for how many one does, itself counted. Where
 * nothing is closed each rank is by itself. */
bool closed_plays(const struct setup *setup, int rank);
int closed_stand_in(const struct setup *setup, int rank);
int closed_multiplicity(const struct setup *setup);
/* Whether the rank's memory is counted: of those that play, and of the last that they stand for. */
bool closed_is_counted(const struct setup *setup, int rank);
/* With groups made and memory counted: whether all are as those who stand for them. */
bool closed_fits(const struct setup *setup, const struct rack *rack, const struct mesh *mesh,
                 struct errors *errors);

#endif
