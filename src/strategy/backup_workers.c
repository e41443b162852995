/* A synchronous server that does not wait for the slowest (Chen et al.: Revisiting distributed synchronous SGD, 2016):
 *
 *     worker   push the gradients of a batch                                        pull the parameters
 *     server   add those up that are of the present parameters, until all but `backup` workers' are there, or
 *              until `deadline` has passed since the last update and one is there;
 *              update with their mean, answer those workers
 *              those of older parameters are late: they are dropped, and their workers answered at once
 */
#include "servers.h"

#include "threadrack/math/math.h"

struct crop {
    uint64_t until_ps;
    size_t rows; /* of the gradients that are there */
    int there;
};

/* They come beside the sum. */
static void *setup(struct rank *self, struct training *training)
{
    struct loose *loose = loose_setup(self, training);
    if (serves(training) && !loose->serving.compressor)
        loose->incoming = rank_alloc(self, MEMORY_COMMUNICATION,
                                     serving_push_bytes(&loose->serving, training));
    return loose;
}

static void take_one(struct rank *self, struct training *training, struct crop *crop)
{
    struct loose *loose = training->own;
    int worker;
    if (!loose_take(self, training, crop->until_ps, &worker)) {
        crop->until_ps = UINT64_MAX; /* then the first that comes */
        return;
    }
    if (loose->pulled[worker] < loose->updates) {
        training->staleness.late++;
        loose_answer(self, training, worker);
        return;
    }
    loose_add(self, training, worker, crop->there == 0);
    loose_note(training, worker, loose_loss_of(training, worker), 0);
    loose->pending[worker] = true;
    crop->rows += replica_rows(training->plan, training->plan->servers + worker).count;
    crop->there++;
}

/* Each was scaled for the sum over the whole batch to be a mean. */
static void make_mean(struct rank *self, struct training *training, size_t rows)
{
    const struct plan *plan = training->plan;
    if (rows == plan->batch || !rank_compute_begin(self, parameters_work(training, 1, 2)))
        return;
    math_scale(training->model->parameter_count, training->model->gradients,
               (float)((double)plan->batch / (double)rows));
    rank_compute_end(self);
}

static double serve(struct rank *self, struct training *training)
{
    const struct plan *plan = training->plan;
    struct loose *loose = training->own;
    struct crop crop = {.until_ps = UINT64_MAX};
    int wanted = loose->serving.peers - plan->backup;
    bool hurries = plan->deadline_ps;
    if (hurries)
        crop.until_ps = rank_now(self) + plan->deadline_ps;
    while (crop.there < wanted && !(hurries && crop.there && crop.until_ps == UINT64_MAX))
        take_one(self, training, &crop);
    make_mean(self, training, crop.rows);
    serving_settle(self, training, &loose->serving);
    optimizer_step(self, training->optimizer, training->model);
    loose->updates++;
    for (int i = 0; i < loose->serving.peers; i++)
        if (loose->pending[i])
            loose_answer(self, training, i);
    return loose_loss(training);
}

static double step(struct rank *self, struct training *training, size_t step)
{
    return serves(training) ? serve(self, training) : loose_work(self, training, step);
}

const struct strategy strategy_backup_workers = {
    .name = "backup_workers",
    .summary = "a synchronous server that drops what the slowest workers bring late",
    .options = "compress, backup, deadline, microbatches, partition",
    .spreads_data = true,
    .serves_shares = true,
    .runs_free = true,
    .step = step,
    .finish = loose_finish,
    .setup = setup,
    .release = loose_release,
};
