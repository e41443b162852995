/* A null model: equal layers that compute nothing and take a given time a microbatch. It tests the
 * pipeline's schedules against their closed forms. */
#include "../inside.h"

#include "threadrack/base/text.h"
#include "threadrack/base/units.h"
#include "threadrack/config/config.h"

#include <string.h>

struct options {
    struct quantity layers, width, forward, backward_input, backward_weight;
};

static bool read_option(struct options *options, const char *key, const char *value,
                        const char *where, struct errors *errors)
{
    static const char *const keys[] = {"forward", "backward_input", "backward_weight", "width"};
    struct quantity *const slots[] = {&options->forward, &options->backward_input,
                                      &options->backward_weight, &options->width};
    char why[128];
    for (int i = 0; i < 4; i++) {
        if (strcmp(key, keys[i]))
            continue;
        if (!units_parse(value, i < 3 ? UNIT_TIME : UNIT_COUNT, slots[i], why, sizeof why))
            return errors_add(errors, "%s: %s=%s: %s", where, key, value, why);
        if (i == 3 && (slots[i]->whole < 1 || slots[i]->whole > 1 << 24))
            return errors_add(errors, "%s: width=%s: expected 1 to 16777216 floats", where, value);
        return true;
    }
    return errors_add(errors,
                      "%s: stages has no option '%s'; it has forward, backward_input, "
                      "backward_weight and width%s",
                      where, key, text_suggestion(key, keys, 4));
}

static bool read_options(const char *text, const char *where, struct options *options,
                         struct errors *errors)
{
    char why[128];
    struct member_text member;
    if (!member_parse(text, where, &member, errors)) {
        member_release(&member);
        return false;
    }
    bool good = member.positional && !member.second &&
                units_parse(member.positional, UNIT_COUNT, &options->layers, why, sizeof why) &&
                options->layers.whole >= 1 && options->layers.whole <= 1 << 20;
    if (!good)
        errors_add(errors, "%s: '%s': expected how many layers, as in stages:4,forward=10us", where,
                   text);
    for (int i = 0; i < member.count; i++)
        good &= read_option(options, member.keys[i], member.values[i], where, errors);
    member_release(&member);
    return good;
}

static struct model_spec *parse(const char *text, const char *where, struct errors *errors)
{
    struct options options = {.width = {.whole = 1}};
    if (!read_options(text, where, &options, errors))
        return NULL;
    struct model_spec *spec = spec_create((int)options.layers.whole);
    for (int i = 0; i < spec->layer_count; i++)
        spec->layers[i] = (struct layer){
            .ops = &layer_null,
            .in = options.width.whole,
            .out = options.width.whole,
            .positions = 1,
            .forward_ps = options.forward.whole,
            .backward_input_ps = options.backward_input.whole,
            .backward_weight_ps = options.backward_weight.whole,
        };
    spec->output_width = options.width.whole;
    spec->alike = true;
    spec_finish(spec);
    return spec;
}

const struct model_ops model_stages = {
    .name = "stages",
    .summary = "a null model: equal layers that take a given time a microbatch",
    .options = "LAYERS,forward=0s,backward_input=0s,backward_weight=0s,width=1",
    .parse = parse,
};
