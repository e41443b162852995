#include "saving.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool saves(const struct setup *setup)
{
    return config_is_set(setup->config, "save");
}

/* Nodes keep states, or shares of one, that no file holds. */
static bool keeps_apart(const struct setup *setup)
{
    return setup->strategy->updates_alone || setup->strategy->serves_shares;
}

static bool saves_state(const struct setup *setup)
{
    return saves(setup) && config_on(setup->config, "save.state") &&
           !keeps_apart(setup);
}

static bool load_init(struct setup *setup, struct errors *errors)
{
    setup->init = checkpoint_create(setup->model);
    return checkpoint_load(setup->init, config_text(setup->config, "init"),
                           config_where(setup->config, "init"), errors);
}

/* The same draws must follow, and something must be left to do. */
static bool check_progress(struct setup *setup, const struct progress *progress,
                           struct errors *errors)
{
    const struct config *config = setup->config;
    const char *where = config_where(config, "resume");
    if (progress->seed != setup->seed)
        return errors_add(errors, "%s: the training has seed=%llu, not seed=%llu; give seed=%llu", where,
                          (unsigned long long)progress->seed, (unsigned long long)setup->seed,
                          (unsigned long long)progress->seed);
    if (progress->step >= (uint64_t)setup->steps)
        return errors_add(errors,
                          "%s: the training has taken %llu steps already, and steps, which counts them "
                          "from its beginning, is %d: none is left",
                          where, (unsigned long long)progress->step, setup->steps);
    return true;
}

static bool load_state(struct setup *setup, struct errors *errors)
{
    char *path = checkpoint_state_path(config_text(setup->config, "resume"));
    setup->init = checkpoint_create_state(setup->model, setup->optimizer);
    bool good = checkpoint_load_state(setup->init, path, config_where(setup->config, "resume"),
                                      errors) &&
                check_progress(setup, checkpoint_progress(setup->init), errors);
    free(path);
    if (!good)
        return false;
    setup->resumes = true;
    setup->begun = *checkpoint_progress(setup->init);
    setup->steps -= (int)setup->begun.step;
    return true;
}

/* The weights must not take the state's name. */
static bool check_name(const struct setup *setup, struct errors *errors)
{
    if (!saves_state(setup))
        return true;
    const char *path = config_text(setup->config, "save");
    char *state = checkpoint_state_path(path);
    bool good = strcmp(path, state) != 0 ||
                errors_add(errors, "%s: '%s' is where the state goes that is saved with the weights; "
                                   "give another name, such as x.safetensors",
                           config_where(setup->config, "save"), path);
    free(state);
    return good;
}

bool saving_resolve(struct setup *setup, struct errors *errors)
{
    const struct config *config = setup->config;
    bool init = config_is_set(config, "init"), resume = config_is_set(config, "resume");
    setup->begun.seed = setup->seed;
    if (resume && keeps_apart(setup))
        return errors_add(errors, "%s: strategy %s keeps a state for each node, which no file holds: it "
                          "cannot resume; init= begins with the weights",
                          config_where(config, "resume"), setup->strategy->name);
    if (init && resume)
        return errors_add(errors, "%s: init is given as well (%s); give one of the two",
                          config_where(config, "resume"), config_where(config, "init"));
    return check_name(setup, errors) && (!init || load_init(setup, errors)) && (!resume || load_state(setup, errors));
}

void saving_place(const struct setup *setup)
{
    if (setup->loader)
        loader_begin(setup->loader, setup->begun.step, setup->begun.rows);
}

struct checkpoint *saving_room(const struct setup *setup)
{
    return saves_state(setup) ? checkpoint_create_state(setup->model, setup->optimizer)
                              : checkpoint_create(setup->model);
}

uint64_t saving_room_bytes(const struct setup *setup)
{
    int sets = 1 + (saves_state(setup) ? optimizer_state_count(setup->optimizer) : 0);
    return (uint64_t)sets * model_parameter_count(setup->model) * sizeof(float);
}

