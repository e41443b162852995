#include "inside.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"

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
    const char *names[16];
    int count = 0;
    size_t length = strcspn(text, ":");
    for (; optimizers[count]; count++) {
        names[count] = optimizers[count]->name;
        if (strlen(names[count]) == length && !strncmp(text, names[count], length))
            return optimizers[count]->parse(text, where, errors);
    }
    char *word = memory_text("%.*s", (int)length, text);
    errors_add(errors, "%s: no optimizer is called '%s'; there is sgd%s", where, word,
               text_suggestion(word, names, count));
    free(word);
    return NULL;
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
