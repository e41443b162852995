#include "inside.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/family.h"

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
    return ops ? ops->parse(text, where, errors) : NULL;
}

void optimizer_spec_free(struct optimizer_spec *spec)
{
    if (spec)
        spec->kind->free_spec(spec);
}

struct optimizer *optimizer_create(struct rank *self, const struct optimizer_spec *spec,
                                   const struct model *model)
{
    struct optimizer *optimizer = spec->kind->create(self, spec, model);
    optimizer->kind = spec->kind;
    return optimizer;
}

void optimizer_free(struct optimizer *optimizer)
{
    free(optimizer);
}

void optimizer_step(struct rank *self, struct optimizer *optimizer, struct model *model)
{
    if (model->parameter_count)
        optimizer->kind->step(self, optimizer, model);
    model->fused.done = false;
}

bool optimizer_fuse(struct optimizer *optimizer, struct model *model)
{
    return !model->hooks.gradient_ready && optimizer->kind->fuse &&
           optimizer->kind->fuse(optimizer, model);
}
