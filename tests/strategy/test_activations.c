/* What a transformer's layer keeps from its way forward to its way back, in 16-bit accounting, against Korthikanti
 * et al. 2022 (Reducing Activation Recomputation in Large Transformer Models, equations 1 to 6), term by term.
 * Theirs are with dropout; without it its masks (sbh + sbh + as^2b) and its output in attention (2 as^2b) are
 * not there. Everything is tried both ways. What ours has besides is named below.
 *
 * Letters are the paper's: s tokens, b rows of a microbatch, h the width, a heads, v the vocabulary, t tensor ranks,
 * p stages, L layers. */
#include "tests/check.h"

#include "tests/strategy/fixture.h"

#include "threadrack/math/transformer.h"

enum { S = 32, B = 8, H = 64, A = 4, V = 128 };
enum { SBH = S * B * H, AS2B = A * S * S * B, SB = S * B, SBV = S * B * V };

/* How tensor ranks share a term. */
enum sharing {
    BY_TENSOR,  /* each has a t-th */
    BY_SEQUENCE /* all of it, unless they share positions */
};

/* One that is kept of a layer, in bytes; of sbh, and of as^2b or sb. */
struct term {
    const char *what;
    enum sharing sharing;
    uint64_t bytes;
    unsigned when; /* bits of: */
};
enum {
    CORE = 1,    /* of attention's core, which selective recomputation drops */
    OURS = 2,    /* not in the paper's equations */
    DROPOUT = 4, /* only there with it */
    SEQUENCE = 8
};

static const struct term terms[] = {
    {"inputs of the two norms", BY_SEQUENCE, 4 * SBH, 0},
    {"input of attention's products: its norm's output", BY_SEQUENCE, 2 * SBH, 0},
    {"queries, keys and values", BY_TENSOR, 6 * SBH, 0},
    {"softmax's output", BY_TENSOR, 2 * AS2B, CORE},
    {"softmax's dropout: its mask", BY_TENSOR, AS2B, CORE | DROPOUT},
    {"softmax's dropout: its output", BY_TENSOR, 2 * AS2B, CORE | DROPOUT},
    {"input of attention's projection", BY_TENSOR, 2 * SBH, 0},
    {"input of the feed-forward's products: its norm's output", BY_SEQUENCE, 2 * SBH, 0},
    {"GELU's input", BY_TENSOR, 8 * SBH, 0},
    {"GELU's output", BY_TENSOR, 8 * SBH, 0},
    {"masks of the two halves' dropout", BY_SEQUENCE, 2 * SBH, DROPOUT},
    /* The paper neglects these: "2sb ... is small compared to the rest". */
    {"means and inverse deviations of the two norms, in fp32", BY_SEQUENCE, 16 * SB, OURS},
    {NULL, BY_TENSOR, 0, 0},
};

/* A layer's by the terms that are there: of ours, with dropout, with the core, with positions shared. */
static uint64_t layer_bytes(uint64_t t, unsigned there)
{
    uint64_t bytes = 0;
    for (const struct term *term = terms; term->what; term++)
        if (!(term->when & ~there))
            bytes += term->sharing == BY_TENSOR || there & SEQUENCE ? term->bytes / t : term->bytes;
    return bytes;
}

static uint64_t activations(unsigned there, const char *words, int blocks, int microbatches, int node)
{
    struct result *result = run("model=gpt:layers=%d,heads=%d,width=%d,context=%d,vocabulary=%d%s batch=%d "
                                "microbatches=%d steps=1 math=off precision=bf16 data=devils-dictionary %s",
                                blocks, A, H, S, V, there & DROPOUT ? ",dropout=0.1" : "", B * microbatches,
                                microbatches, words);
    uint64_t bytes = result->node[node].memory_bytes[MEMORY_ACTIVATIONS];
    result_free(result);
    return bytes;
}

/* What one layer more takes on node 0. */
static uint64_t more_of(unsigned there, const char *words)
{
    return activations(there, words, 5, 1, 0) - activations(there, words, 4, 1, 0);
}

/* Without dropout and with it, the paper's numbers: [0], [1]. */
static const unsigned both[] = {0, DROPOUT};
static const uint64_t sbh_all[] = {32 * SBH, 34 * SBH}, sbh_whole[] = {8 * SBH, 10 * SBH}; /* of 24/t besides */
static const uint64_t core[] = {2 * AS2B, 5 * AS2B};

