#include "optimizer.h"

#include "threadrack/base/family.h"
#include "threadrack/base/memory.h"

#include <stdlib.h>

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

static int state_count(const struct optimizer_spec *spec)
{
    const struct optimizer_kind *kind = spec->ops->kind;
    int count = 0;
    while (kind->states[count])
        count++;
    return kind->state_count ? kind->state_count(spec) : count;
}

struct optimizer *optimizer_create(struct rank *self, const struct optimizer_spec *spec,
                                   const struct model *model)
{
    struct optimizer *optimizer = memory_zeroed(1, sizeof *optimizer);
    *optimizer = (struct optimizer){.spec = spec, .lr = spec->option[0]};
    for (int i = 0; i < state_count(spec) && model->parameter_count; i++)
        optimizer->state[i] =
            rank_alloc(self, MEMORY_OPTIMIZER, model->parameter_count * sizeof(float));
    if (spec->ops->kind->needs_norms)
        norms_init(&optimizer->norms, self, model);
    return optimizer;
}

void optimizer_free(struct optimizer *optimizer)
{
    free(optimizer);
}

void optimizer_step(struct rank *self, struct optimizer *optimizer, struct model *model)
{
    if (model->parameter_count)
        optimizer->spec->ops->kind->step(self, optimizer, model);
    model->fused.done = false;
    optimizer->taken++;
}

bool optimizer_fuse(struct optimizer *optimizer, struct model *model)
{
    const struct optimizer_kind *kind = optimizer->spec->ops->kind;
    double decay;
    if (model->hooks.gradient_ready || !kind->fuse || !kind->fuse(optimizer->spec, &decay))
        return false;
    model->fused =
        (struct fused_update){.on = true, .lr = (float)optimizer->lr, .decay = (float)decay};
    return true;
}
