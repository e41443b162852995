/* All forward, then all backward (Huang et al. 2019, GPipe, section 2.3). A stage keeps all m
 * microbatches; (p-1)/(m+p-1) of a step is idle.
 *
 *     stage 0   F0 F1 F2 F3             B0 B1 B2 B3
 *     stage 1      F0 F1 F2 F3       B0 B1 B2 B3
 *     stage 2         F0 F1 F2 F3 B0 B1 B2 B3
 */
#include "threadrack/strategy/pipeline.h"

static void order(struct stage_place place, struct stage_order *order)
{
    for (int i = 0; i < place.microbatches; i++)
        order_add(order, (struct stage_task){WORK_FORWARD, i, 0});
    for (int i = 0; i < place.microbatches; i++)
        order_add(order, (struct stage_task){WORK_BACKWARD, i, 0});
}

const struct pipeline_schedule pipeline_gpipe = {
    .name = "gpipe",
    .summary = "all microbatches forward, then all backward; idle (p-1)/(m+p-1), keeps m of them",
    .order = order,
};
