/* Interleaved 1F1B (Narayanan et al. 2021, Efficient Large-Scale Language Model Training, section
 * 2.2.2; the order is Megatron-LM's). A stage holds v chunks, every p-th of v p, so that a microbatch
 * comes by v times and ramps are v times as short: (p-1)/(vm+p-1) of a step is idle, for v times the
 * messages. Microbatches go through in groups of p, a group through all chunks forward, and through
 * all back in reverse; stage s goes forward 2(p-1-s) + (v-1)p times before the first backward. m must be
 * a multiple of p.
 *
 *     stage 0   F0 F1 f0 f1 F2 b0 F3 b1 f2 B0 f3 B1 b2 b3 B2 B3        (p = 2, v = 2; f and b of chunk
 *     stage 1      F0 F1 f0 b0 f1 b1 F2 B0 F3 B1 f2 b2 f3 b3 B2 B3      1; F and B as if as long)
 */
#include "threadrack/strategy/pipeline.h"

static void order(struct stage_place place, struct stage_order *order)
{
    int all = place.microbatches * place.chunks;
    int ahead = 2 * (place.stages - 1 - place.stage) + (place.chunks - 1) * place.stages;
    for (int k = 0; k < all + ahead; k++) {
        if (k < all)
            order_add(order, order_in_groups(place, WORK_FORWARD, k));
        if (k >= ahead)
            order_add(order, order_in_groups(place, WORK_BACKWARD, k - ahead));
    }
}

const struct pipeline_schedule pipeline_interleaved = {
    .name = "interleaved",
    .summary = "1f1b of v chunks a stage; idle (p-1)/(vm+p-1); m a multiple of p",
    .options = "pipeline.chunks=v",
    .both_ways = true,
    .chunked = true,
    .order = order,
};
