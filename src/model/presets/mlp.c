/* Multilayer perceptrons: linear layers of given widths with an activation between. */
#include "../chain.h"

#include "threadrack/base/memory.h"
#include "threadrack/config/config.h"

#include "widths.h"

#include <stdlib.h>

static struct model_spec *build(const struct widths *widths, enum activation kind,
                                const char *where, struct errors *errors)
{
    struct model_spec *spec = spec_create(0);
    struct chain chain = chain_of_values(widths->items[0], 0, 0, 0);
    bool good = true;
    for (int i = 1; i < widths->count; i++) {
        good = good && chain_linear(&chain, widths->items[i]);
        if (i < widths->count - 1)
            good = good && chain_activation(&chain, kind);
    }
    if (good) {
        chain_finish(&chain, spec, &loss_cross_entropy);
        return spec;
    }
    errors_add(errors, "%s: %s", where, chain.why);
    chain_release(&chain);
    model_spec_free(spec);
    return NULL;
}

static struct model_spec *parse(const char *text, const char *where, struct errors *errors)
{
    struct member_text member;
    struct widths widths = {0};
    enum activation kind = ACTIVATION_RELU;
    struct model_spec *spec = NULL;
    if (!member_parse(text, where, &member, errors)) {
        member_release(&member);
        return NULL;
    }
    if (member.count || !member.positional || !widths_read(member.positional, 2, &widths))
        errors_add(
            errors,
            "%s: '%s' names no network; expected two or more widths from 1 to 16777216, such "
            "as mlp:64-128-64-10 or mlp:64-128x15-10:tanh",
            where, text);
    else if (!member.second || activation_read(member.second, where, &kind, errors))
        spec = build(&widths, kind, where, errors);
    free(widths.items);
    member_release(&member);
    return spec;
}

const struct model_ops model_mlp = {
    .name = "mlp",
    .summary = "linear layers of these widths with an activation between",
    .options = "WIDTH-WIDTH[xTIMES]-...[:relu|tanh|gelu|gelu_tanh]",
    .parse = parse,
};
