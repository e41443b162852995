/* The driver: it owns the step loop, evaluation, the checkpoint and stopping, for every strategy and
 * both ways to run. */
#include "closed.h"
#include "drive.h"
#include "saving.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/replace.h"
#include "threadrack/base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

_Atomic int experiment_interrupted;

/* By the training, not by this run alone, when the run's step has been taken. */
static uint64_t steps_taken(const struct drive *drive, int step)
{
    return drive->setup->begun.step + (uint64_t)step + 1;
}

bool drive_is_last(const struct drive *drive, int step)
{
    return step + 1 == drive->setup->steps;
}

static bool is_time_to_evaluate(const struct drive *drive, int step)
{
    return steps_taken(drive, step) % (uint64_t)drive->setup->eval_every == 0 || drive_is_last(drive, step);
}

static bool evaluates(const struct drive *drive, int step)
{
    const struct dataset *data = drive->setup->dataset;
    return data && drive->setup->real && data->test_rows && is_time_to_evaluate(drive, step);
}

/* evaluate.clock: at the end of the step, and within it. */
static void time_evaluation(struct drive *drive, struct rank *self, struct training *training, int step)
{
    size_t rows = drive->setup->timed_test_rows;
    if (rows == 0 || !is_time_to_evaluate(drive, step))
        return;
    training_time_evaluation(self, training, rows);
    if (rank_id(self) == 0)
        drive->result->timed_evaluations++;
}

/* Whether the training loss is held against its target behind the step: where no rows test. */
static bool weighs_loss(const struct drive *drive, int step)
{
    const struct setup *setup = drive->setup;
    bool tests = setup->dataset && setup->dataset->test_rows;
    return !isnan(setup->target_loss) && !tests && is_time_to_evaluate(drive, step);
}

/* Ranks meet off the clock to evaluate and to agree on stopping; how often they meet for the second
 * alone only decides how soon an interrupt is obeyed. */
static bool meets(const struct drive *drive, int step)
{
    return evaluates(drive, step) || weighs_loss(drive, step) ||
           saving_is_due(drive->setup, step + 1) || drive_is_last(drive, step) || (step + 1) % drive->meet_every == 0;
}

static int steps_between_meetings(const struct setup *setup)
{
    double flops = (double)model_flops_per_sample(setup->model) * (double)setup->batch;
    double steps = 1e9 / (flops + 1e6);
    return steps < 1 ? 1 : (int)steps;
}

/* Of those that test. */
static void copy_test_row(const void *context, size_t row, void *input, void *targets)
{
    const struct dataset *data = context;
    dataset_copy_input(data, data->train_rows + row, input);
    dataset_copy_targets(data, data->train_rows + row, targets);
}

/* Whether the model is the mean of the replicas' and none has it. */
static bool is_mean(const struct drive *drive)
{
    const struct strategy *strategy = drive->plan->strategy;
    return drive->setup->real && strategy->updates_alone && !strategy->has_server;
}

bool drive_looks(const struct drive *drive, int step)
{
    return evaluates(drive, step) || saving_is_due(drive->setup, step + 1);
}

static void reach_target(struct drive *drive, int step)
{
    drive->result->target_reached = drive->stop = true;
    drive->result->target_step = step + 1;
}

/* Each rank has left its part. */
static double training_loss(const struct drive *drive, int step)
{
    size_t ranks = (size_t)drive->setup->nodes;
    double loss = 0;
    for (size_t rank = 0; rank < ranks; rank++)
        loss += drive->losses[(size_t)step * ranks + rank];
    return loss;
}

static void evaluate(struct drive *drive, int step)
{
    const struct dataset *data = drive->setup->dataset;
    struct evaluation found = checkpoint_evaluate(
        drive->gathered, (struct test_rows){.context = data,
                                            .copy = copy_test_row,
                                            .count = data->test_rows,
                                            .target_width = data->target_width});
    struct result *result = drive->result;
    result->step[step].accuracy = result->final_accuracy = found.accuracy;
    result->step[step].test_loss = found.loss;
    /* A target that is not a number is none. */
    if (found.accuracy >= drive->setup->target_accuracy || found.loss <= drive->setup->target_loss)
        reach_target(drive, step);
}

/* What the ranks talk about: `step` has just been taken. */
struct meeting {
    struct drive *drive;
    int step;
};

