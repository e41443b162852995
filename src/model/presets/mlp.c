/* Multilayer perceptrons: linear layers of given widths with an activation between. */
#include "../inside.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"
#include "threadrack/config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LAYERS = 1 << 16, WIDEST = 1 << 24 };

struct widths {
    size_t *items;
    int count, room;
};

/* A whole number from 1 to `most`, and moves on; 0 when there is none. */
static size_t take_number(const char **text, size_t most)
{
    size_t number = 0;
    const char *from = *text;
    for (; **text >= '0' && **text <= '9' && *text - from < 9; ++*text)
        number = number * 10 + (size_t)(**text - '0');
    return *text > from && *from != '0' && number <= most ? number : 0;
}

/* 64-128x3-10 is 64-128-128-128-10. */
static bool read_widths(const char *text, struct widths *widths)
{
    for (;;) {
        size_t width = take_number(&text, WIDEST), times = 1;
        if (*text == 'x') {
            text++;
            times = take_number(&text, MOST_LAYERS);
        }
        if (!width || !times || (size_t)widths->count + times > MOST_LAYERS)
            return false;
        for (; times; times--)
            *vector_push(&widths->items, &widths->count, &widths->room) = width;
        if (!*text)
            return widths->count >= 2;
        if (*text++ != '-')
            return false;
    }
}

static bool read_activation(const char *word, const char *where, enum activation *kind,
                            struct errors *errors)
{
    static const char *const words[] = {"relu", "tanh", "gelu"};
    for (int i = 0; i < 3; i++)
        if (!strcmp(word, words[i])) {
            *kind = ACTIVATION_RELU + (enum activation)i;
            return true;
        }
    return errors_add(errors, "%s: '%s' is no activation; expected relu, tanh or gelu%s", where,
                      word, text_suggestion(word, words, 3));
}

static struct model_spec *build(const struct widths *widths, enum activation kind)
{
    int count = widths->count - 1;
    struct model_spec *spec = spec_create(count);
    for (int i = 0; i < count; i++) {
        struct layer *layer = &spec->layers[i];
        *layer = (struct layer){
            .ops = &layer_linear,
            .in = widths->items[i],
            .out = widths->items[i + 1],
            .activation = i < count - 1 ? kind : ACTIVATION_NONE,
            .positions = 1,
        };
        /* The place in nn.Sequential, where activations count. */
        snprintf(layer->prefix, sizeof layer->prefix, "%d", 2 * i);
    }
    spec->input_width = widths->items[0];
    spec->output_width = widths->items[count];
    spec->costs_loss = true;
    spec_finish(spec);
    return spec;
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
    if (member.count || !member.positional || !read_widths(member.positional, &widths))
        errors_add(
            errors,
            "%s: '%s' names no network; expected two or more widths from 1 to 16777216, such "
            "as mlp:64-128-64-10 or mlp:64-128x15-10:tanh",
            where, text);
    else if (!member.second || read_activation(member.second, where, &kind, errors))
        spec = build(&widths, kind);
    free(widths.items);
    member_release(&member);
    return spec;
}

const struct model_ops model_mlp = {
    .name = "mlp",
    .summary = "linear layers of these widths with an activation between",
    .options = "WIDTH-WIDTH[xTIMES]-...[:relu|tanh|gelu]",
    .parse = parse,
};
