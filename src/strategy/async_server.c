/* Parameter servers without any waiting (Dean et al.: Large scale distributed deep networks, NIPS 2012):
 *
 *     worker   push the gradients of a batch of its own                              pull the parameters
 *     server   whichever gradients come first: update with them, answer that worker
 *
 * A gradient is its worker's part of the mean over the global batch, and is an update by itself: so a step, which is
 * as many updates as there are workers, goes as far as a synchronous one. Its staleness is the number of updates
 * between the parameters that it was computed from and its own. */
#include "servers.h"

static double serve(struct rank *self, struct training *training)
{
    struct loose *loose = training->own;
    for (int i = 0, worker; i < loose->serving.peers; i++) {
        loose_take(self, training, UINT64_MAX, &worker);
        loose_note(training, worker, loose_loss_of(training, worker),
                   loose->updates - loose->pulled[worker]);
        loose_update(self, training, worker);
        loose_answer(self, training, worker);
    }
    return loose_loss(training);
}

static double step(struct rank *self, struct training *training, size_t step)
{
    return serves(training) ? serve(self, training) : loose_work(self, training, step);
}

const struct strategy strategy_async_server = {
    .name = "async_server",
    .summary = "servers update with each worker's gradients as they come, however stale",
    .options = "servers, compress, microbatches, partition",
    .spreads_data = true,
    .serves_shares = true,
    .runs_free = true,
    .applies_each = true,
    .step = step,
    .finish = loose_finish,
    .setup = loose_setup,
    .release = loose_release,
};
