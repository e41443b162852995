/* The family of pipeline schedules: in which order a stage does the work of a step.
 *
 * To add one: src/strategy/pipeline/<name>.c with a `const struct pipeline_schedule
 * pipeline_<name>` and a row in src/strategy/pipeline.def. The executor (src/strategy/stages.c)
 * sends, receives and keeps buffers as any order needs them. Letters: p stages, m microbatches, v chunks; F, B
 * and W the times of a microbatch's forward pass and of its backward pass to inputs and to weights.
 */
#ifndef THREADRACK_STRATEGY_PIPELINE_H
#define THREADRACK_STRATEGY_PIPELINE_H

#include <stdbool.h>

enum stage_work {
    WORK_FORWARD,
    WORK_BACKWARD,        /* to inputs and weights, layer by layer */
    WORK_BACKWARD_INPUT,  /* or the two apart, */
    WORK_BACKWARD_WEIGHT, /* the weights' later */
};

struct stage_task {
    enum stage_work work;
    int microbatch, chunk;
};

/* Whose order it is: stage s of p, with v chunks of layers, m microbatches a step. Of a schedule that
 * flows, also how many steps the run has taken, of how many. */
struct stage_place {
    int stages, stage, microbatches, chunks;
    int step, steps;
};

struct stage_order {
    struct stage_task *tasks;
    int count, room;
};

void order_add(struct stage_order *order, struct stage_task task);
void order_release(struct stage_order *order);
/* The least slots of a chunk such that microbatch i can have slot i % slots from its forward pass to
 * the end of its backward pass. */
int order_slots(const struct stage_order *order, int chunk);
/* The k-th of m v times through a chunk: microbatches in groups of p, of which the last may have fewer, a group
 * through all chunks before the next group; forward from the first chunk on, back from the last (interleaved.c). */
struct stage_task order_in_groups(struct stage_place place, enum stage_work work, int k);
bool order_splits(const struct stage_order *order); /* weights' gradients come apart */

struct pipeline_schedule {
    const char *name, *summary, *options;
    bool both_ways; /* forward and backward take turns: mesh_add_back */
    bool chunked; /* takes more than one chunk; m must then be a multiple of p */
    /* Nothing is flushed between steps: a step's rows are one microbatch, numbered through the run, and the
     * update that ends the step is of it alone. What has gone forward by then stays in flight, and goes
     * backward with the weights that it has seen (src/strategy/stash.c). order() is called for each step;
     * the first has the most in flight. One chunk. */
    bool flows;
    /* Adds a stage's tasks of one step. In a chunk each kind goes through the microbatches in their
     * order, so that gradients are the same sums, to the bit, under every schedule. Two neighbours
     * must have the tasks between them in the same order. */
    void (*order)(struct stage_place place, struct stage_order *order);
};

extern const struct pipeline_schedule *const pipelines[]; /* NULL at the end */

#endif
