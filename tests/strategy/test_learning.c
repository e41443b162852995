/* Every strategy at every size trains the same network as one node does. Sums are taken in another
 * order by each, so losses and weights agree to a tolerance: each step's loss within 1e-4 of its
 * value, and the weights within 1e-4 of the tensor's largest. */
#include "tests/check.h"

#include "tests/strategy/fixture.h"

static const double tolerance = 1e-4;
static const int sizes[] = {1, 2, 3, 4, 6, 8, 16};
enum { SIZES = sizeof sizes / sizeof *sizes };

static const char shallow[] = "mlp:64-128-64-10"; /* three linear layers: at most three stages */
/* Seventeen linear layers, so that 16 stages exist; tanh and a small step, since so deep a network
 * is else chaotic, and rounding alone would decide where it goes. */
static const char deep[] = "mlp:64-48x16-10:tanh";

static bool same_losses(const struct result *was, const struct result *should, const char *line)
{
    CHECK_EQUAL(was->steps, should->steps);
    for (int i = 0; i < was->steps && i < should->steps; i++) {
        double a = was->step[i].loss, b = should->step[i].loss;
        if (fabs(a - b) <= tolerance * fabs(b))
            continue;
        fprintf(stderr, "\n%s: loss of step %d was %.9g, should be %.9g\n", line, i, a, b);
        return false;
    }
    return true;
}

static bool same_weights(const struct checkpoint *was, const struct checkpoint *should,
                         const char *line)
{
    bool same = was && should;
    for (int i = 0; same && i < checkpoint_tensor_count(should); i++) {
        const char *name;
        struct apart apart = tensors_apart(was, should, i, &name);
        if (apart.difference <= tolerance * apart.largest)
            continue;
        fprintf(stderr, "\n%s: %s differs by %.3g of %.3g\n", line, name, apart.difference,
                apart.largest);
        same = false;
    }
    return same;
}

static void learns_as(const struct learned *single, const char *model, const char *line)
{
    struct learned learned = learn(model, line);
    CHECK(same_losses(learned.result, single->result, line));
    CHECK(same_weights(learned.weights, single->weights, line));
    learned_release(learned);
}

/* The node alone, and then every line of words: each behind what they have in common. */
static void all_learn_as_single(const char *model, const char *common, const char *const *lines,
                                int count)
{
    char line[512];
    snprintf(line, sizeof line, "strategy=single %s", common);
    struct learned single = learn(model, line);
    CHECK(single.result->steps > 1 && single.result->final_loss < single.result->step[0].loss);
    for (int i = 0; i < count; i++) {
        snprintf(line, sizeof line, "%s %s", lines[i], common);
        learns_as(&single, model, line);
    }
    learned_release(single);
}

#define ALL_LEARN(model, common, ...)                                                              \
    all_learn_as_single(model, common, (const char *const[]){__VA_ARGS__},                         \
                        (int)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)))

/* A network, and how far it can be cut. */
struct network {
    const char *model, *words;
    int stages, tensors; /* the most that fit */
};

static const struct network networks[] = {
    {shallow, "batch=64 steps=24 data.order=shuffled", 3, 128},
    {shallow, "batch=64 steps=24 data.order=sequential", 3, 128},
    {"cnn:4-6:16", "batch=32 steps=10 optimizer=sgd:lr=0.05", 4, 16},
    {"gpt:layers=2,heads=4,width=16,context=8",
     "data=devils-dictionary batch=16 steps=10 optimizer=sgd:lr=0.1,momentum=0.9", 4, 4},
    {"gpt:layers=1,heads=6,width=12,context=8,hidden=10,tied",
     "data=devils-dictionary batch=17 steps=10 optimizer=adamw:lr=0.001", 3, 6},
    {"logistic", "batch=32 steps=16", 1, 1},
    {"linear", "batch=32 steps=16 optimizer=sgd:lr=0.02", 1, 1},
};
enum { NETWORKS = sizeof networks / sizeof *networks };

/* Else it must be refused: `single` is one node, a pipeline has no more stages than layers, and
 * tensor ranks need something to share. */
static bool can_run(const struct network *network, const struct strategy *strategy, int nodes)
{
    if (!strcmp(strategy->name, "single"))
        return nodes == 1;
    if (strategy->serves_shares)
        return nodes > 1;
    if (!strcmp(strategy->name, "pipeline"))
        return nodes <= network->stages;
    return strcmp(strategy->name, "tensor") || nodes <= network->tensors;
}

static void every_strategy_at_every_size(const struct network *network)
{
    char line[512];
    int learnt = 0, refused = 0;
    snprintf(line, sizeof line, "strategy=single eval_every=60 %s", network->words);
    struct learned single = learn(network->model, line);
    for (int s = 0; strategies[s]; s++)
        for (int i = 0; i < SIZES && !strategies[s]->updates_alone && !strategies[s]->applies_each; i++) {
            bool runs = can_run(network, strategies[s], sizes[i]);
            snprintf(line, sizeof line, "strategy=%s nodes=%d eval_every=60 %s %s%s",
                     strategy_words(strategies[s]), sizes[i], network->words, runs ? "" : "model=",
                     runs ? "" : network->model);
            if (runs)
                learns_as(&single, network->model, line);
            else
                result_free(run_line(line, true));
            learnt += runs;
            refused += !runs;
        }
    CHECK(learnt >= 1 + SIZES + SIZES + 1 + 1); /* single, data, hybrid, pipeline, tensor */
    CHECK(refused >= SIZES - 1);
    learned_release(single);
}

