#include "chain.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FLOATS = 1 << 30 }; /* of a row, anywhere */
static const size_t most_weights = (size_t)1 << 40; /* of a tensor: sums then fit in 64 bits */

struct chain chain_of_values(size_t width, size_t channels, size_t height, size_t image_width)
{
    return (struct chain){.positions = 1,
                          .width = width,
                          .channels = channels,
                          .height = height,
                          .image_width = image_width};
}

struct chain chain_of_tokens(size_t context)
{
    return (struct chain){.positions = context, .width = 1, .tokens = true};
}

void chain_release(struct chain *chain)
{
    free(chain->layers);
    *chain = (struct chain){0};
}

__attribute__((format(printf, 2, 3))) static bool refuse(struct chain *chain, const char *format,
                                                         ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(chain->why, sizeof chain->why, format, arguments);
    va_end(arguments);
    return false;
}

struct layer *chain_last(struct chain *chain)
{
    return &chain->layers[chain->count - 1];
}

/* What no layer but an embedding can take. */
static bool has_values(struct chain *chain)
{
    return !chain->tokens || refuse(chain, "tokens come in: an embedding must come first");
}

static bool is_no_image(struct chain *chain)
{
    return has_values(chain) &&
           (!chain->channels || refuse(chain, "an image of %zu channels comes in: flatten it first",
                                       chain->channels));
}

static bool is_image(struct chain *chain)
{
    return has_values(chain) && (chain->channels || refuse(chain, "no image comes in"));
}

static bool is_bearable(struct chain *chain, size_t out)
{
    return (out && out <= MOST_FLOATS / chain->positions) ||
           refuse(chain, "%zu outputs of %zu positions are not from 1 to %d", out,
                  chain->positions, MOST_FLOATS);
}

static bool is_matrix(struct chain *chain, size_t rows, size_t columns)
{
    return (rows && columns <= most_weights / rows) ||
           refuse(chain, "a matrix of %zu by %zu has more than 2^40 weights", rows, columns);
}

/* `layer` has its kind's own settings; the rest is filled in. */
static bool append(struct chain *chain, struct layer layer, size_t out)
{
    if (!is_bearable(chain, out))
        return false;
    layer.positions = chain->positions;
    layer.in = chain->width;
    layer.out = chain->width = out;
    if (chain->prefix)
        snprintf(layer.prefix, sizeof layer.prefix, "%s", chain->prefix);
    else
        snprintf(layer.prefix, sizeof layer.prefix, "%d", chain->index);
    chain->index++;
    *vector_push(&chain->layers, &chain->count, &chain->room) = layer;
    return true;
}

bool chain_linear(struct chain *chain, size_t out)
{
    return is_no_image(chain) && is_bearable(chain, out) && is_matrix(chain, out, chain->width) &&
           append(chain, (struct layer){.ops = &layer_linear}, out);
}

bool chain_tied(struct chain *chain)
{
    struct layer *first = &chain->layers[0], *last = chain_last(chain);
    if (first->ops != &layer_embedding || first->lends || !last->no_bias || last->in != first->out ||
        last->out != first->vocabulary)
        return refuse(chain, "tied: expected an embedding as the first layer, of the width that comes in and as "
                             "large a vocabulary as there are outputs, and bias: off");
    last->borrows = first->lends = true;
    return true;
}

bool chain_conv(struct chain *chain, size_t channels, size_t kernel, size_t padding)
{
    if (!is_image(chain))
        return false;
    struct convolution image = {.in = chain->channels,
                                .out = channels,
                                .height = chain->height,
                                .width = chain->image_width,
                                .kernel = kernel,
                                .padding = padding};
    if (!kernel || padding >= kernel || kernel > image.height + 2 * padding ||
        kernel > image.width + 2 * padding)
        return refuse(chain,
                      "a kernel of %zux%zu with padding %zu does not fit an image of %zux%zu "
                      "(padding must be less than the kernel)",
                      kernel, kernel, padding, image.height, image.width);
    if (image.in > MOST_FLOATS / kernel / kernel)
        return refuse(chain, "%zu channels are too many for a kernel of %zux%zu", image.in, kernel,
                      kernel);
    if (!is_matrix(chain, channels, image.in * kernel * kernel))
        return false;
    chain->channels = channels;
    chain->height = convolution_out_height(&image);
    chain->image_width = convolution_out_width(&image);
    size_t pixels = chain->height * chain->image_width;
    return (channels && channels <= MOST_FLOATS / pixels &&
            append(chain, (struct layer){.ops = &layer_conv, .image = image}, channels * pixels)) ||
           refuse(chain, "%zu channels of %zu pixels are not from 1 to %d values", channels, pixels,
                  MOST_FLOATS);
}

