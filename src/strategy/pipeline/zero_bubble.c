/* ZB-H1 (Qi et al. 2023, Zero Bubble Pipeline Parallelism, section 2.2): 1F1B whose backward pass is
 * in two. The input gradient (B) goes to the stage before at once; stage s is s microbatches behind
 * with those of its weights (W), and has caught up at the step's end, while others wait. Each stage
 * keeps min(m, p) microbatches, with the gradients of all its layers' outputs besides.
 *
 *     stage 0   F0 F1 F2    B0 W0 F3 B1 W1    B2 W2    B3 W3
 *     stage 1      F0 F1 B0    F2 B1 W0 F3 B2 W1    B3 W2 W3
 *     stage 2         F0 B0 F1 B1 F2 B2 W0 F3 B3 W1 W2 W3
 *
 * Where W <= B and m >= p, (p-1)(F+B-W) of a step is idle; where W > B, it is the last stage that
 * ends last, and (p-1)F is.
 */
#include "threadrack/strategy/pipeline.h"

static void order(struct stage_place place, struct stage_order *order)
{
    int ahead = place.stages - 1 - place.stage, behind = ahead + place.stage;
    for (int i = 0; i < place.microbatches + behind; i++) {
        if (i < place.microbatches)
            order_add(order, (struct stage_task){WORK_FORWARD, i, 0});
        if (i >= ahead && i < place.microbatches + ahead)
            order_add(order, (struct stage_task){WORK_BACKWARD_INPUT, i - ahead, 0});
        if (i >= behind)
            order_add(order, (struct stage_task){WORK_BACKWARD_WEIGHT, i - behind, 0});
    }
}

const struct pipeline_schedule pipeline_zero_bubble = {
    .name = "zero_bubble",
    .summary = "ZB-H1: 1f1b with weights' gradients later; (p-1)(F+B-W) idle, keeps min(m, p)",
    .both_ways = true,
    .order = order,
};
