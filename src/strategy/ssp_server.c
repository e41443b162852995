/* Stale synchronous parallel servers (Ho et al.: More effective distributed ML via a stale synchronous parallel
 * parameter server, NIPS 2013). A worker's iterations are its clock. It may begin iteration n once all have pushed
 * those before n - bound: so the fastest is at most `bound` ahead of the slowest, and with bound 0 it is the
 * synchronous server. The gradients of one iteration are applied as one sum over the global batch, in rank order,
 * and iteration by iteration, so that what is read is always the parameters at the beginning of an iteration. */
#include "servers.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>
#include <string.h>

struct own {
    struct loose loose; /* first: the words in loose.c see it so */
    /* At a server: pushes that wait for others' of their iteration, (bound + 1) x workers, and how many there
     * are of each. `read`: the updates that the parameters had which they are of. */
    void **kept;
    uint64_t *read;
    double *losses;
    int *count;
    size_t slots;
};

static void *setup(struct rank *self, struct training *training)
{
    struct own *own = memory_zeroed(1, sizeof *own);
    loose_init(&own->loose, self, training);
    own->loose.pushes_most = training->plan->steps;
    own->slots = training->plan->staleness + 1;
    if (!serves(training))
        return own;
    size_t bytes = serving_push_bytes(&own->loose.serving, training);
    size_t all = own->slots * (size_t)own->loose.serving.peers;
    own->kept = memory_zeroed(all, sizeof *own->kept);
    own->read = memory_zeroed(all, sizeof *own->read);
    own->losses = memory_zeroed(all, sizeof *own->losses);
    own->count = memory_zeroed(own->slots, sizeof *own->count);
    for (size_t i = 0; i < all; i++)
        own->kept[i] = rank_alloc(self, MEMORY_COMMUNICATION, bytes);
    return own;
}

static void release(void *pointer)
{
    struct own *own = pointer;
    free(own->kept);
    free(own->read);
    free(own->losses);
    free(own->count);
    loose_clear(&own->loose);
    free(own);
}

static size_t place_of(const struct own *own, uint64_t iteration, int worker)
{
    return iteration % own->slots * (size_t)own->loose.serving.peers + (size_t)worker;
}

static void keep(struct rank *self, struct training *training, int worker)
{
    struct own *own = training->own;
    uint64_t iteration = own->loose.pushed[worker] - 1;
    size_t place = place_of(own, iteration, worker), bytes = serving_push_bytes(&own->loose.serving, training);
    own->read[place] = own->loose.pulled[worker];
    own->losses[place] = loose_loss_of(training, worker);
    own->count[iteration % own->slots]++;
    if (!rank_compute_begin(self, (struct work){.bytes = 2 * bytes, .kernels = bytes > 0}))
        return;
    memcpy(own->kept[place], own->loose.incoming, bytes);
    rank_compute_end(self);
}

/* In rank order. */
static void add_up(struct rank *self, struct training *training, uint64_t iteration)
{
    struct own *own = training->own;
    for (int i = 0; i < own->loose.serving.peers; i++)
        loose_note(training, i, own->losses[place_of(own, iteration, i)],
                   iteration - own->read[place_of(own, iteration, i)]);
    own->count[iteration % own->slots] = 0;
    serving_add_up(self, training, &own->loose.serving, &own->kept[place_of(own, iteration, 0)], iteration);
}

static bool may_go_on(const struct loose *loose, const struct training *training, int worker)
{
    return loose->pushed[worker] <= loose->updates + training->plan->staleness;
}

static double serve(struct rank *self, struct training *training)
{
    struct own *own = training->own;
    struct loose *loose = &own->loose;
    uint64_t iteration = loose->updates;
    while (own->count[iteration % own->slots] < loose->serving.peers) {
        int worker;
        loose_take(self, training, UINT64_MAX, &worker);
        keep(self, training, worker);
        loose->pending[worker] = true;
        if (may_go_on(loose, training, worker))
            loose_answer(self, training, worker);
    }
    add_up(self, training, iteration);
    optimizer_step(self, training->optimizer, training->model);
    loose->updates++;
    for (int i = 0; i < loose->serving.peers; i++)
        if (loose->pending[i] && may_go_on(loose, training, i))
            loose_answer(self, training, i);
    return loose_loss(training);
}

static double step(struct rank *self, struct training *training, size_t step)
{
    return serves(training) ? serve(self, training) : loose_work(self, training, step);
}

const struct strategy strategy_ssp_server = {
    .name = "ssp_server",
    .summary = "servers whose workers may be `staleness` iterations ahead of the slowest",
    .options = "servers, compress, staleness, microbatches, partition",
    .spreads_data = true,
    .serves_shares = true,
    .runs_free = true,
    .step = step,
    .finish = loose_finish,
    .setup = setup,
    .release = release,
};
