/* Learning-rate schedules: what a step's rate is, as a multiple of the optimizer's `lr`.
 *
 * To add one: src/model/schedule/<name>.c and a row in src/model/schedule.def. With s the step, from
 * 0, W = warmup, T = steps (those of the whole training, unless the option says otherwise) and
 * p = (s - W) / (T - W):
 *   constant  1
 *   linear    1 - (1 - final) p
 *   cosine    final + (1 - final) (1 + cos(pi p)) / 2             Loshchilov and Hutter 2017, eq. 5
 *   step      gamma^floor(s / every), not below final
 * For s < W each is start + (1 - start) (s + 1) / W instead, and behind T what it is at T.
 *
 * Scaled to k nodes (linear: k times, sqrt: sqrt(k) times the rate), a warm-up leads from the rate of
 * one node to that of all: start is 1 / factor unless it is given (Goyal et al. 2017, section 2.2).
 */
#ifndef THREADRACK_MODEL_SCHEDULE_H
#define THREADRACK_MODEL_SCHEDULE_H

#include "threadrack/base/errors.h"

#include <stdbool.h>
#include <stdint.h>

struct schedule;
struct schedule_kind;
struct schedule_ops {
    const char *name, *summary, *options;
    const struct schedule_kind *kind; /* private: src/model/schedule.h */
};
extern const struct schedule_ops *const schedules[]; /* NULL at the end */

struct schedule *schedule_parse(const char *text, const char *where, struct errors *errors);
void schedule_free(struct schedule *schedule);
/* Before the first question: how many steps the training has in all, and what multiple of the
 * optimizer's rate is the full one. */
void schedule_fit(struct schedule *schedule, uint64_t steps, double factor);
/* Of the step, from 0. */
double schedule_rate(const struct schedule *schedule, uint64_t step);
uint64_t schedule_warmup(const struct schedule *schedule); /* steps */

#endif
