/* All forward, then all backward (Huang et al. 2019, GPipe, section 2.3). A stage keeps all m
 * microbatches; (p-1)/(m+p-1) of a step is idle.
 *
 *     stage 0   F0 F1 F2 F3             B0 B1 B2 B3
 *     stage 1      F0 F1 F2 F3       B0 B1 B2 B3
 *     stage 2         F0 F1 F2 F3 B0 B1 B2 B3
 */
#include "threadrack/strategy/pipeline.h"

static void order(int stages, int stage, int microbatches, struct stage_order *order)
{
    (void)stages, (void)stage;
    for (int i = 0; i < microbatches; i++)
        order_add(order, WORK_FORWARD, i);
    for (int i = 0; i < microbatches; i++)
        order_add(order, WORK_BACKWARD, i);
}

const struct pipeline_schedule pipeline_gpipe = {
    .name = "gpipe",
    .summary = "all microbatches forward, then all backward; idle (p-1)/(m+p-1), keeps m of them",
    .order = order,
};
