/* Stale synchronous parallel servers (Ho et al.: More effective distributed ML via a stale synchronous parallel
 * parameter server, NIPS 2013). A worker's iterations are its clock. It may begin iteration n once all have pushed
 * those before n - bound: so the fastest is at most `bound` ahead of the slowest. A step is an iteration that all have
 * pushed.
 *
 *     bound 0   pushes wait for the others of their iteration and are one mean, in rank order: the synchronous server
 *     else      each is an update as it comes, and whoever reads next sees it, its own worker first of all: what is
 *               read has all iterations that must be in it, the reader's own, and the others' that are there already
 */
#include "servers.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>
#include <string.h>

struct own {
    struct loose loose; /* first: the words in loose.c see it so */
    /* At a server. Iterations that are under way are clock to clock + slots - 1. */
    uint64_t clock; /* iterations that all have pushed */
    size_t slots;
    int *count;     /* (slots) how many have pushed that iteration */
    double *losses; /* (slots, workers) */
    void **kept;    /* (workers) with bound 0: pushes that wait; else NULL */
};

static void make_room_for_pushes(struct rank *self, struct training *training, struct own *own)
{
    size_t workers = (size_t)own->loose.serving.peers, bytes = serving_push_bytes(&own->loose.serving, training);
    own->kept = memory_zeroed(workers, sizeof *own->kept);
    for (size_t i = 0; i < workers; i++)
        own->kept[i] = rank_alloc(self, MEMORY_COMMUNICATION, bytes);
}

static void *setup(struct rank *self, struct training *training)
{
    const struct plan *plan = training->plan;
    struct own *own = memory_zeroed(1, sizeof *own);
    loose_init(&own->loose, self, training);
    own->loose.pushes_most = plan->steps;
    if (!serves(training))
        return own;
    own->slots = (plan->staleness < plan->steps ? plan->staleness : plan->steps) + 1;
    own->count = memory_zeroed(own->slots, sizeof *own->count);
    own->losses = memory_zeroed(own->slots * (size_t)own->loose.serving.peers, sizeof *own->losses);
    if (plan->staleness == 0)
        make_room_for_pushes(self, training, own);
    return own;
}

static void release(void *pointer)
{
    struct own *own = pointer;
    free(own->kept);
    free(own->losses);
    free(own->count);
    loose_clear(&own->loose);
    free(own);
}

static double *losses_of(const struct own *own, uint64_t iteration)
{
    return own->losses + iteration % own->slots * (size_t)own->loose.serving.peers;
}

/* The mean over the global batch of the iteration, each worker's at the parameters that it had read. */
static double loss_of(const struct training *training, uint64_t iteration)
{
    const struct own *own = training->own;
    const double *losses = losses_of(own, iteration);
    double sum = 0;
    size_t rows = 0;
    for (int i = 0; i < own->loose.serving.peers; i++) {
        size_t own_rows = replica_rows(training->plan, training->plan->servers + i).count;
        sum += losses[i] * (double)own_rows;
        rows += own_rows;
    }
    return training->point.replica == 0 && rows ? sum / (double)rows : 0;
}

static void count_staleness(struct training *training, int worker)
{
    const struct loose *loose = training->own;
    staleness_count(&training->staleness, loose->updates - loose->pulled[worker]);
}

static void keep(struct rank *self, struct training *training, int worker)
{
    const struct own *own = training->own;
    size_t bytes = serving_push_bytes(&own->loose.serving, training);
    if (!rank_compute_begin(self, (struct work){.bytes = 2 * bytes, .kernels = bytes > 0}))
        return;
    memcpy(own->kept[worker], own->loose.incoming, bytes);
    rank_compute_end(self);
}

static void update_with_kept(struct rank *self, struct training *training)
{
    struct own *own = training->own;
    for (int i = 0; i < own->loose.serving.peers; i++)
        count_staleness(training, i);
    serving_add_up(self, training, &own->loose.serving, own->kept, own->clock);
    optimizer_step(self, training->optimizer, training->model);
    own->loose.updates++;
}

static bool may_go_on(const struct own *own, const struct training *training, int worker)
{
    return own->loose.pushed[worker] <= own->clock + training->plan->staleness;
}

static void take(struct rank *self, struct training *training)
{
    struct own *own = training->own;
    int worker;
    loose_take(self, training, UINT64_MAX, &worker);
    uint64_t iteration = own->loose.pushed[worker] - 1;
    losses_of(own, iteration)[worker] = loose_loss_of(training, worker);
    own->count[iteration % own->slots]++;
    if (own->kept) {
        keep(self, training, worker);
    } else {
        count_staleness(training, worker);
        loose_update(self, training, worker);
    }
    own->loose.pending[worker] = true;
    if (may_go_on(own, training, worker))
        loose_answer(self, training, worker);
}

static double serve(struct rank *self, struct training *training)
{
    struct own *own = training->own;
    struct loose *loose = &own->loose;
    int *count = &own->count[own->clock % own->slots];
    while (*count < loose->serving.peers)
        take(self, training);
    *count = 0;
    if (own->kept)
        update_with_kept(self, training);
    own->clock++;
    for (int i = 0; i < loose->serving.peers; i++)
        if (loose->pending[i] && may_go_on(own, training, i))
            loose_answer(self, training, i);
    return loss_of(training, own->clock - 1);
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
