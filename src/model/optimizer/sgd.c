/* Stochastic gradient descent with momentum and weight decay, as PyTorch's torch.optim.SGD. */
#include "../inside.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"
#include "threadrack/base/units.h"
#include "threadrack/config/config.h"

#include <stdlib.h>
#include <string.h>

struct sgd_spec {
    struct optimizer_spec base;
    double lr, momentum, decay;
};

struct sgd {
    struct optimizer base;
    float lr, momentum, decay;
    float *velocity; /* (parameters); NULL without momentum */
    bool began;
};

static const struct optimizer_kind kind;

static bool read_option(struct sgd_spec *spec, const char *key, const char *value,
                        const char *where, struct errors *errors)
{
    static const char *const keys[] = {"lr", "momentum", "weight_decay"};
    static const double most[] = {1e6, 0.999999, 1e6};
    double *const slots[] = {&spec->lr, &spec->momentum, &spec->decay};
    char why[128];
    struct quantity quantity;
    for (int i = 0; i < 3; i++) {
        if (strcmp(key, keys[i]))
            continue;
        if (!units_parse(value, UNIT_REAL, &quantity, why, sizeof why))
            return errors_add(errors, "%s: %s=%s: %s", where, key, value, why);
        *slots[i] = quantity.real;
        return (quantity.real >= 0 && quantity.real <= most[i]) ||
               errors_add(errors, "%s: %s=%s: expected a number from 0 to %g", where, key, value,
                          most[i]);
    }
    return errors_add(errors, "%s: sgd has no option '%s'; it has lr, momentum and weight_decay%s",
                      where, key, text_suggestion(key, keys, 3));
}

static struct optimizer_spec *parse(const char *text, const char *where, struct errors *errors)
{
    struct member_text member;
    struct sgd_spec read = {.base = {&kind}, .lr = 0.1};
    if (!member_parse(text, where, &member, errors)) {
        member_release(&member);
        return NULL;
    }
    bool good = !member.positional && !member.second;
    if (!good)
        errors_add(errors, "%s: '%s': expected sgd:lr=0.1,momentum=0.9,weight_decay=1e-4", where,
                   text);
    for (int i = 0; i < member.count; i++)
        good &= read_option(&read, member.keys[i], member.values[i], where, errors);
    member_release(&member);
    if (!good)
        return NULL;
    struct sgd_spec *spec = memory_zeroed(1, sizeof *spec);
    *spec = read;
    return &spec->base;
}

static void free_spec(struct optimizer_spec *spec)
{
    free(spec);
}

static struct optimizer *create(struct rank *self, const struct optimizer_spec *base,
                                const struct model *model)
{
    const struct sgd_spec *spec = (const struct sgd_spec *)base;
    struct sgd *sgd = memory_zeroed(1, sizeof *sgd);
    sgd->lr = (float)spec->lr;
    sgd->momentum = (float)spec->momentum;
    sgd->decay = (float)spec->decay;
    if (spec->momentum != 0 && model->parameter_count)
        sgd->velocity = rank_alloc(self, MEMORY_OPTIMIZER, model->parameter_count * sizeof(float));
    return &sgd->base;
}

/* Gradients and weights are read and weights written; with momentum so is the velocity. */
static struct work step_work(const struct sgd *sgd, uint64_t count)
{
    bool momentum = sgd->momentum != 0, decay = sgd->decay != 0;
    return (struct work){.flops = count * (2 + 2 * (uint64_t)momentum + 2 * (uint64_t)decay),
                         .bytes = sizeof(float) * count * (momentum ? 5 : 3),
                         .kernels = 1};
}

static void step(struct rank *self, struct optimizer *optimizer, struct model *model)
{
    struct sgd *sgd = (struct sgd *)optimizer;
    if (rank_compute_begin(self, step_work(sgd, model->parameter_count))) {
        if (!model->fused.done)
            math_sgd(model->parameter_count, model->parameters, model->gradients, sgd->velocity,
                     sgd->lr, sgd->momentum, sgd->decay, !sgd->began);
        rank_compute_end(self);
    }
    sgd->began = true;
}

static bool fuse(struct optimizer *optimizer, struct model *model)
{
    const struct sgd *sgd = (const struct sgd *)optimizer;
    if (sgd->momentum != 0)
        return false;
    model->fused = (struct fused_update){.on = true, .lr = sgd->lr, .decay = sgd->decay};
    return true;
}

static const struct optimizer_kind kind = {
    .free_spec = free_spec, .create = create, .step = step, .fuse = fuse};

const struct optimizer_ops optimizer_sgd = {
    .name = "sgd",
    .summary = "stochastic gradient descent",
    .options = "lr=0.1 momentum=0 weight_decay=0",
    .parse = parse,
};