static void gather_mean(const struct drive *drive)
{
    if (drive->plan->strategy->runs_free)
        freely_gather_mean(drive);
    else
        saving_gather_mean(drive->gathered, drive->trainings, drive->setup->nodes);
}

void drive_confer(struct drive *drive, int step)
{
    if (is_mean(drive) &&
        (drive_looks(drive, step) || drive_is_last(drive, step) || experiment_interrupted))
        gather_mean(drive);
    if (evaluates(drive, step))
        evaluate(drive, step);
    if (weighs_loss(drive, step) && training_loss(drive, step) <= drive->setup->target_loss)
        reach_target(drive, step);
    if (saving_is_due(drive->setup, step + 1) &&
        !saving_write(drive->setup, drive->gathered, step + 1, &drive->unsaved))
        drive->stop = true;
    drive->stop = drive->stop || experiment_interrupted || drive_is_last(drive, step) ||
                  rack_is_stuck(drive->rack);
    drive->stopped_at = step + 1;
}

/* Runs on the thread of the last rank to come, while the others wait. */
static void confer(void *argument)
{
    const struct meeting *meeting = argument;
    drive_confer(meeting->drive, meeting->step);
}

/* Returns whether the run goes on. */
static bool meet(struct drive *drive, struct rank *self, int step)
{
    const struct training *training = drive->trainings[rank_id(self)];
    if (!meets(drive, step))
        return true;
    if (drive_looks(drive, step) && !is_mean(drive))
        saving_gather(drive->setup, drive->gathered, training);
    rank_meet(self, confer, &(struct meeting){drive, step});
    return !drive->stop;
}

void drive_tell_progress(const struct drive *drive, int step)
{
    if (drive->progress.tell)
        drive->progress.tell(drive->progress.context, step + 1, drive->setup->steps);
}

void drive_take_step(struct drive *drive, struct rank *self, int step)
{
    int rank = rank_id(self), ranks = drive->setup->nodes;
    double loss = training_step(self, drive->trainings[rank],
                                (size_t)steps_taken(drive, step) - 1);
    if (drive->losses)
        drive->losses[(size_t)step * (size_t)ranks + (size_t)rank] = loss;
    drive->rows[rank] += drive->trainings[rank]->rows_done;
    stale_note(drive, rank, step);
    if (drive->routed)
        drive->routed[(size_t)step * (size_t)ranks + (size_t)rank] =
            training_routed(drive->trainings[rank]);
    time_evaluation(drive, self, drive->trainings[rank], step);
    if (rank == 0 && drive->plan->strategy->runs_free)
        rank_mark_for(self, drive->setup->servers);
    else
        rank_mark(self);
    if (rank != 0)
        return;
    if (rank_is_real(self))
        drive->result->step[step].gradient_norm =
            optimizer_gradient_norm(drive->trainings[rank]->optimizer);
    drive_tell_progress(drive, step);
}

static void train(void *argument, struct rank *self)
{
    struct drive *drive = argument;
    const struct setup *setup = drive->setup;
    struct training *training = training_create(self, drive->plan);
    drive->trainings[rank_id(self)] = training;
    saving_begin(setup, training);
    if (drive->plan->strategy->begin)
        drive->plan->strategy->begin(training);
    int step = 0;
    do
        drive_take_step(drive, self, step);
    while (meet(drive, self, step++));
    if (!is_mean(drive))
        saving_gather(setup, drive->gathered, training);
}

/* ---- Timing-only: every rank's step in turn, on this thread. What a rank holds of the training
 * are shapes; they are made for its step and dropped behind it, so that there is one at a time, unless
 * something of the step is still in flight behind it. ---- */

static struct training *shape_of(const struct drive *drive, struct rank *self)
{
    rank_begin_setup(self);
    return training_create(self, drive->plan);
}

static void count_step(struct drive *drive, struct rank *self, int step)
{
    int rank = rank_id(self);
    bool kept = drive->trainings;
    struct training *training = kept && step ? drive->trainings[rank] : shape_of(drive, self);
    if (kept)
        drive->trainings[rank] = training;
    training_step(self, training, (size_t)step);
    drive->rows[rank] += training->rows_done;
    stale_note(drive, rank, step);
    time_evaluation(drive, self, training, step);
    rank_mark(self);
    if (kept)
        return;
    drive->allreduces |= training_allreduces(training);
    training_free(training);
}

