/* Strategies that run free: servers have steps, and workers go on until these stop them. A server does not wait
 * for others where a step ends, since the clock would wait for it: what it has of the model is kept until all
 * servers' is there. */
#include "drive.h"
#include "saving.h"

#include "threadrack/base/memory.h"

#include <math.h>
#include <stdlib.h>

/* By the first server. */
static void note_staleness(struct drive *drive, int step)
{
    struct staleness *seen = &drive->trainings[0]->staleness;
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

/* Returns whether the server goes on. One alone is told by what it finds; several go through all steps, and
 * are not interrupted between them. */
static bool end_server_step(struct drive *drive, struct rank *self, int step)
{
    const struct training *training = drive->trainings[rank_id(self)];
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
    }
    bool stops = drive->setup->servers == 1 ? drive->stop : drive_is_last(drive, step);
    pthread_mutex_unlock(&drive->lock);
    return !stops;
}

void freely_train(void *argument, struct rank *self)
{
    struct drive *drive = argument;
    struct training *training = training_create(self, drive->plan);
    int rank = rank_id(self), step = 0;
    drive->trainings[rank] = training;
    if (rank_is_real(self))
        saving_begin(drive->setup, training);
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
    struct staleness *seen = &drive->trainings[0]->staleness;
    result->staleness = seen->times;
    result->staleness_count = seen->count;
    seen->times = NULL;
    seen->count = seen->room = 0;
}

static struct board *board_create(size_t ranks)
{
    struct board *board = memory_zeroed(1, sizeof *board);
    board->losses = memory_zeroed(ranks, sizeof *board->losses);
    board->stopped = memory_zeroed(ranks, sizeof *board->stopped);
    return board;
}

static void board_free(struct board *board)
{
    free(board->losses);
    free(board->stopped);
    free(board);
}

void freely_open(struct drive *drive, struct plan *plan)
{
    pthread_mutex_init(&drive->lock, NULL);
    plan->board = board_create((size_t)drive->setup->nodes);
}

void freely_close(struct drive *drive, struct plan *plan)
{
    while (drive->halves)
        drop_half(drive, drive->halves);
    pthread_mutex_destroy(&drive->lock);
    board_free(plan->board);
}