bool chain_activation(struct chain *chain, enum activation kind)
{
    struct layer *last = chain->count ? chain_last(chain) : NULL;
    if (!has_values(chain))
        return false;
    if (last && last->activation == ACTIVATION_NONE &&
        (last->ops == &layer_linear || last->ops == &layer_conv)) {
        last->activation = kind;
        chain->index++;
        return true;
    }
    return append(chain,
                  (struct layer){.ops = &layer_activation,
                                 .activation = kind,
                                 .follows = chain->count > 0},
                  chain->width);
}

bool chain_max_pool(struct chain *chain)
{
    if (!is_image(chain))
        return false;
    struct convolution image = {.in = chain->channels,
                                .out = chain->channels,
                                .height = chain->height,
                                .width = chain->image_width};
    if (chain->height < 2 || chain->image_width < 2)
        return refuse(chain, "an image of %zux%zu is too small for 2x2 pooling", chain->height,
                      chain->image_width);
    chain->height /= 2;
    chain->image_width /= 2;
    return append(chain,
                  (struct layer){.ops = &layer_max_pool,
                                 .image = image,
                                 .follows = chain->count > 0},
                  chain->channels * chain->height * chain->image_width);
}

/* Channels lie one after another as it is. */
bool chain_flatten(struct chain *chain)
{
    if (!has_values(chain))
        return false;
    chain->channels = chain->height = chain->image_width = 0;
    chain->index++;
    return true;
}

bool chain_norm(struct chain *chain)
{
    return is_no_image(chain) && append(chain, (struct layer){.ops = &layer_norm}, chain->width);
}

bool chain_embedding(struct chain *chain, size_t vocabulary, size_t width)
{
    if (!chain->tokens)
        return refuse(chain, "real values come in: an embedding takes tokens");
    if (!is_matrix(chain, vocabulary, width))
        return false;
    chain->tokens = false;
    return append(chain, (struct layer){.ops = &layer_embedding, .vocabulary = vocabulary}, width);
}

bool chain_attention(struct chain *chain, size_t heads)
{
    if (!is_no_image(chain))
        return false;
    if (!heads || chain->width % heads)
        return refuse(chain, "%zu heads do not divide a width of %zu", heads, chain->width);
    return is_matrix(chain, chain->width, 3 * chain->width) &&
           append(chain, (struct layer){.ops = &layer_attention, .heads = heads},
                  chain->width);
}

bool chain_feed_forward(struct chain *chain, size_t hidden, enum activation kind)
{
    bool block = chain->count && chain_last(chain)->ops == &layer_attention;
    return is_no_image(chain) && is_bearable(chain, hidden) &&
           is_matrix(chain, hidden, chain->width) &&
           append(chain,
                  (struct layer){.ops = &layer_feed_forward,
                                 .hidden = hidden,
                                 .activation = kind,
                                 .follows = block},
                  chain->width);
}

bool chain_experts(struct chain *chain, size_t hidden, enum activation kind,
                   struct experts_wish wish)
{
    bool block = chain->count && chain_last(chain)->ops == &layer_attention;
    if (wish.best > wish.count)
        return refuse(chain, "a position cannot go to %zu of %zu experts", wish.best, wish.count);
    return is_no_image(chain) && is_bearable(chain, hidden) &&
           is_matrix(chain, hidden * wish.count, chain->width) &&
           append(chain,
                  (struct layer){.ops = &layer_experts,
                                 .hidden = hidden,
                                 .activation = kind,
                                 .experts = wish.count,
                                 .choices = wish.best,
                                 .capacity = wish.capacity,
                                 .balance = wish.balance,
                                 .follows = block},
                  chain->width);
}

bool chain_dropout(struct chain *chain, double rate)
{
    chain_last(chain)->dropout = rate;
    return rate < 1 || refuse(chain, "a dropout of %g leaves nothing: expected a share from 0 to below 1", rate);
}

void chain_finish(struct chain *chain, struct model_spec *spec, const struct loss_ops *loss)
{
    const struct layer *first = &chain->layers[0];
    spec->layers = chain->layers;
    spec->layer_count = chain->count;
    spec->vocabulary = first->ops == &layer_embedding ? first->vocabulary : 0;
    spec->input_width = first->positions * first->in;
    spec->output_width = chain->positions * chain->width;
    spec->loss = loss;
    spec->loss_shape = (struct loss_shape){.positions = chain->positions, .width = chain->width};
    spec_finish(spec);
}

bool activation_read(const char *word, const char *where, enum activation *kind,
                     struct errors *errors)
{
    static const char *const words[] = {"relu", "tanh", "gelu", "gelu_tanh"};
    for (int i = 0; i < 4; i++)
        if (!strcmp(word, words[i])) {
            *kind = ACTIVATION_RELU + (enum activation)i;
            return true;
        }
    return errors_add(errors, "%s: '%s' is no activation; expected relu, tanh, gelu or gelu_tanh%s",
                      where, word, text_suggestion(word, words, 4));
}