/* Whether the run goes on; asked often, since the ranks' part of a step may be long as well. */
static bool goes_on(struct rack *rack)
{
    return !experiment_hurried && !rack_failed(rack) && !rack_is_stuck(rack);
}

static void count_only(struct drive *drive, struct rack *rack)
{
    bool free = drive->plan->strategy->runs_free;
    pulse_begin(&drive->pulse, rack, free ? 0 : rack_size(rack), drive->setup->steps, drive->progress);
    if (free) {
        rack_run_in_turns(rack, freely_train_and_end, drive);
        return;
    }
    for (int step = 0; step < drive->setup->steps && !experiment_interrupted && goes_on(rack); step++) {
        for (int rank = 0; rank < rack_size(rack) && !experiment_hurried; rank++)
            if (closed_plays(drive->setup, rank))
                count_step(drive, rack_rank(rack, rank), step);
            else
                rank_mark(rack_rank(rack, rank));
        rack_resolve(rack);
        drive->stopped_at = step + 1;
    }
    for (int rank = 0; rank < rack_size(rack); rank++)
        rank_end(rack_rank(rack, rank));
}

/* ---- Both ways. ---- */

/* Counts what each region is to hold. */
static void count_regions(const struct drive *drive, struct rack *rack)
{
    for (int rank = 0; rank < rack_size(rack); rank++)
        if (closed_is_counted(drive->setup, rank))
            training_free(shape_of(drive, rack_rank(rack, rank)));
}

static void free_trainings(struct drive *drive)
{
    for (int rank = 0; rank < drive->setup->nodes; rank++)
        if (drive->trainings[rank]) {
            if (rank == 0 && drive->plan->strategy->runs_free)
                freely_keep_staleness(drive);
            drive->allreduces |= training_allreduces(drive->trainings[rank]);
            training_free(drive->trainings[rank]);
        }
}

static void collect_routed(const struct drive *drive, int step)
{
    size_t ranks = (size_t)drive->setup->nodes;
    struct routed all = {0};
    for (size_t rank = 0; rank < ranks; rank++) {
        const struct routed *own = &drive->routed[(size_t)step * ranks + rank];
        all.choices += own->choices;
        all.dropped += own->dropped;
        all.rows += own->rows;
        all.balance += own->balance;
    }
    drive->result->step[step].dropped = (double)all.dropped / (double)all.choices;
    drive->result->step[step].balance = all.balance / (double)all.rows;
}

static void collect_losses(struct drive *drive)
{
    struct result *result = drive->result;
    for (int step = 0; step < result->steps; step++)
        result->step[step].loss = drive->setup->real ? training_loss(drive, step) : NAN;
    for (int step = 0; step < result->steps && drive->routed; step++)
        collect_routed(drive, step);
    if (result->steps)
        result->final_loss = result->step[result->steps - 1].loss;
}

/* Those of files: what the table has was named by its bit. */
static void name_file(const struct algorithms *algorithms, struct text *names)
{
    const struct collective *file = algorithms ? algorithms_fixed(algorithms) : NULL;
    bool listed = !file;
    for (int i = 0; collectives[i]; i++)
        listed = listed || collectives[i] == file;
    if (!listed)
        text_add(names, "%s%s", names->length ? "+" : "", file->name);
}

static void name_files(const struct setup *setup, struct text *names)
{
    name_file(setup->allreduce, names);
    for (int axis = 0; axis < MESH_AXES; axis++)
        name_file(setup->allreduce_along[axis], names);
}

/* "ring+allgather:bruck". */
static void name_collective(const struct collective *collective, struct text *names)
{
    bool sums = !strcmp(collective->operation, "allreduce");
    text_add(names, "%s%s%s%s", names->length ? "+" : "", sums ? "" : collective->operation, sums ? "" : ":",
             collective->name);
}

static void name_allreduces(const struct drive *drive)
{
    struct text names = {0};
    for (int i = 0; collectives[i]; i++)
        if (drive->allreduces & (uint64_t)1 << i)
            name_collective(collectives[i], &names);
    if (drive->allreduces & ALLREDUCE_FILE)
        name_files(drive->setup, &names);
    if (names.length) {
        free(drive->result->allreduce);
        drive->result->allreduce = names.bytes;
    }
}

