#include "regression.h"

#include "../chain.h"
#include "../options.h"

#include "threadrack/base/memory.h"

enum { INPUTS, OUTPUTS, OPTIONS };

static const struct option options[] = {
    {"inputs", OPTION_COUNT, 0, 1, 1 << 24},
    {"outputs", OPTION_COUNT, 0, 1, 1 << 24},
    {NULL, OPTION_REAL, 0, 0, 0},
};

struct regression {
    struct recipe base;
    const struct loss_ops *loss;
    double value[OPTIONS]; /* 0: the data's */
};

static bool build(const struct recipe *recipe, struct model_spec *spec,
                  const struct model_data *data, const char *where, struct errors *errors)
{
    const struct regression *regression = (const struct regression *)recipe;
    size_t inputs = (size_t)regression->value[INPUTS], outputs = (size_t)regression->value[OUTPUTS];
    struct chain chain = chain_of_values(inputs ? inputs : data->width, 0, 0, 0);
    outputs = outputs ? outputs : data->classes ? data->classes : data->target_width;
    if (chain_linear(&chain, outputs)) {
        chain_finish(&chain, spec, regression->loss);
        return true;
    }
    errors_add(errors, "%s: %s", where, chain.why);
    chain_release(&chain);
    return false;
}

struct model_spec *regression_parse(const char *text, const struct loss_ops *loss,
                                    const char *where, struct errors *errors)
{
    struct regression *regression = memory_zeroed(1, sizeof *regression);
    struct model_spec *spec = spec_of_recipe(&regression->base);
    const double *value = regression->value;
    regression->base.build = build;
    regression->loss = loss;
    if (options_read(options, text, "inputs=64,outputs=10", where, regression->value, errors) &&
        (value[INPUTS] == 0 || value[OUTPUTS] == 0 || model_bind(spec, NULL, where, errors)))
        return spec;
    model_spec_free(spec);
    return NULL;
}
