/* Servers and workers that each go on by themselves (servers.h). */
#include "servers.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

void loose_init(struct loose *loose, struct rank *self, struct training *training)
{
    serving_init(&loose->serving, self, training);
    loose->pushes_most = UINT64_MAX;
    if (!serves(training))
        return;
    size_t workers = (size_t)loose->serving.peers;
    loose->pulled = memory_zeroed(workers, sizeof *loose->pulled);
    loose->pushed = memory_zeroed(workers, sizeof *loose->pushed);
    loose->pending = memory_zeroed(workers, sizeof *loose->pending);
    loose->incoming = training->model->gradients;
}

void loose_clear(struct loose *loose)
{
    serving_release(&loose->serving);
    free(loose->pulled);
    free(loose->pushed);
    free(loose->pending);
}

void *loose_setup(struct rank *self, struct training *training)
{
    struct loose *loose = memory_zeroed(1, sizeof *loose);
    loose_init(loose, self, training);
    return loose;
}

void loose_release(void *loose)
{
    loose_clear(loose);
    free(loose);
}

/* ---- A worker. ---- */

double loose_work(struct rank *self, struct training *training, size_t iteration)
{
    const struct plan *plan = training->plan;
    struct loose *loose = training->own;
    size_t worker = (size_t)(training->point.replica - plan->servers);
    if (iteration == 0 && worker == 0)
        serving_hand_over(self, training, &loose->serving);
    double loss = train_in_turn(self, training, iteration);
    plan->board->losses[worker] = loss * (double)plan->batch / (double)training->rows.count;
    serving_push(self, training, &loose->serving, 0);
    serving_pull(self, training, &loose->serving);
    rank_now(self); /* timing-only, too, the answer has come by then, and with it whether it was the last */
    training->stopped = plan->board->stopped[worker];
    return loss;
}

/* ---- A server. ---- */

bool loose_take(struct rank *self, struct training *training, uint64_t until_ps, int *worker)
{
    struct loose *loose = training->own;
    struct serving *to = &loose->serving;
    if (!loose->began) {
        rank_wait(self, serving_receive(self, to, 0, training->model->parameters,
                                        serving_whole(training)));
        loose->began = true;
    }
    struct arrival arrival =
        rank_receive_any(self, to->group, loose->incoming,
                         training->model->parameter_count * sizeof(float), until_ps);
    *worker = arrival.peer - to->first;
    if (arrival.peer < 0)
        return false;
    loose->pushed[*worker]++;
    return true;
}

/* What was sent before has ended when the worker has pushed again. */
void loose_answer(struct rank *self, struct training *training, int worker)
{
    struct loose *loose = training->own;
    struct request *send = &loose->serving.sends[worker];
    rank_wait(self, *send);
    *send = serving_send(self, &loose->serving, worker, training->model->parameters,
                         serving_whole(training));
    loose->pulled[worker] = loose->updates;
    loose->pending[worker] = false;
}

double loose_loss_of(const struct training *training, int worker)
{
    return training->plan->board->losses[worker];
}

void loose_note(struct training *training, int worker, double loss, uint64_t staleness)
{
    const struct plan *plan = training->plan;
    struct staleness *seen = &training->staleness;
    size_t rows = replica_rows(plan, plan->servers + worker).count;
    seen->loss += loss * (double)rows;
    seen->rows += rows;
    note_staleness(training, staleness);
}

double loose_loss(struct training *training)
{
    const struct staleness *seen = &training->staleness;
    return training->point.replica == 0 && seen->rows ? seen->loss / (double)seen->rows : 0;
}

static int still_to_push(const struct loose *loose)
{
    int count = 0;
    for (int i = 0; i < loose->serving.peers; i++)
        count += !loose->pending[i] && loose->pushed[i] < loose->pushes_most;
    return count;
}

void loose_finish(struct rank *self, struct training *training)
{
    struct loose *loose = training->own;
    for (int left = still_to_push(loose), worker; left > 0; left--) {
        loose_take(self, training, UINT64_MAX, &worker);
        loose->pending[worker] = true;
    }
    for (int i = 0; i < loose->serving.peers; i++) {
        if (!loose->pending[i])
            continue;
        if (training->point.replica == 0)
            training->plan->board->stopped[i] = true;
        loose_answer(self, training, i);
    }
    serving_wait(self, loose->serving.sends, loose->serving.peers);
}