/* Whether gradients or what else were summed over a group, not only gathered or scattered. */
static bool all_reduced(const struct drive *drive)
{
    bool any = drive->allreduces & ALLREDUCE_FILE;
    for (int i = 0; collectives[i]; i++)
        any = any || (drive->allreduces >> i & 1 && !strcmp(collectives[i]->operation, "allreduce"));
    return any;
}

/* The whole model where it is gathered, and once more where it is evaluated. */
static uint64_t gathered_bytes(const struct setup *setup)
{
    return saving_room_bytes(setup) + model_parameter_count(setup->model) * sizeof(float);
}

/* What is wrong is an error, unless the resolver was lost: then nothing of it holds. */
static bool finish_clock(struct rack *rack, struct errors *errors)
{
    struct errors found;
    errors_init(&found);
    bool good = rack_finish(rack, &found);
    bool lost = clock_lost(rack_clock(rack));
    for (int i = 0; i < found.count && !lost; i++)
        errors_add_status(errors, found.status, "%s", found.messages[i]);
    errors_release(&found);
    return good && !lost;
}

/* The set-up of all ranks has been counted, and their regions fit their nodes. */
static bool run_counted(struct drive *drive, struct rack *rack, const struct host *host,
                        struct seat_range seats, struct errors *errors)
{
    if (!drive->setup->real) {
        count_only(drive, rack);
        if (drive->trainings)
            free_trainings(drive);
    } else {
        bool ran = rack_open(rack, host, seats.first_core, seats.cores,
                             gathered_bytes(drive->setup), errors) &&
                   rack_run(rack, drive->plan->strategy->runs_free ? freely_train : train, drive,
                            errors);
        free_trainings(drive);
        if (!ran)
            return false;
    }
    bool finished = finish_clock(rack, errors);
    if (finished && !drive->setup->real && drive->stopped_at)
        drive_tell_progress(drive, drive->stopped_at - 1);
    return finished || clock_stopped(rack_clock(rack));
}

static bool write_goal(FILE *stream, const void *clock)
{
    return clock_write_goal(clock, stream);
}

/* Steps of a stopped run that have ended; whose marks end one that runs free: its servers' or the one rank's who
 * ends it. */
static int steps_ended(const struct drive *drive, struct rack *rack)
{
    int servers = drive->setup->servers;
    bool free = drive->plan->strategy->runs_free;
    int marks = rack_marks_by(rack, !free ? rack_size(rack) : servers ? servers : 1);
    return marks < drive->stopped_at ? marks : drive->stopped_at;
}

static bool finish_stopped(struct drive *drive, struct rack *rack, struct errors *errors)
{
    struct result *result = drive->result;
    int steps = result->steps = steps_ended(drive, rack);
    collect_losses(drive);
    stale_collect(drive);
    name_allreduces(drive);
    result_memory(result, drive->setup, rack);
    return pulse_stopped(&drive->pulse, result, drive->setup, steps, errors);
}

static bool finish(struct drive *drive, struct rack *rack, struct errors *errors)
{
    struct result *result = drive->result;
    const struct config *config = drive->setup->config;
    if (clock_stopped(rack_clock(rack)))
        return finish_stopped(drive, rack, errors);
    result->steps = drive->stopped_at;
    collect_losses(drive);
    stale_collect(drive);
    name_allreduces(drive);
    result_measure(result, drive->setup, rack);
    result_memory(result, drive->setup, rack);
    for (int rank = 0; rank < result->nodes; rank++)
        result->node[rank].samples = drive->rows[closed_stand_in(drive->setup, rank)];
    notes_after(drive->setup, rack_clock(rack), all_reduced(drive), result);
    if (!watch_finish(&drive->watch, drive->setup, result, errors))
        return false;
    if (drive->setup->real && drive->setup->dataset && isnan(result->final_loss))
        result_note(result, "the loss is not a number at the end: training has diverged (a smaller "
                            "learning rate, or features of a smaller scale?)");
    if (drive->unsaved.count)
        return errors_add_status(errors, STATUS_FAILED, "%s", drive->unsaved.messages[0]);
    if (experiment_interrupted)
        return errors_add_status(errors, STATUS_FAILED, "interrupted after %d of %d steps",
                                 result->steps, drive->setup->steps);
    if (config_is_set(config, "goal") &&
        !file_replace(config_text(config, "goal"), write_goal, rack_clock(rack), errors))
        return false;
    return saving_write(drive->setup, drive->gathered, result->steps, errors);
}

