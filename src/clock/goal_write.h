/* GOAL text of a run. Private to the clock: see clock_write_goal. */
#ifndef CLOCK_GOAL_WRITE_H
#define CLOCK_GOAL_WRITE_H

#include "state.h"

struct goal_writer *goal_writer_create(const struct cluster *cluster, int ranks);
void goal_writer_free(struct goal_writer *writer);
void goal_writer_add_group(struct goal_writer *writer, const struct group *group);
/* By the rank's own thread. */
void goal_writer_take(struct goal_writer *writer, int rank, const struct op *op);
bool goal_writer_write(const struct goal_writer *writer, FILE *stream); /* false: it failed */

#endif
