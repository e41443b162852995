/* Convolutional nets for images: for each of the given channels a 3x3 convolution with padding 1,
 * ReLU and 2x2 max pooling; then flattened, a hidden linear layer with ReLU, and the output layer.
 * cnn:8-16:32 is, as nn.Sequential counts:
 *
 *     0 conv 8   1 relu   2 pool   3 conv 16   4 relu   5 pool   6 flatten
 *     7 linear 32   8 relu   9 linear, one output a class
 */
#include "../chain.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"
#include "threadrack/config/config.h"

#include "widths.h"

#include <stdlib.h>
#include <string.h>

enum { KERNEL = 3, PADDING = 1 };

struct cnn {
    struct recipe base;
    struct widths channels;
    size_t hidden;
    size_t input[3], outputs; /* channels, height, width; 0: the data's */
};

static bool make(const struct cnn *cnn, struct chain *chain, size_t outputs)
{
    bool good = true;
    for (int i = 0; good && i < cnn->channels.count; i++)
        good = chain_conv(chain, cnn->channels.items[i], KERNEL, PADDING) &&
               chain_activation(chain, ACTIVATION_RELU) && chain_max_pool(chain);
    return good && chain_flatten(chain) && chain_linear(chain, cnn->hidden) &&
           chain_activation(chain, ACTIVATION_RELU) && chain_linear(chain, outputs);
}

static bool build(const struct recipe *recipe, struct model_spec *spec,
                  const struct model_data *data, const char *where, struct errors *errors)
{
    const struct cnn *cnn = (const struct cnn *)recipe;
    const size_t of_data[3] = {data->channels, data->height, data->image_width};
    const size_t *input = cnn->input[0] ? cnn->input : of_data;
    size_t outputs = cnn->outputs ? cnn->outputs : data->classes;
    if (!input[0])
        return errors_add(errors, "%s: cnn takes images, but data set %s has none (input=1x28x28 "
                                  "says that its rows are images)",
                          where, data->name);
    if (!outputs)
        return errors_add(errors, "%s: data set %s has no classes; say outputs=10", where,
                          data->name);
    struct chain chain =
        chain_of_values(input[0] * input[1] * input[2], input[0], input[1], input[2]);
    if (make(cnn, &chain, outputs)) {
        chain_finish(&chain, spec, &loss_cross_entropy);
        return true;
    }
    errors_add(errors, "%s: layer %d: %s", where, chain.index, chain.why);
    chain_release(&chain);
    return false;
}

static void release(struct recipe *recipe)
{
    free(((struct cnn *)recipe)->channels.items);
}

static bool read_option(struct cnn *cnn, const char *key, const char *value, const char *where,
                        struct errors *errors)
{
    static const char *const keys[] = {"input", "outputs"};
    const char *at = value;
    if (!strcmp(key, "outputs")) {
        cnn->outputs = widths_take_number(&at, WIDEST);
        return (cnn->outputs && !*at) ||
               errors_add(errors, "%s: outputs=%s: expected 1 to %d", where, value, WIDEST);
    }
    if (strcmp(key, "input"))
        return errors_add(errors, "%s: cnn has no option '%s'%s", where, key,
                          text_alternatives(key, keys, 2));
    return shape_read(value, cnn->input) ||
           errors_add(errors, "%s: input=%s: expected channels, height and width, as in 3x32x32",
                      where, value);
}

static bool read_text(struct cnn *cnn, const char *text, const char *where, struct errors *errors)
{
    struct member_text member;
    bool good = member_parse(text, where, &member, errors);
    if (good) {
        const char *hidden = member.second ? member.second : "";
        cnn->hidden = widths_take_number(&hidden, WIDEST);
        good = (member.positional && widths_read(member.positional, 1, &cnn->channels) &&
                cnn->hidden && !*hidden) ||
               errors_add(errors, "%s: '%s' names no network; expected channels and a hidden "
                                  "width, such as cnn:8-16:32",
                          where, text);
        for (int i = 0; i < member.count; i++)
            good &= read_option(cnn, member.keys[i], member.values[i], where, errors);
    }
    member_release(&member);
    return good;
}

static struct model_spec *parse(const char *text, const char *where, struct errors *errors)
{
    struct cnn *cnn = memory_zeroed(1, sizeof *cnn);
    cnn->base = (struct recipe){.build = build, .release = release};
    struct model_spec *spec = spec_of_recipe(&cnn->base);
    if (read_text(cnn, text, where, errors) &&
        (!cnn->input[0] || !cnn->outputs || model_bind(spec, NULL, where, errors)))
        return spec;
    model_spec_free(spec);
    return NULL;
}

const struct model_ops model_cnn = {
    .name = "cnn",
    .summary = "3x3 convolutions, ReLU and pooling, then a hidden linear layer",
    .options = "CHANNELS-CHANNELS-...:HIDDEN[,input=CxHxW][,outputs=N]",
    .parse = parse,
};
