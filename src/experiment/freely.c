/* Strategies that run free.
 *
 * With servers: these have steps, and workers go on until they stop them. A server does not wait for others where
 * a step ends, since the clock would wait for it: what it has of the model is kept until all servers' is there.
 *
 * Without: a step is as many iterations as there are nodes, whosever they are. Who ends one takes its turn, in the
 * order of virtual time, and the one with whom a step ends does what follows from it. */
#include "drive.h"
#include "saving.h"

#include "threadrack/base/memory.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

static struct staleness *seen_by(const struct drive *drive)
{
    return drive->setup->servers ? &drive->trainings[0]->staleness : &drive->plan->board->seen;
}

static void note_staleness(struct drive *drive, int step)
{
    struct staleness *seen = seen_by(drive);
    struct step_record *record = &drive->result->step[step];
    record->staleness = seen->applied ? (double)seen->sum / (double)seen->applied : NAN;
    record->staleness_most = seen->applied ? (double)seen->most : NAN;
    record->late = seen->late;
}

/* A step's end that not all servers have come to. */
struct half {
    struct half *next;
    int step, left; /* servers */
    struct checkpoint *gathered; /* NULL: nobody looks */
};

static struct half *half_of(struct drive *drive, int step)
{
    struct half **place = &drive->halves;
    while (*place && (*place)->step != step)
        place = &(*place)->next;
    if (*place)
        return *place;
    struct half *half = *place = memory_zeroed(1, sizeof *half);
    *half = (struct half){.step = step, .left = drive->setup->servers};
    if (drive->setup->real && (drive_looks(drive, step) || drive_is_last(drive, step)))
        half->gathered = checkpoint_create(drive->setup->model);
    return half;
}

static void drop_half(struct drive *drive, struct half *half)
{
    struct half **place = &drive->halves;
    while (*place != half)
        place = &(*place)->next;
    *place = half->next;
    if (half->gathered != drive->gathered)
        checkpoint_free(half->gathered);
    free(half);
}

/* All servers have come to that end. What was gathered last stays, to be saved. */
static void confer_about(struct drive *drive, struct half *half)
{
    if (half->gathered) {
        checkpoint_free(drive->gathered);
        drive->gathered = half->gathered;
    }
    drive_confer(drive, half->step);
}

/* Returns whether the server goes on. Several come to it in the order of virtual time: the last of them finds out
 * whether there is another step, when others have begun with it, and they are told at the end of theirs. */
static bool end_server_step(struct drive *drive, struct rank *self, int step)
{
    const struct training *training = drive->trainings[rank_id(self)];
    if (drive->setup->servers > 1)
        rank_turn(self);
    pthread_mutex_lock(&drive->lock);
    if (rank_id(self) == 0)
        note_staleness(drive, step);
    struct half *half = half_of(drive, step);
    if (half->gathered)
        checkpoint_put_range(half->gathered,
                             server_share(drive->plan, training->point.replica),
                             training->model->parameters);
    if (--half->left == 0) {
        confer_about(drive, half);
        drop_half(drive, half);
        if (drive->stop)
            board_call_off(drive->plan->board, drive->setup->servers);
    }
    bool stops = drive->stop || drive_is_last(drive, step);
    pthread_mutex_unlock(&drive->lock);
    return !stops;
}

/* ---- Without servers. ---- */

void freely_gather_mean(const struct drive *drive)
{
    size_t count = model_parameter_count(drive->setup->model);
    float *mean = memory_zeroed(count, sizeof *mean);
    for (int i = 0; i < drive->setup->nodes; i++) {
        struct rank *rank = rack_rank(drive->rack, i);
        const float *present = drive->trainings[i]->present;
        rank_hold(rank);
        for (size_t k = 0; k < count; k++)
            mean[k] += present[k] / (float)drive->setup->nodes;
        rank_let_go(rank);
    }
    checkpoint_put_range(drive->gathered, (struct share){0, count}, mean);
    free(mean);
}

