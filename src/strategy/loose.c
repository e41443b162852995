/* Servers and workers that each go on by themselves (servers.h). */
#include "servers.h"

#include "threadrack/base/memory.h"

#include <stdatomic.h>
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
    if (loose->serving.compressor)
        loose->incoming = rank_alloc(self, MEMORY_COMMUNICATION, serving_push_bytes(&loose->serving, training));
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

/* Pushes of a worker in all, as far as is known. */
static uint64_t pushes_of(const struct loose *loose, const struct board *board, int worker)
{
    uint64_t last = atomic_load(&board->last[worker]);
    return last < loose->pushes_most ? last : loose->pushes_most;
}

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
    rank_now(self); /* timing-only, too, the answer has come by then, and it is known whether it was the last */
    training->stopped = iteration + 1 >= pushes_of(loose, plan->board, (int)worker);
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
        rank_receive_any(self, to->group, loose->incoming, serving_push_bytes(to, training), until_ps);
    *worker = arrival.peer - to->first;
    if (arrival.peer < 0)
        return false;
    const struct board *board = training->plan->board;
    board->pushed[training->point.replica * board->workers + *worker] = ++loose->pushed[*worker];
    return true;
}

void loose_add(struct rank *self, const struct training *training, int worker, bool first)
{
    const struct loose *loose = training->own;
    struct push push = {worker, loose->pushed[worker] - 1, loose->incoming};
    serving_add(self, training, &loose->serving, push, first);
}

/* Floats have come into the gradients themselves. */
void loose_update(struct rank *self, struct training *training, int worker)
{
    struct loose *loose = training->own;
    if (loose->serving.compressor)
        loose_add(self, training, worker, true);
    optimizer_step(self, training->optimizer, training->model);
    loose->updates++;
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
    staleness_note(&training->staleness, staleness, loss,
                   replica_rows(plan, plan->servers + worker).count);
}

void staleness_count(struct staleness *seen, uint64_t staleness)
{
    seen->applied++;
    seen->sum += staleness;
    seen->most = staleness > seen->most ? staleness : seen->most;
    while ((uint64_t)seen->count <= staleness)
        *vector_push(&seen->times, &seen->count, &seen->room) = 0;
    seen->times[staleness]++;
}

void staleness_note(struct staleness *seen, uint64_t staleness, double loss, size_t rows)
{
    seen->loss += loss * (double)rows;
    seen->rows += rows;
    staleness_count(seen, staleness);
}

void staleness_begin_step(struct staleness *seen)
{
    *seen = (struct staleness){.times = seen->times, .count = seen->count, .room = seen->room};
}

double loose_loss(struct training *training)
{
    const struct staleness *seen = &training->staleness;
    return training->point.replica == 0 && seen->rows ? seen->loss / (double)seen->rows : 0;
}

void board_call_off(struct board *board, int servers)
{
    for (int worker = 0; worker < board->workers; worker++) {
        uint64_t most = 0;
        for (int server = 0; server < servers; server++) {
            uint64_t pushed = board->pushed[server * board->workers + worker];
            most = pushed > most ? pushed : most;
        }
        atomic_store(&board->last[worker], most + 1);
    }
}

static bool is_still_to_push(const struct loose *loose, const struct board *board)
{
    bool some = false;
    for (int i = 0; i < loose->serving.peers; i++)
        some = some || loose->pushed[i] < pushes_of(loose, board, i);
    return some;
}

void loose_finish(struct rank *self, struct training *training)
{
    struct loose *loose = training->own;
    for (int i = 0; i < loose->serving.peers; i++)
        if (loose->pending[i])
            loose_answer(self, training, i);
    while (is_still_to_push(loose, training->plan->board)) {
        int worker;
        loose_take(self, training, UINT64_MAX, &worker);
        loose_answer(self, training, worker);
    }
    serving_wait(self, loose->serving.sends, loose->serving.peers);
}