static void every_network(void)
{
    for (int i = 0; i < NETWORKS; i++)
        every_strategy_at_every_size(&networks[i]);
}

static void deep_pipelines(void)
{
    ALL_LEARN(deep, "batch=64 steps=16 eval_every=60 optimizer=sgd:lr=0.02",
              "strategy=pipeline nodes=2", "strategy=pipeline nodes=3", "strategy=pipeline nodes=4",
              "strategy=pipeline nodes=6", "strategy=pipeline nodes=8",
              "strategy=pipeline nodes=16", "strategy=pipeline nodes=17 microbatches=5",
              "strategy=hybrid nodes=16 mesh.pipeline=16",
              "strategy=hybrid nodes=16 mesh.pipeline=8 mesh.tensor=2",
              "strategy=hybrid nodes=16 mesh.pipeline=4 mesh.tensor=2 mesh.data=2",
              "strategy=hybrid nodes=16 mesh.pipeline=8 mesh.data=2", "strategy=tensor nodes=16",
              "strategy=data nodes=16");
}

#define MESH(n, d, t, p)                                                                           \
    "strategy=hybrid nodes=" #n " mesh.data=" #d " mesh.tensor=" #t " mesh.pipeline=" #p

static void odd_meshes(void)
{
    ALL_LEARN(shallow, "batch=64 steps=16 eval_every=60", MESH(8, 2, 2, 2), MESH(6, 2, 3, 1),
              MESH(6, 1, 2, 3), MESH(6, 3, 1, 2), MESH(12, 3, 2, 2), MESH(10, 1, 5, 2),
              MESH(15, 5, 1, 3), MESH(9, 3, 3, 1));
}

/* Keys' biases change no softmax, so their gradients are rounding alone, which Adam would scale up to a
 * step: eps is large beside them. */
static void transformer_meshes(void)
{
    ALL_LEARN("gpt:layers=3,heads=4,width=16,context=8",
              "data=devils-dictionary batch=19 steps=20 eval_every=60 optimizer=adamw:lr=0.001,eps=1e-6",
              MESH(8, 2, 2, 2) " microbatches=3", MESH(15, 1, 3, 5) " microbatches=4",
              MESH(6, 3, 1, 2) " microbatches=1", MESH(16, 4, 4, 1) " bucket=1KiB",
              MESH(5, 1, 1, 5), "strategy=data nodes=3 microbatches=5",
              "strategy=tensor nodes=3 microbatches=2", "strategy=single microbatches=19");
}

/* The same widths without a kink: where a sum in another order moves an input of relu across zero,
 * a whole sample's gradient changes, and a few steps later so has the fourth digit of the loss. */
static const char smooth[] = "mlp:64-128-64-10:tanh";

/* Shares of 61 rows, and microbatches that divide neither the batch nor a replica's share of it. */
static void uneven_shares(void)
{
    ALL_LEARN(smooth, "batch=61 steps=30 eval_every=60", "strategy=single microbatches=7",
              "strategy=data nodes=3", "strategy=data nodes=8 microbatches=3",
              "strategy=data nodes=16 microbatches=2", "strategy=tensor nodes=3 microbatches=4",
              "strategy=tensor nodes=7", "strategy=pipeline nodes=3 microbatches=7",
              "strategy=pipeline nodes=2 microbatches=61", MESH(8, 2, 2, 2) " microbatches=7",
              MESH(6, 2, 3, 1) " microbatches=3", MESH(6, 3, 1, 2) " microbatches=5",
              MESH(6, 1, 2, 3) " microbatches=1");
}

static void momentum_and_decay(void)
{
    ALL_LEARN(
        smooth,
        "batch=61 steps=30 eval_every=60 optimizer=sgd:lr=0.05,momentum=0.9,weight_decay=1e-4",
        "strategy=single microbatches=3", "strategy=data nodes=4", "strategy=data nodes=6",
        "strategy=tensor nodes=4", "strategy=pipeline nodes=3", MESH(8, 2, 2, 2),
        MESH(6, 3, 2, 1) " microbatches=3");
}

