/* Weight stashing (Narayanan et al. 2019, PipeDream, section 3.3), of a stage that flows. The latest weights
 * are where they always are; versions that a minibatch has seen and that have been updated since are kept in
 * as many rooms as minibatches are in flight besides the one that is next, and take turns. A version's
 * name is how many updates it has had in this run. */
#include "words.h"

static float *room_of(const struct training *training, int version)
{
    size_t room = (size_t)(version % training->stashes);
    return training->stash ? training->stash + room * training->model->parameter_count : NULL;
}

static void look_at(struct training *training, float *parameters)
{
    struct model *model = training->model;
    for (int i = 0; i < model->part_count && parameters; i++)
        model_place_parameters(model, i, parameters + model_part_range(model, i).begin);
}

void stash_init(struct rank *self, struct training *training)
{
    training->stashes = flows(training) ? training->slots[0] - 1 : 0;
    size_t count = (size_t)training->stashes * training->model->parameter_count;
    if (count)
        training->stash = rank_alloc_numbers(self, MEMORY_PARAMETERS, NUMBER_VALUE, count);
}

int stash_seen(const struct training *training, int minibatch)
{
    return minibatch > training->stashes ? minibatch - training->stashes : 0;
}

void stash_look_back(struct training *training, int minibatch)
{
    int version = stash_seen(training, minibatch);
    if (version != training->taken)
        look_at(training, room_of(training, version));
}

void stash_look_at_latest(struct training *training)
{
    if (training->stashes)
        look_at(training, training->model->parameters);
}

void stash_keep(struct rank *self, struct training *training)
{
    int newest = training->begun[0] - 1;
    if (training->model->parameter_count && newest > training->taken && stash_seen(training, newest) == training->taken)
        copy_parameters(self, training, room_of(training, training->taken), training->model->parameters);
}