/* Equation 1: sbh (34 + 5as/h), without dropout sbh (32 + 2as/h). */
static void a_layer(void)
{
    for (int d = 0; d < 2; d++) {
        CHECK_EQUAL(layer_bytes(1, both[d] | CORE), sbh_all[d] + core[d]);
        CHECK_EQUAL(more_of(both[d], "strategy=single"), sbh_all[d] + core[d] + 16 * SB);
        CHECK_EQUAL(more_of(both[d], "strategy=single"), layer_bytes(1, both[d] | CORE | OURS));
    }
}

/* Equation 2: sbh (10 + 24/t + 5as/(ht)), without dropout sbh (8 + 24/t + 2as/(ht)). */
static void over_tensor_ranks(void)
{
    for (uint64_t i = 0; i < 4; i++) {
        uint64_t t = 2 << i / 2, d = i % 2;
        char words[64];
        snprintf(words, sizeof words, "strategy=tensor nodes=%d", (int)t);
        CHECK_EQUAL(layer_bytes(t, both[d] | CORE), sbh_whole[d] + SBH * 24 / t + core[d] / t);
        CHECK_EQUAL(more_of(both[d], words), sbh_whole[d] + SBH * 24 / t + core[d] / t + 16 * SB);
        CHECK_EQUAL(more_of(both[d], words), layer_bytes(t, both[d] | CORE | OURS));
    }
}

/* Equation 4: sbh/t (34 + 5as/h), without dropout sbh/t (32 + 2as/h). */
static void with_sequence_parallelism(void)
{
    for (uint64_t i = 0; i < 4; i++) {
        uint64_t t = 2 << i / 2, d = i % 2;
        char words[64];
        snprintf(words, sizeof words, "strategy=tensor nodes=%d tensor.sequence=on", (int)t);
        CHECK_EQUAL(layer_bytes(t, both[d] | CORE | SEQUENCE), (sbh_all[d] + core[d]) / t);
        CHECK_EQUAL(more_of(both[d], words), (sbh_all[d] + core[d] + 16 * SB) / t);
    }
}

/* Equation 6, and table 2: 34 sbh/t with positions shared, sbh (10 + 24/t) else; without dropout 32, and 8. */
static void selective_recomputation(void)
{
    for (int d = 0; d < 2; d++) {
        CHECK_EQUAL(more_of(both[d], "strategy=single recompute=selective"), sbh_all[d] + 16 * SB);
        CHECK_EQUAL(more_of(both[d], "strategy=tensor nodes=4 recompute=selective"),
                    sbh_whole[d] + SBH * 24 / 4 + 16 * SB);
        CHECK_EQUAL(more_of(both[d], "strategy=tensor nodes=4 tensor.sequence=on recompute=selective"),
                    (sbh_all[d] + 16 * SB) / 4);
        CHECK_EQUAL(more_of(both[d], "strategy=tensor nodes=4 tensor.sequence=on recompute=selective"),
                    layer_bytes(4, both[d] | OURS | SEQUENCE));
    }
}

/* Table 2: 2 sbh; with positions shared a t-th (section 5 names that as possible). */
static void full_recomputation(void)
{
    for (int d = 0; d < 2; d++) {
        CHECK_EQUAL(more_of(both[d], "strategy=single recompute=full"), 2 * SBH);
        CHECK_EQUAL(more_of(both[d], "strategy=tensor nodes=4 recompute=full"), 2 * SBH);
        CHECK_EQUAL(more_of(both[d], "strategy=tensor nodes=4 tensor.sequence=on recompute=full"), 2 * SBH / 4);
    }
}

/* Equation 5: the first stage of 1f1b keeps p microbatches of L/p layers, as much as L of one (and of gpipe, all of
 * them). Interleaved, where a stage has v chunks, it is 1 + (p-1)/(pv) times that; here 1 + p/(pv), since each chunk
 * has room of its own for the most that it keeps, and the first is not fullest when the last is. */
