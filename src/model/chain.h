/* A network is made as a chain of layers, each taking what the one before it gives. The chain knows
 * what a row is at its end, and the place in PyTorch's nn.Sequential, where activations, pooling and
 * flattening count. */
#ifndef THREADRACK_SRC_MODEL_CHAIN_H
#define THREADRACK_SRC_MODEL_CHAIN_H

#include "inside.h"

enum { WHY_ROOM = 200 };

struct chain {
    struct layer *layers;
    int count, room;
    size_t positions, width;              /* what a row is: positions of so many floats */
    size_t channels, height, image_width; /* where it is an image, whose product is width; else 0 */
    bool tokens;                          /* an embedding must come first */
    int index;                            /* of the next in nn.Sequential */
    const char *prefix;                   /* of the next layers' tensors, instead of the index */
    char why[WHY_ROOM];                   /* what the latest call that returned false says */
};

/* A mixture: so many experts, the best of them for a position; places for its positions as a multiple
 * of what even choices need; the weight of the loss that balances them. */
struct experts_wish {
    size_t count, best;
    double capacity, balance;
};

/* A row of the data: `width` real values, an image where channels is not 0, or `context` tokens. */
struct chain chain_of_values(size_t width, size_t channels, size_t height, size_t image_width);
struct chain chain_of_tokens(size_t context);
void chain_release(struct chain *chain);

/* Each appends a layer, or says why it cannot in `why`. */
bool chain_linear(struct chain *chain, size_t out);
bool chain_conv(struct chain *chain, size_t channels, size_t kernel, size_t padding);
bool chain_activation(struct chain *chain, enum activation kind); /* joins the layer before it */
bool chain_max_pool(struct chain *chain);
bool chain_flatten(struct chain *chain); /* makes no layer, but counts */
/* The latest layer, a linear one and the model's last, has the first one's table for its weight. */
bool chain_tied(struct chain *chain);
bool chain_norm(struct chain *chain);
bool chain_embedding(struct chain *chain, size_t vocabulary, size_t width);
bool chain_attention(struct chain *chain, size_t heads);
bool chain_feed_forward(struct chain *chain, size_t hidden, enum activation kind);

bool chain_experts(struct chain *chain, size_t hidden, enum activation kind,
                   struct experts_wish wish);

/* What the latest layer, which can, drops in training: a share below 1. */
bool chain_dropout(struct chain *chain, double rate);

/* The latest layer, for what the words above leave out. */
struct layer *chain_last(struct chain *chain);

/* Moves the layers into the spec, which is then whole. `vocabulary` as in the spec. */
void chain_finish(struct chain *chain, struct model_spec *spec, const struct loss_ops *loss);

/* "relu", "tanh", "gelu", "gelu_tanh"; false and a message where the word is none. */
bool activation_read(const char *word, const char *where, enum activation *kind,
                     struct errors *errors);

#endif
