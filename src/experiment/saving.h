/* What outlives a run: its weights and state, and how another goes on from them. */
#ifndef EXPERIMENT_SAVING_H
#define EXPERIMENT_SAVING_H

#include "inside.h"

/* The settings of all of it; loads what the run begins with. False and messages where they contradict
 * each other or the file does not fit. */
bool saving_resolve(struct setup *setup, struct errors *errors);
/* Puts the loader where the training is. */
void saving_place(const struct setup *setup);
/* A checkpoint with room for what is gathered in this run. */
struct checkpoint *saving_room(const struct setup *setup);
uint64_t saving_room_bytes(const struct setup *setup);

/* The rank's part of what the run begins with, and of what it saves; off the clock. */
void saving_begin(const struct setup *setup, struct training *training);
void saving_gather(const struct setup *setup, struct checkpoint *gathered,
                   const struct training *training);
/* The mean of all ranks' models; while they all wait. */
void saving_gather_mean(struct checkpoint *gathered, struct training *const *trainings, int count);
/* What of the training no checkpoint holds, and that a run resumes. */
void saving_notes(const struct setup *setup, struct result *result);
/* Whether files are written in the midst of the run, when so many steps of it have been taken. */
bool saving_is_due(const struct setup *setup, int taken);
bool saving_write(const struct setup *setup, struct checkpoint *gathered, int taken,
                  struct errors *errors);

#endif