/* Every optimizer, however tensors are cut: norms of whole tensors are sums over tensor ranks. */
static void every_optimizer(void)
{
    static const char *const rates[][2] = {{"sgd", "0.05,momentum=0.9,nesterov=on"},
                                           {"lars", "5,weight_decay=1e-3"}};
    for (int i = 0; optimizers[i]; i++) {
        const char *rate = "0.002";
        for (int r = 0; r < 2; r++)
            rate = strcmp(rates[r][0], optimizers[i]->name) ? rate : rates[r][1];
        char common[256];
        snprintf(common, sizeof common, "batch=61 steps=40 eval_every=60 optimizer=%s:lr=%s",
                 optimizers[i]->name, rate);
        ALL_LEARN(smooth, common, "strategy=data nodes=3", "strategy=tensor nodes=5",
                  "strategy=pipeline nodes=3", MESH(8, 2, 2, 2), MESH(6, 1, 3, 2));
    }
}

/* Alone, plain SGD is done within the backward pass; its rate must change with the steps there, too. */
static void the_fused_update_is_scheduled(void)
{
    ALL_LEARN(smooth,
              "batch=61 steps=40 eval_every=60 optimizer=sgd:lr=0.3,weight_decay=0.01 "
              "lr_schedule=cosine:warmup=5",
              "strategy=single microbatches=2", "strategy=data nodes=3");
}

/* The norm is the whole model's in every mesh: what is cut is summed, what is replicated counts
 * once. It is about 1 at first, so that most steps are clipped. */
static void clipping(void)
{
    static const char common[] = "batch=61 steps=40 eval_every=60 clip=0.3 lr_schedule=cosine:"
                                 "warmup=10,final=0.1 optimizer=sgd:lr=1";
    static const char *const lines[] = {
        "strategy=single microbatches=3", "strategy=data nodes=3", "strategy=tensor nodes=5",
        "strategy=pipeline nodes=3",      MESH(8, 2, 2, 2),        MESH(6, 1, 3, 2)};
    struct result *single = run("model=%s %s", smooth, common);
    struct result *free_one = run("model=%s batch=61 steps=40 eval_every=60", smooth);
    int clipped = 0;
    for (int step = 0; step < single->steps; step++)
        clipped += single->step[step].gradient_norm > 0.3;
    CHECK(clipped > 10);
    CHECK(isnan(free_one->step[0].gradient_norm));
    for (int i = 0; i < 6; i++) {
        struct result *other = run("model=%s %s %s", smooth, lines[i], common);
        for (int step = 0; step < single->steps; step++)
            CHECK_NEAR(other->step[step].gradient_norm, single->step[step].gradient_norm,
                       tolerance * single->step[step].gradient_norm);
        result_free(other);
    }
    all_learn_as_single(smooth, common, lines, 6);
    result_free(single);
    result_free(free_one);
}

/* Layers that are cut within, and tensors of every shape. Of a key's bias the gradient is 0 but for
 * rounding, which Adam would blow up to full steps: eps is above it. */
static void norms_of_other_models(void)
{
    static const char gpt[] = "gpt:layers=2,heads=4,width=16,context=8";
    static const char common[] = "data=devils-dictionary data.test_rows=64 batch=16 steps=30 "
                                 "eval_every=60 clip=0.5 optimizer=";
    static const char *const how[] = {"lamb:lr=0.01", "lars:lr=2", "adamw:lr=0.01,eps=1e-4"};
    char words[256];
    for (int i = 0; i < 3; i++) {
        snprintf(words, sizeof words, "%s%s", common, how[i]);
        ALL_LEARN(gpt, words, "strategy=data nodes=3", "strategy=tensor nodes=4",
                  "strategy=pipeline nodes=2", MESH(8, 2, 2, 2));
        snprintf(words, sizeof words, "batch=61 steps=30 eval_every=60 clip=0.5 optimizer=%s", how[i]);
        ALL_LEARN("cnn:4-6:12", words, "strategy=data nodes=3", "strategy=tensor nodes=3",
                  "strategy=pipeline nodes=2", MESH(4, 1, 2, 2));
    }
}

/* How gradients travel changes nothing but the order of sums. */
static void buckets_and_algorithms(void)
{
    ALL_LEARN(smooth, "batch=64 steps=16 eval_every=60", "strategy=data nodes=6 bucket=4B",
              "strategy=data nodes=6 bucket=1KiB", "strategy=data nodes=5 allreduce=ring",
              "strategy=data nodes=5 allreduce=recursive_doubling",
              "strategy=data nodes=5 allreduce=halving_doubling",
              "strategy=tensor nodes=3 allreduce=ring",
              "strategy=data nodes=5 allreduce=chain:chunk=1KiB",
              "strategy=data nodes=6 allreduce=torus2d:rows=2",
              "strategy=data nodes=12 allreduce=hierarchical:levels=2x3",
              "strategy=data nodes=4 allreduce=msccl:topologies/msccl-allpairs-4.xml",
              MESH(8, 2, 2, 2) " bucket=1KiB allreduce=ring");
}

SUITE("strategy: learning", TEST(every_network), TEST(deep_pipelines),
      TEST(odd_meshes), TEST(transformer_meshes), TEST(uneven_shares), TEST(momentum_and_decay),
      TEST(every_optimizer), TEST(the_fused_update_is_scheduled), TEST(clipping),
      TEST(norms_of_other_models),
      TEST(buckets_and_algorithms));
