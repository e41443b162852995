#include "threadrack/experiment/experiment.h"

#include "threadrack/cluster/cluster.h"

#define WORD(name, value, text)                                                                    \
    {.key = name, .kind = SETTING_WORD, .fallback = value, .help = text}
#define CHOICE(name, words, value, text)                                                           \
    {.key = name, .kind = SETTING_CHOICE, .choices = words, .fallback = value, .help = text}
#define COUNT(name, least, most, words, value, text)                                               \
    {.key = name, .unit = UNIT_COUNT, .low = least, .high = most, .choices = words,                \
     .fallback = value, .help = text}

const struct setting experiment_settings[] = {
    WORD("strategy", "single", "how a step is spread over the nodes (threadrack list strategies)"),
    COUNT("mesh.data", 1, 1e6, NULL, NULL, "replicas of the model; unset: what the others leave"),
    COUNT("mesh.tensor", 1, 1e6, NULL, NULL, "nodes that split each layer; unset: as mesh.data"),
    COUNT("mesh.pipeline", 1, 1e6, NULL, NULL, "stages of layers; unset: as mesh.data"),
    WORD("model", "mlp:64-128-64-10", "the network (threadrack list models)"),
    WORD("data", "digits", "the data set (threadrack list datasets)"),
    CHOICE("data.order", "shuffled|sequential", "shuffled",
           "shuffled: each epoch a permutation by the seed; sequential: in file order"),
    COUNT("data.train_rows", 1, 1e12, NULL, NULL,
          "the first so many rows train, the others test; unset: 80 %"),
    COUNT("batch", 1, 1e9, NULL, "64", "rows of the global batch"),
    COUNT("microbatches", 1, 1e6, "auto", "auto",
          "parts of a node's batch, one after the other; auto: 4 a pipeline stage, 1 without"),
    COUNT("steps", 1, 1e9, NULL, NULL, "training steps; unset: 100, or by epochs"),
    COUNT("epochs", 1, 1e9, NULL, NULL, "passes over the training rows, instead of steps"),
    WORD("optimizer", "sgd:lr=0.1", "the update rule (threadrack list optimizers)"),
    {.key = "target_accuracy", .unit = UNIT_REAL, .low = 0, .high = 1,
     .help = "stop when the test rows reach it, looking each eval_every steps; unset: never"},
    COUNT("eval_every", 1, 1e9, NULL, "10", "steps between evaluations, which cost no virtual time"),
    CHOICE("scaling", "strong|weak", "strong",
           "weak: batch is for each node, so the global batch is batch x nodes"),
    WORD("allreduce", "auto",
         "algorithm of every all-reduce, with options as in hierarchical:box=8; auto: the fastest, as "
         "predicted for each group and length (threadrack list collectives)"),
    {.key = "bucket", .unit = UNIT_SIZE, .low = 4, .high = 1e15, .fallback = "25MiB",
     .help = "gradients are all-reduced in buckets of at least this size"},
    WORD("netmodel", "flow", "what a message costs (threadrack list netmodels)"),
    CHOICE("clock.resolver", "auto|dataflow|windows|lanes|events", "auto",
           "how the clock is resolved, always to the same times; auto: the fastest that is exact "
           "(threadrack list resolvers)"),
    CHOICE("clock.kernels", "on|off", "on",
           "on: collectives that nothing disturbs are resolved as a whole"),
    CHOICE("clock.threads", "1|2", "1",
           "2: timing-only, rank programs run on one thread while the other resolves what they post; the "
           "same bytes"),
    WORD("compute", "roofline", "what computing costs (threadrack list computes)"),
    CHOICE("math", "on|off", "on", "off: timing only, nothing is trained"),
    CHOICE("math.kernel", "auto|skx|haswell|generic|reference", "auto",
           "BLIS's kernels; the same choice gives the same bytes"),
    COUNT("seed", 0, 9e15, NULL, "1", "of weights, shuffling and synthetic data"),
    WORD("init", NULL, "start from this safetensors file"),
    WORD("save", NULL, "write the trained weights to this safetensors file"),
    CHOICE("links", "auto|on|off", "auto",
           "count what each link carries (links.csv); auto: on up to 64 nodes, since it needs every "
           "message one by one"),
    WORD("trace", NULL,
         "write a timeline for Perfetto or chrome://tracing to this file; gzipped where it ends in .gz; "
         "in a sweep run 3 writes x-3.json for x.json"),
    WORD("trace.steps", "1:2", "its training steps, from 1: 5, 10:12, 1:2+50 or all"),
    WORD("trace.nodes", "0:15", "its nodes, from 0: 5, 0:7, 0:3+12:15 or all"),
    WORD("goal", NULL,
         "write the run as GOAL text to this file, calcs rounded to ns; strategy=replay reads it"),
    WORD("replay.goal", NULL, "strategy=replay: the GOAL file, LogGOPSim's text; calc is in ns"),
    CHOICE("replay.rules", "goal|rack", "goal",
           "goal: as LogGOPSim, a send has ended when its processor has; rack: as rank programs, when "
           "its last byte has left, and overheads interrupt calcs"),
    {.key = NULL},
};

struct config *experiment_config(void)
{
    static const struct setting *const tables[] = {experiment_settings, cluster_settings};
    return config_create(tables, 2);
}