static void over_stages(void)
{
    enum { P = 4, MICROBATCHES = 8, CHUNKS = 2 };
    const uint64_t layer = layer_bytes(1, DROPOUT | CORE | OURS);
    const char *by = "strategy=pipeline nodes=4 pipeline.split=3:1:1:2 pipeline.schedule=1f1b";
    const char *less = "strategy=pipeline nodes=4 pipeline.split=2:1:1:2 pipeline.schedule=1f1b";
    CHECK_EQUAL(activations(DROPOUT, by, P + 1, MICROBATCHES, 0) - activations(DROPOUT, less, P, MICROBATCHES, 0), P * layer);
    const char *gpipe = "strategy=pipeline nodes=4 pipeline.split=3:1:1:2";
    CHECK_EQUAL(activations(DROPOUT, gpipe, P + 1, MICROBATCHES, 0) -
                    activations(DROPOUT, "strategy=pipeline nodes=4 pipeline.split=2:1:1:2", P, MICROBATCHES, 0),
                MICROBATCHES * layer);
    const char *chunks = "strategy=pipeline nodes=4 pipeline.schedule=interleaved pipeline.chunks=2";
    uint64_t grown = activations(DROPOUT, chunks, 3 * P * CHUNKS, MICROBATCHES, 1) -
                     activations(DROPOUT, chunks, 2 * P * CHUNKS, MICROBATCHES, 1);
    CHECK_EQUAL(grown, (P * CHUNKS + P) * layer);
}

/* All of a node that has all: besides the layers the paper counts (section 4.3) the mask of the embeddings' dropout,
 * sbh, the input of the last norm and of the output layer and, in fp32, the logits: 4sbh (1 + v/h). It neglects
 * statistics, and what lies there only while its layer is at work: gradients of activations and of logits, and a
 * kernel's room. */
static void all_of_a_node(void)
{
    enum { LAYERS = 4 };
    const struct attention head = {.heads = A, .head_width = H / A, .tokens = S};
    const uint64_t gradients = 2 * SBV  /* of the logits */
                               + 4 * SBH  /* of a layer's output and input */
                               + 8 * SBH  /* of GELU's output, or of attention's */
                               + 6 * SBH  /* of queries, keys and values, or of the feed-forward's norm */
                               + 2 * SBH; /* of attention's norm */
    const uint64_t room = (2 * math_attention_scratch(&head) + 63) / 64 * 64;
    for (int d = 0; d < 2; d++) {
        const uint64_t dropped = both[d] ? SBH + 2 * SBH : 0; /* the mask, and a gradient behind a dropout */
        const uint64_t kept = LAYERS * layer_bytes(1, both[d] | CORE | OURS) + 4 * SBH + 4 * SBV + 8 * SB;
        CHECK_EQUAL(activations(both[d], "strategy=single", LAYERS, 1, 0), kept + dropped + gradients + room);
    }
}

/* A real run's region is the same to the byte, masks and all. */
static void the_same_in_a_real_run(void)
{
    static const char *const ways[] = {"strategy=single", "strategy=tensor nodes=3",
                                       "strategy=tensor nodes=2 tensor.sequence=on recompute=selective",
                                       "strategy=pipeline nodes=2 microbatches=2 recompute=full"};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        const char *line = "model=gpt:layers=2,heads=3,width=12,context=6,dropout=0.1 data=devils-dictionary "
                           "batch=6 steps=1 eval_every=100 %s %s";
        struct result *real = run(line, ways[i], ""), *timed = run(line, ways[i], "math=off");
        for (int kind = 0; kind < MEMORY_KINDS; kind++)
            CHECK_EQUAL(real->node[0].memory_bytes[kind], timed->node[0].memory_bytes[kind]);
        CHECK_EQUAL(real->length_ps, timed->length_ps);
        result_free(real);
        result_free(timed);
    }
}

/* Dropout is work: of an element by as many operations as an exponential, a number read and a byte written. */
static void dropping_takes_time(void)
{
    const char *line = "model=gpt:layers=2%s data=devils-dictionary batch=8 steps=1 math=off";
    struct result *with = run(line, ",dropout=0.1"), *without = run(line, ""), *none = run(line, ",dropout=0");
    CHECK(with->node[0].compute_ps > without->node[0].compute_ps);
    CHECK(with->node[0].compute_ps < without->node[0].compute_ps * 3 / 2);
    CHECK_EQUAL(none->length_ps, without->length_ps);
    CHECK_EQUAL(none->peak_memory_bytes, without->peak_memory_bytes);
    result_free(with);
    result_free(without);
    result_free(none);
}

SUITE("strategy: activations", TEST(a_layer), TEST(over_tensor_ranks), TEST(with_sequence_parallelism),
      TEST(selective_recomputation), TEST(full_recomputation), TEST(over_stages), TEST(all_of_a_node),
      TEST(the_same_in_a_real_run), TEST(dropping_takes_time));
