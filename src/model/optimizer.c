#include "optimizer.h"

#include "threadrack/base/family.h"
#include "threadrack/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct optimizer_ops *const optimizers[] = {
#define OPTIMIZER(name) &optimizer_##name,
#include "optimizer.def"
#undef OPTIMIZER
    NULL,
};

struct optimizer_spec *optimizer_parse(const char *text, const char *where, struct errors *errors)
{
    const struct optimizer_ops *ops =
        family_find(optimizers, FAMILY_WITH_OPTIONS, "optimizer", "optimizers", text, where, errors);
    if (!ops)
        return NULL;
    struct optimizer_spec *spec = memory_zeroed(1, sizeof *spec);
    spec->ops = ops;
    if (options_read(ops->kind->options, text, ops->options, where, spec->option, errors) &&
        (!ops->kind->check || ops->kind->check(spec, where, errors)))
        return spec;
    free(spec);
    return NULL;
}

void optimizer_spec_free(struct optimizer_spec *spec)
{
    free(spec);
}

int optimizer_state_count(const struct optimizer_spec *spec)
{
    const struct optimizer_kind *kind = spec->ops->kind;
    int count = 0;
    while (kind->states[count])
        count++;
    return kind->state_count ? kind->state_count(spec) : count;
}

bool optimizer_needs_norms(const struct optimizer_spec *spec)
{
    return spec->ops->kind->needs_norms;
}

const char *optimizer_state_name(const struct optimizer_spec *spec, int i)
{
    return spec->ops->kind->states[i];
}

static struct optimizer *create(struct rank *self, const struct optimizer_spec *spec, size_t floats)
{
    struct optimizer *optimizer = memory_zeroed(1, sizeof *optimizer);
    *optimizer = (struct optimizer){.spec = spec, .lr = spec->option[0]};
    for (int i = 0; i < optimizer_state_count(spec) && floats; i++)
        optimizer->state[i] = rank_alloc(self, MEMORY_OPTIMIZER, floats * sizeof(float));
    if (rank_has_masters(self)) /* what the maths has as parameters, in full as it is */
        rank_alloc_accounted(self, MEMORY_OPTIMIZER, 0, floats * sizeof(float));
    return optimizer;
}

struct optimizer *optimizer_create(struct rank *self, const struct optimizer_spec *spec,
                                   const struct model *model)
{
    struct optimizer *optimizer = create(self, spec, model->parameter_count);
    if (spec->ops->kind->needs_norms)
        norms_init(&optimizer->norms, self, model);
    return optimizer;
}

/* ---- Shares. ---- */

static size_t floats_before(const struct share *shares, int i)
{
    size_t floats = 0;
    while (i-- > 0)
        floats += shares[i].count;
    return floats;
}

struct optimizer *optimizer_create_sharded(struct rank *self, const struct optimizer_spec *spec,
                                           const struct share *shares, int count)
{
    struct optimizer *optimizer = create(self, spec, floats_before(shares, count));
    optimizer->shares = shares;
    optimizer->share_count = count;
    return optimizer;
}

void optimizer_clip_shares(struct rank *self, struct optimizer *optimizer, const struct model *model,
                           float *const *gradients)
{
    struct gradient_shares shares = {optimizer->shares, gradients, optimizer->share_count};
    if (optimizer->clipping.most > 0)
        clip_shares(self, &optimizer->clipping, model, shares);
}

/* A member of the family sees a model that is the range and no more. */
void optimizer_step_share(struct rank *self, struct optimizer *optimizer, const struct model *model,
                          int i, float *parameters, float *gradients)
{
    struct share share = optimizer->shares[i];
    size_t packed = floats_before(optimizer->shares, i);
    struct model part = {.spec = model->spec,
                         .parameter_count = share.count,
                         .parameters = parameters,
                         .gradients = gradients};
    struct optimizer own = *optimizer;
    if (share.count == 0)
        return;
    for (int k = 0; k < OPTIMIZER_STATES; k++)
        if (own.state[k])
            own.state[k] += packed;
    own.spec->ops->kind->step(self, &own, &part);
}

void optimizer_end_shares(struct optimizer *optimizer)
{
    optimizer->taken++;
}

void optimizer_clip(struct optimizer *optimizer, struct rank *self, double most)
{
    optimizer->clipping.most = most;
    optimizer->clipping.square = rank_alloc(self, MEMORY_COMMUNICATION, sizeof(float));
}

double optimizer_gradient_norm(const struct optimizer *optimizer)
{
    return optimizer->clipping.most > 0 ? optimizer->clipping.norm : NAN;
}

double optimizer_rate(const struct optimizer_spec *spec)
{
    return spec->option[0];
}

void optimizer_set_rate(struct optimizer *optimizer, struct model *model, double lr)
{
    optimizer->lr = lr;
    model->fused.lr = (float)lr;
}

void optimizer_free(struct optimizer *optimizer)
{
    free(optimizer);
}

void optimizer_restart(struct optimizer *optimizer, const struct model *model)
{
    optimizer->taken = 0;
    for (int i = 0; i < OPTIMIZER_STATES; i++)
        if (optimizer->state[i])
            memset(optimizer->state[i], 0, model->parameter_count * sizeof(float));
}

void optimizer_step(struct rank *self, struct optimizer *optimizer, struct model *model)
{
    if (optimizer->clipping.most > 0)
        clip_gradients(self, &optimizer->clipping, model);
    if (model->parameter_count)
        optimizer->spec->ops->kind->step(self, optimizer, model);
    model->fused.done = false;
    optimizer->taken++;
}

bool optimizer_fuse(struct optimizer *optimizer, struct model *model)
{
    const struct optimizer_kind *kind = optimizer->spec->ops->kind;
    double decay;
    bool read_by_others = model->hooks.gradient_ready || model->hooks.places_gradients ||
                          optimizer->clipping.most > 0;
    if (read_by_others || !kind->fuse || !kind->fuse(optimizer->spec, &decay))
        return false;
    model->fused =
        (struct fused_update){.on = true, .lr = (float)optimizer->lr, .decay = (float)decay};
    return true;
}
