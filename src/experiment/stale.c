/* Staleness in pipelines that flow: every stage applies a gradient a step, and all replicas and tensor ranks of
 * one do the same, so that the first of them speaks for it. */
#include "drive.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

bool stale_pipeline(const struct setup *setup)
{
    return setup->strategy && setup->strategy->spreads_pipeline && setup_pipeline(setup)->flows;
}

/* What would hold all stages up at each other's updates, or needs a flush. */
bool stale_check(const struct setup *setup, struct errors *errors)
{
    const struct config *config = setup->config;
    const char *name = setup_pipeline(setup)->name;
    if (!stale_pipeline(setup))
        return true;
    if (setup->microbatches > 1)
        return errors_add(errors, "%s: pipeline.schedule=%s has no flush for which microbatches could be added "
                                  "up: a step's rows are one minibatch; give microbatches=1 or auto",
                          config_where(config, "microbatches"), name);
    if (setup->shape.pipeline == 1)
        return true;
    if (config_is_set(config, "clip"))
        return errors_add(errors, "%s: clip needs the norm of all stages' gradients, and stages of "
                                  "pipeline.schedule=%s update without waiting for each other",
                          config_where(config, "clip"), name);
    return !model_is_tied(setup->model) ||
           errors_add(errors, "%s: tied embeddings keep the first and the last stage in step, and stages of "
                              "pipeline.schedule=%s update without waiting for each other: give a model that "
                              "is not tied, or another schedule",
                      config_where(config, "pipeline.schedule"), name);
}

void stale_notes(const struct setup *setup, struct result *result)
{
    const char *name = setup_pipeline(setup)->name;
    int stages = setup->shape.pipeline;
    if (!stale_pipeline(setup) || stages == 1)
        return;
    result_note(result, "pipeline.schedule=%s: gradients of stage s are of weights up to %d-s updates old, so "
                        "that what is trained is not what `single` trains; evaluated and saved are all stages' "
                        "latest weights", name, stages - 1);
    if (setup->steps < stages)
        result_note(result, "pipeline.schedule=%s: %d steps do not fill %d stages: memory and idle shares are "
                            "those of so short a run", name, setup->steps, stages);
    if (setup->resumes || config_is_set(setup->config, "save"))
        result_note(result, "pipeline.schedule=%s: minibatches in flight are not in a checkpoint: a run that "
                            "resumes fills the pipeline anew, with the weights that were saved", name);
}

void stale_note(struct drive *drive, int rank, int step)
{
    size_t ranks = (size_t)drive->setup->nodes;
    if (drive->stale)
        drive->stale[(size_t)step * ranks + (size_t)rank] = drive->trainings[rank]->staleness.most;
}

static void count(struct result *result, uint64_t staleness)
{
    result->staleness[staleness]++;
    if (staleness >= (uint64_t)result->staleness_count)
        result->staleness_count = (int)staleness + 1;
}

static void collect_step(struct drive *drive, int step)
{
    const struct setup *setup = drive->setup;
    struct step_record *record = &drive->result->step[step];
    uint64_t sum = 0, most = 0;
    for (int rank = 0; rank < setup->nodes; rank++) {
        uint64_t own = drive->stale[(size_t)step * (size_t)setup->nodes + (size_t)rank];
        if (setup_first_of_stage(setup, rank) != rank)
            continue;
        count(drive->result, own);
        sum += own;
        most = own > most ? own : most;
    }
    record->staleness = (double)sum / (double)setup->shape.pipeline;
    record->staleness_most = (double)most;
}

/* A gradient of stage s is p-1-s updates old, at most. */
void stale_collect(struct drive *drive)
{
    if (!drive->stale)
        return;
    drive->result->staleness =
        memory_zeroed((size_t)drive->setup->shape.pipeline, sizeof *drive->result->staleness);
    for (int step = 0; step < drive->result->steps; step++)
        collect_step(drive, step);
}
