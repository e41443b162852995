/* Tokens of a Markov chain. Each has four successors, drawn once, which follow it with chances 1/2,
 * 1/4, 1/8 and 1/8; with the chance `noise` any token follows instead. So there is something to
 * learn, and no model gets below the chain's entropy, for V tokens and where successors differ
 *
 *     -sum p log p,  p = (1 - noise) (1/2, 1/4, 1/8, 1/8) + noise/V, and V-4 times noise/V
 *
 * 1.9 nats a token by default, against log V = 4.85 of guessing. Rows begin with any token. */
#include "../drawn.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

enum { SUCCESSORS = 4, CHOICE_BITS = 3, CHANCE_BITS = 24 };

struct chain {
    uint64_t seed;
    double noise;
    uint32_t *successors; /* (vocabulary, SUCCESSORS) */
};

/* Which successor each eighth of the chances takes. */
static const uint32_t successor_of[1 << CHOICE_BITS] = {0, 0, 0, 0, 1, 1, 2, 3};

static uint32_t any_token(const struct dataset *set, uint32_t bits)
{
    return (uint32_t)((uint64_t)bits * set->vocabulary >> 32);
}

/* Of the 64 bits, the upper 24 decide whether anything follows, the lower 32 what. */
static uint32_t follow(const struct dataset *set, uint32_t token, uint64_t bits)
{
    const struct chain *chain = set->state;
    double chance = (double)(bits >> (64 - CHANCE_BITS)) / (1 << CHANCE_BITS);
    if (chance < chain->noise)
        return any_token(set, (uint32_t)bits);
    uint32_t choice = successor_of[(uint32_t)bits >> (32 - CHOICE_BITS)];
    return chain->successors[(size_t)token * SUCCESSORS + choice];
}

/* Tokens [from, from + width) of the row. */
static void copy_tokens(const struct dataset *set, size_t row, size_t from, int32_t *to)
{
    const struct chain *chain = set->state;
    struct draw draw = draw_of_row(chain->seed, row);
    uint32_t token = any_token(set, (uint32_t)draw_bits(draw, 0));
    for (size_t i = 0; i < from + set->width; i++) {
        token = i ? follow(set, token, draw_bits(draw, i)) : token;
        if (i >= from)
            to[i - from] = (int32_t)token;
    }
}

static void input(const struct dataset *set, size_t row, void *to)
{
    copy_tokens(set, row, 0, to);
}

static void targets(const struct dataset *set, size_t row, void *to)
{
    copy_tokens(set, row, 1, to);
}

static void release(struct dataset *set)
{
    struct chain *chain = set->state;
    free(chain->successors);
    free(chain);
}

static bool draw_chain(struct dataset *set, const struct dataset_request *request, double noise,
                       struct errors *errors)
{
    struct chain *chain = memory_zeroed(1, sizeof *chain);
    struct draw draw = draw_of_set(request->seed, DRAWN_CHAIN);
    *chain = (struct chain){
        .seed = request->seed,
        .noise = noise,
        .successors = dataset_room(set->vocabulary, SUCCESSORS, request->where, errors),
    };
    for (size_t i = 0; chain->successors && i < set->vocabulary * SUCCESSORS; i++)
        chain->successors[i] = draw_below(draw, i, (uint32_t)set->vocabulary);
    set->input = input;
    set->targets = targets;
    set->release = release;
    set->state = chain;
    return chain->successors;
}

static struct dataset *open(const struct dataset_request *request, struct errors *errors)
{
    size_t rows = 10000, vocabulary = 128;
    double noise = 0.1;
    struct data_option options[] = {
        {.key = "rows", .count = &rows, .low = 1, .high = drawn_rows_most},
        {.key = "vocabulary", .count = &vocabulary, .low = 2, .high = CLASSES_MOST},
        {.key = "noise", .real = &noise, .low = 0, .high = 1},
        {0},
    };
    if (!drawn_options(options, dataset_tokens.options, request, errors) ||
        !dataset_wants_tokens("tokens", request, errors))
        return NULL;
    struct dataset *set = dataset_make("tokens", rows);
    set->width = set->target_width = request->context;
    set->vocabulary = set->classes = vocabulary;
    set->drawn = true;
    if (request->shapes_only || draw_chain(set, request, noise, errors))
        return set;
    dataset_free(set);
    return NULL;
}

const struct dataset_ops dataset_tokens = {
    .name = "tokens",
    .summary = "synthetic: tokens of a Markov chain, each to be predicted",
    .options = "rows=10000,vocabulary=128,noise=0.1",
    .open = open,
};
