/* GPT-2 (Radford et al. 2019), with the names of its tensors: learned positions, pre-norm blocks of
 * causal attention and a feed-forward of four times the width with GELU in its tanh form, a last
 * norm, and an output layer without bias, which is the table of the tokens where `tied`.
 *
 * With `dropout` that share is dropped, in training, of the embeddings' sum, of attention's probabilities and of what
 * each half of a block adds; GPT-2's is 0.1 (embd_pdrop, attn_pdrop, resid_pdrop of its configuration).
 *
 * With `experts` the feed-forward halves are mixtures of experts (src/model/layer/experts.c).
 *
 * It begins as GPT-2 does: weights normal with a deviation of 0.02, those that end a residual branch
 * divided by the root of twice the layers (section 2.3), biases 0, norms 1.
 */
#include "../chain.h"
#include "../options.h"

#include <math.h>
#include <stdio.h>

enum { LAYERS, HEADS, WIDTH, CONTEXT, VOCABULARY, HIDDEN, TIED, DROPOUT, EXPERTS, BEST, CAPACITY, BALANCE };

static const struct option options[] = {
    {"layers", OPTION_COUNT, 2, 1, 1 << 15},
    {"heads", OPTION_COUNT, 4, 1, 1 << 20},
    {"width", OPTION_COUNT, 64, 1, 1 << 24},
    {"context", OPTION_COUNT, 32, 1, 1 << 24},
    {"vocabulary", OPTION_COUNT, 128, 2, 1 << 24},
    {"hidden", OPTION_COUNT, 0, 0, 1 << 24},
    {"tied", OPTION_SWITCH, 0, 0, 1},
    {"dropout", OPTION_REAL, 0, 0, 0.999},
    {"experts", OPTION_COUNT, 0, 0, 1 << 16},
    {"top", OPTION_COUNT, 2, 1, 1 << 10},
    {"capacity", OPTION_REAL, 1.25, 0.001, 1e6},
    {"balance", OPTION_REAL, 0.01, 0, 1e6},
    {NULL, OPTION_REAL, 0, 0, 0},
};
enum { OPTIONS = sizeof options / sizeof *options - 1 };
static const double deviation = 0.02;

static bool add_second_half(struct chain *chain, const double *value, size_t hidden)
{
    struct experts_wish wish = {(size_t)value[EXPERTS], (size_t)value[BEST], value[CAPACITY],
                                value[BALANCE]};
    return wish.count ? chain_experts(chain, hidden, ACTIVATION_GELU_TANH, wish)
                      : chain_feed_forward(chain, hidden, ACTIVATION_GELU_TANH);
}

static bool add_block(struct chain *chain, const double *value, int number)
{
    char prefix[PREFIX_ROOM];
    double ends = deviation / sqrt(2 * value[LAYERS]);
    size_t hidden = (size_t)(value[HIDDEN] > 0 ? value[HIDDEN] : 4 * value[WIDTH]);
    snprintf(prefix, sizeof prefix, "transformer.h.%d", number);
    chain->prefix = prefix;
    if (!chain_attention(chain, (size_t)value[HEADS]) || !chain_dropout(chain, value[DROPOUT]))
        return false;
    chain_last(chain)->residual_deviation = ends;
    if (!add_second_half(chain, value, hidden) || !chain_dropout(chain, value[DROPOUT]))
        return false;
    chain_last(chain)->residual_deviation = ends;
    return true;
}

/* The norm and the output layer stay together. */
static bool add_head(struct chain *chain, const double *value)
{
    chain->prefix = "transformer.ln_f";
    if (!chain_norm(chain))
        return false;
    chain->prefix = "lm_head";
    if (!chain_linear(chain, (size_t)value[VOCABULARY]))
        return false;
    struct layer *head = chain_last(chain);
    head->no_bias = head->follows = true;
    head->deviation = deviation;
    head->borrows = chain->layers[0].lends = value[TIED] != 0;
    return true;
}

static bool make(struct chain *chain, const double *value)
{
    chain->prefix = "transformer";
    bool good = chain_embedding(chain, (size_t)value[VOCABULARY], (size_t)value[WIDTH]) &&
                chain_dropout(chain, value[DROPOUT]);
    for (int i = 0; good && i < (int)value[LAYERS]; i++)
        good = add_block(chain, value, i);
    return good && add_head(chain, value);
}

static struct model_spec *parse(const char *text, const char *where, struct errors *errors)
{
    double value[OPTIONS];
    if (!options_read(options, text, "layers=2,heads=4,width=64,context=32,tied,dropout=0.1,experts=8,top=2", where, value,
                      errors))
        return NULL;
    struct model_spec *spec = spec_create(0);
    struct chain chain = chain_of_tokens((size_t)value[CONTEXT]);
    if (make(&chain, value)) {
        chain_finish(&chain, spec, &loss_cross_entropy);
        return spec;
    }
    errors_add(errors, "%s: %s", where, chain.why);
    chain_release(&chain);
    model_spec_free(spec);
    return NULL;
}

const struct model_ops model_gpt = {
    .name = "gpt",
    .summary = "GPT-2's transformer over tokens; tied: the output layer is the tokens' table; "
               "hidden: 4 times the width where 0; dropout: the share dropped in training; experts: a mixture of so many in each block",
    .options = "layers=2,heads=4,width=64,context=32,vocabulary=128,hidden=0[,tied]"
               "[,dropout=0.1][,experts=8,top=2,capacity=1.25,balance=0.01]",
    .parse = parse,
};
