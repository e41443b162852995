/* 1F1B with a flush (Narayanan et al. 2021, Efficient Large-Scale Language Model Training, section
 * 2.2.1; PipeDream-flush): stage s goes forward p-1-s times, then forward and backward in turn, then
 * backward. As idle as gpipe, but a stage keeps only the min(m, p-s) microbatches in flight.
 *
 *     stage 0   F0 F1 F2       B0 F3    B1    B2    B3
 *     stage 1      F0 F1    B0 F2    B1 F3 B2    B3
 *     stage 2         F0 B0 F1    B1 F2 B2 F3 B3          (where F and B take as long)
 */
#include "threadrack/strategy/pipeline.h"

static void order(struct stage_place place, struct stage_order *order)
{
    int ahead = place.stages - 1 - place.stage;
    for (int i = 0; i < place.microbatches + ahead; i++) {
        if (i < place.microbatches)
            order_add(order, (struct stage_task){WORK_FORWARD, i, 0});
        if (i >= ahead)
            order_add(order, (struct stage_task){WORK_BACKWARD, i - ahead, 0});
    }
}

const struct pipeline_schedule pipeline_one_forward_one_backward = {
    .name = "1f1b",
    .summary = "one forward, one backward; idle (p-1)/(m+p-1), stage s keeps min(m, p-s)",
    .both_ways = true,
    .order = order,
};
