#include "file_kinds.h"

static bool add_linear(struct chain *chain, const size_t *value)
{
    if (!chain_linear(chain, value[0]))
        return false;
    chain_last(chain)->no_bias = !value[1];
    return !value[2] || chain_tied(chain);
}

static bool add_conv(struct chain *chain, const size_t *value)
{
    return chain_conv(chain, value[0], value[1], value[2]);
}

static bool add_max_pool(struct chain *chain, const size_t *value)
{
    (void)value;
    return chain_max_pool(chain);
}

static bool add_flatten(struct chain *chain, const size_t *value)
{
    (void)value;
    return chain_flatten(chain);
}

static bool add_norm(struct chain *chain, const size_t *value)
{
    (void)value;
    return chain_norm(chain);
}

static bool add_activation(struct chain *chain, const size_t *value)
{
    return chain_activation(chain, (enum activation)value[0]);
}

static bool drop(struct chain *chain, size_t thousandths)
{
    return chain_dropout(chain, (double)thousandths / 1000);
}

static bool add_embedding(struct chain *chain, const size_t *value)
{
    return chain_embedding(chain, value[1], value[0]) && drop(chain, value[2]);
}

static bool add_attention(struct chain *chain, const size_t *value)
{
    return chain_attention(chain, value[0]) && drop(chain, value[1]);
}

static bool add_feed_forward(struct chain *chain, const size_t *value)
{
    return chain_feed_forward(chain, value[0], (enum activation)value[1]) && drop(chain, value[2]);
}

static bool add_experts(struct chain *chain, const size_t *value)
{
    struct experts_wish wish = {value[1], value[2], (double)value[4] / 1000,
                                (double)value[5] / 1000};
    return chain_experts(chain, value[0], (enum activation)value[3], wish) && drop(chain, value[6]);
}

const struct file_kind file_kinds[] = {
    {"linear", {{"out", VALUE_OUT, REQUIRED}, {"bias", VALUE_SWITCH, 1}, {"tied", VALUE_SWITCH, 0}}, add_linear},
    {"conv",
     {{"channels", VALUE_COUNT, REQUIRED}, {"kernel", VALUE_COUNT, 3}, {"padding", VALUE_ZERO, 1}},
     add_conv},
    {"max_pool", {{NULL, VALUE_NONE, 0}}, add_max_pool},
    {"flatten", {{NULL, VALUE_NONE, 0}}, add_flatten},
    {"norm", {{NULL, VALUE_NONE, 0}}, add_norm},
    {"activation", {{"kind", VALUE_ACTIVATION, REQUIRED}}, add_activation},
    {"embedding",
     {{"width", VALUE_COUNT, REQUIRED}, {"vocabulary", VALUE_COUNT, 128}, {"dropout", VALUE_REAL, 0}},
     add_embedding},
    {"attention", {{"heads", VALUE_COUNT, REQUIRED}, {"dropout", VALUE_REAL, 0}}, add_attention},
    {"feed_forward",
     {{"hidden", VALUE_COUNT, REQUIRED},
      {"activation", VALUE_ACTIVATION, ACTIVATION_GELU_TANH},
      {"dropout", VALUE_REAL, 0}},
     add_feed_forward},
    {"experts",
     {{"hidden", VALUE_COUNT, REQUIRED},
      {"count", VALUE_COUNT, 8},
      {"top", VALUE_COUNT, 2},
      {"activation", VALUE_ACTIVATION, ACTIVATION_GELU_TANH},
      {"capacity", VALUE_REAL, 1250},
      {"balance", VALUE_REAL, 10},
      {"dropout", VALUE_REAL, 0}},
     add_experts},
    {NULL, {{NULL, VALUE_NONE, 0}}, NULL},
};
_Static_assert(sizeof file_kinds / sizeof *file_kinds == FILE_KINDS + 1, "FILE_KINDS is stale");