void saving_begin(const struct setup *setup, struct training *training)
{
    if (setup->init)
        checkpoint_get(setup->init, training->model);
    else
        model_init(training->model, setup->seed);
    if (!setup->resumes)
        return;
    checkpoint_get_state(setup->init, training->model, training->optimizer);
    training_begin(training, setup->begun.step);
}

void saving_gather(const struct setup *setup, struct checkpoint *gathered,
                   const struct training *training)
{
    int whole = setup->strategy->serves_shares ? setup->servers : 0; /* it has all parameters */
    int experts = mesh_length(setup->shape, AXIS_EXPERT);
    bool first = training->point.replica / experts == whole && training->point.chunk == 0;
    if (first || (setup->zero == 3 && !training->is_copy))
        checkpoint_put(gathered, training->model);
    if (saves_state(setup) && (first || (setup->zero && !training->is_copy)))
        checkpoint_put_state(gathered, training->model, training->optimizer);
}

void saving_gather_mean(struct checkpoint *gathered, struct training *const *trainings, int count)
{
    checkpoint_clear(gathered);
    for (int i = 0; i < count; i++)
        checkpoint_add(gathered, trainings[i]->model, 1.0f / (float)count);
}

bool saving_is_due(const struct setup *setup, int taken)
{
    const struct config *config = setup->config;
    return saves(setup) && config_is_set(config, "save.every") && taken < setup->steps &&
           (setup->begun.step + (uint64_t)taken) % config_whole(config, "save.every") == 0;
}

/* What a training holds that is no part of its state. */
void saving_notes(const struct setup *setup, struct result *result)
{
    const struct config *config = setup->config;
    bool alone = !setup->goal && setup->strategy->updates_alone;
    bool replicas = mesh_holders(setup->shape) > 1 && !alone;
    bool keeps = setup->compressor.feedback || setup->compressor.ops->low_rank;
    if (!setup->goal && setup->strategy->serves_shares && saves(setup))
        result_note(result, "save=%s is of the weights alone: strategy %s keeps the optimizer's state in "
                            "shares on its servers, and no run can resume it",
                    config_text(config, "save"), setup->strategy->name);
    if (alone && saves(setup))
        result_note(result, "save=%s is of the weights alone, the mean of the nodes': strategy %s keeps a "
                            "state for each node, and no run can resume it",
                    config_text(config, "save"), setup->strategy->name);
    if (setup->resumes)
        result_note(result, "resumes after %llu steps: steps are counted on, simulated seconds begin at 0",
                    (unsigned long long)setup->begun.step);
    if (keeps && replicas && (setup->resumes || saves_state(setup)))
        result_note(result, "compress=%s: what is left out of gradients is not in a checkpoint; a run "
                            "that resumes begins with nothing left out",
                    config_text(config, "compress"));
    if (setup->resumes && setup->partition)
        result_note(result, "partition=%s: each replica goes on in its part at its share of a step times "
                            "the steps taken, as if nodes and batch had been the same from the beginning",
                    config_text(config, "partition"));
}

/* The state first: who resumes reads it alone. */
bool saving_write(const struct setup *setup, struct checkpoint *gathered, int taken,
                  struct errors *errors)
{
    if (!saves(setup))
        return true;
    const char *path = config_text(setup->config, "save");
    char *state = checkpoint_state_path(path);
    *checkpoint_progress(gathered) =
        (struct progress){.step = setup->begun.step + (uint64_t)taken,
                          .rows = setup->begun.rows + (uint64_t)taken * setup->batch,
                          .seed = setup->seed};
    bool good = (!saves_state(setup) || checkpoint_save_state(gathered, state, errors)) &&
                checkpoint_save(gathered, path, errors);
    if (good && !saves_state(setup))
        remove(state); /* of weights that these have replaced: who resumes would take it for theirs */
    free(state);
    return good;
}