static void end_common_step(struct drive *drive, int step)
{
    struct staleness *seen = seen_by(drive);
    size_t ranks = (size_t)drive->setup->nodes;
    note_staleness(drive, step);
    if (drive->losses)
        drive->losses[(size_t)step * ranks] = seen->loss / (double)seen->rows;
    drive_confer(drive, step);
    drive_tell_progress(drive, step);
    staleness_begin_step(seen);
}

/* In the rank's turn, which ends with its mark. Returns the step in which the rank goes on; -1: it does not. */
static int end_iteration(struct drive *drive, struct rank *self, double loss_part)
{
    const struct training *training = drive->trainings[rank_id(self)];
    size_t done = drive->plan->board->iterations++, nodes = (size_t)drive->setup->nodes;
    if (drive->stop) /* while it was under way */
        return -1;
    size_t rows = training->rows.count;
    staleness_note(seen_by(drive), training->averages, loss_part * (double)drive->setup->batch / (double)rows,
                   rows);
    drive->rows[rank_id(self)] += rows;
    bool whole = (done + 1) % nodes == 0;
    if (whole)
        end_common_step(drive, (int)(done / nodes));
    int next = drive->stop ? -1 : (int)((done + 1) / nodes);
    if (whole)
        rank_mark_for_all(self);
    else
        rank_mark_alone(self);
    return next;
}

static void train_without_servers(struct drive *drive, struct rank *self)
{
    struct training *training = drive->trainings[rank_id(self)];
    for (int step = 0; step >= 0;) {
        double loss = training_step(self, training, (size_t)step);
        rank_turn(self);
        step = end_iteration(drive, self, loss);
    }
}

/* ---- With servers. ---- */

void freely_train(void *argument, struct rank *self)
{
    struct drive *drive = argument;
    struct training *training = training_create(self, drive->plan);
    int rank = rank_id(self), step = 0;
    drive->trainings[rank] = training;
    if (rank_is_real(self))
        saving_begin(drive->setup, training);
    if (drive->setup->servers == 0) {
        train_without_servers(drive, self);
        return;
    }
    if (rank < drive->setup->servers) {
        do
            drive_take_step(drive, self, step);
        while (end_server_step(drive, self, step++));
        drive->plan->strategy->finish(self, training);
        return;
    }
    for (size_t i = 0; !training->stopped; i++) {
        training_step(self, training, i);
        drive->rows[rank] += training->rows_done;
        rank_mark_alone(self);
    }
}

void freely_train_and_end(void *argument, struct rank *self)
{
    rank_begin_setup(self);
    freely_train(argument, self);
    rank_end(self);
}

void freely_keep_staleness(struct drive *drive)
{
    struct result *result = drive->result;
    struct staleness *seen = seen_by(drive);
    result->staleness = seen->times;
    result->staleness_count = seen->count;
    seen->times = NULL;
    seen->count = seen->room = 0;
}

static struct board *board_create(int servers, int workers)
{
    struct board *board = memory_zeroed(1, sizeof *board);
    size_t count = (size_t)workers;
    board->workers = workers;
    board->losses = memory_zeroed(count, sizeof *board->losses);
    board->pushed = memory_zeroed((size_t)servers * count, sizeof *board->pushed);
    board->last = memory_zeroed(count, sizeof *board->last);
    for (int worker = 0; worker < workers; worker++)
        atomic_init(&board->last[worker], UINT64_MAX);
    return board;
}

static void board_free(struct board *board)
{
    free(board->losses);
    free(board->pushed);
    free((void *)board->last);
    free(board->seen.times);
    free(board);
}

void freely_open(struct drive *drive, struct plan *plan)
{
    pthread_mutex_init(&drive->lock, NULL);
    int servers = drive->setup->servers;
    plan->board = board_create(servers, drive->setup->nodes - servers);
}

void freely_close(struct drive *drive, struct plan *plan)
{
    while (drive->halves)
        drop_half(drive, drive->halves);
    pthread_mutex_destroy(&drive->lock);
    board_free(plan->board);
}