/* `lost`: why the resolver was not exact, or NULL. */
static bool run_by(const struct setup *setup, const struct resolver_ops *resolver,
                   const struct host *host, struct seat_range seats, struct progress_hook progress,
                   struct result *result, const char **lost, struct errors *errors)
{
    size_t ranks = (size_t)setup->nodes, steps = (size_t)setup->steps;
    struct rack *rack = rack_create(setup->cluster, setup->netmodel, setup->cost, setup->nodes);
    rack_set_precision(rack, setup->precision);
    rack_use(rack, resolver, setup->kernels);
    rack_use_threads(rack, setup->clock_threads);
    rack_set_noise(rack, &setup->noise);
    if (config_is_set(setup->config, "goal"))
        rack_keep_goal(rack);
    if (setup->strategy->runs_free)
        rack_let_ask(rack);
    struct mesh *mesh = setup_mesh(setup, rack);
    struct plan plan = setup_plan(setup, mesh);
    struct drive drive = {.setup = setup,
                          .plan = &plan,
                          .result = result,
                          .progress = progress,
                          .rack = rack,
                          .meet_every = steps_between_meetings(setup)};
    result->step = memory_zeroed(steps, sizeof *result->step);
    for (size_t step = 0; step < steps; step++)
        result->step[step] = (struct step_record){.accuracy = NAN,
                                                  .test_loss = NAN,
                                                  .lr = plan_rate(&plan, setup->begun.step + step),
                                                  .gradient_norm = NAN,
                                                  .staleness = NAN,
                                                  .staleness_most = NAN,
                                                  .dropped = NAN,
                                                  .balance = NAN};
    if (setup->real || setup->strategy->runs_free || stale_pipeline(setup))
        drive.trainings = memory_zeroed(ranks, sizeof *drive.trainings);
    if (setup->strategy->runs_free)
        freely_open(&drive, &plan);
    if (setup->real) {
        drive.losses = memory_zeroed(steps * ranks, sizeof *drive.losses);
        drive.gathered = saving_room(setup);
        if (model_routes(setup->model))
            drive.routed = memory_zeroed(steps * ranks, sizeof *drive.routed);
    }
    if (stale_pipeline(setup))
        drive.stale = memory_zeroed(steps * ranks, sizeof *drive.stale);
    drive.rows = memory_zeroed(ranks, sizeof *drive.rows);
    count_regions(&drive, rack);
    result_memory(result, setup, rack);
    bool good = memory_fits(setup, rack, errors) && closed_fits(setup, rack, mesh, errors) &&
                watch_begin(&drive.watch, setup, rack, errors) &&
                run_counted(&drive, rack, host, seats, errors) && finish(&drive, rack, errors);
    watch_release(&drive.watch);
    errors_release(&drive.unsaved);
    if (drive.gathered)
        checkpoint_free(drive.gathered);
    if (setup->strategy->runs_free)
        freely_close(&drive, &plan);
    free(drive.trainings);
    free(drive.losses);
    free(drive.routed);
    free(drive.stale);
    free(drive.rows);
    *lost = clock_lost(rack_clock(rack));
    mesh_free(mesh);
    rack_free(rack);
    return good;
}

bool run_ranks(const struct setup *setup, const struct host *host, struct seat_range seats,
               struct progress_hook progress, struct result *result, struct errors *errors)
{
    const struct resolver_ops *resolver = setup->resolver;
    for (;;) {
        const char *lost;
        bool good = run_by(setup, resolver, host, seats, progress, result, &lost, errors);
        if (!lost) {
            if (resolver != &resolver_events)
                result_note(result, "the clock was resolved by %s, which does not count how many "
                                    "routes use a link at a time (clock.resolver=events does)",
                            resolver->name);
            return good;
        }
        free(result->step);
        result->step = NULL;
        const struct resolver_ops *next = resolver_after(setup, resolver);
        if (!next)
            return errors_add_status(errors, STATUS_FAILED,
                                     "clock.resolver=%s is not exact for this run: %s",
                                     resolver->name, lost);
        result_note(result, "clock.resolver=%s is not exact for this run (%s): started again with %s",
                    resolver->name, lost, next->name);
        resolver = next;
    }
}
