#include "threadrack/experiment/experiment.h"

#include "threadrack/cluster/cluster.h"
#include "threadrack/comm/mesh.h"
#include "threadrack/data/data.h"

/* `...`: .also, where other programs have another word. */
#define WORD(name, value, text, ...)                                                               \
    {.key = name, .kind = SETTING_WORD, .fallback = value, .help = text, __VA_ARGS__}
#define CHOICE(name, words, value, text)                                                           \
    {.key = name, .kind = SETTING_CHOICE, .choices = words, .fallback = value, .help = text}
#define COUNT(name, least, most, words, value, text, ...)                                          \
    {.key = name, .unit = UNIT_COUNT, .low = least, .high = most, .choices = words,                \
     .fallback = value, .help = text, __VA_ARGS__}

const struct setting experiment_settings[] = {
    WORD("strategy", "single", "how a step is spread over the nodes (threadrack list strategies)"),
    COUNT("mesh.data", 1, 1e6, NULL, NULL, "replicas of the model; unset: what the others leave",
          .also = "dp|data_parallel|replicas|data_parallel_size"),
    COUNT("mesh.tensor", 1, 1e6, NULL, NULL, "nodes that split each layer; unset: as mesh.data",
          .also = "tp|tensor_parallel|tensor_parallel_size|tensor_model_parallel_size|model_parallel"),
    COUNT("mesh.pipeline", 1, 1e6, NULL, NULL, "stages of layers; unset: as mesh.data",
          .also = "pp|pipeline_parallel|pipeline_parallel_size|pipeline_model_parallel_size|stages"),
    COUNT("mesh.context", 1, 1e6, NULL, NULL,
          "data, hybrid: nodes that split each sequence by positions (ring attention)",
          .also = "cp|context_parallel|context_parallel_size|sp|sequence_parallel"),
    COUNT("mesh.expert", 1, 1e6, NULL, NULL, "nodes that share the experts of a mixture out, each with rows of its own",
          .also = "ep|expert_parallel|expert_model_parallel_size"),
    {.key = "mesh.order", .kind = SETTING_WORD, .fallback = "tensor,context,expert,data,pipeline",
     .help = "axes of the mesh from the closest nodes out; those left out come behind",
     .continues = mesh_order_continues},
    CHOICE("context.slices", "zigzag|contiguous", "zigzag",
           "what a node of mesh.context has of a sequence: zigzag, a chunk of either half, as much causal "
           "attention for each; contiguous, one piece"),
    CHOICE("context.overlap", "on|off", "on",
           "off: a node of mesh.context waits for keys and values, and for their gradients, before it goes on, "
           "instead of attending to what it has meanwhile"),
    WORD("placement", "packed",
         "which node each rank is on, such as round_robin, random, list:4:7+0:3 or file:PATH (threadrack list "
         "placements)"),
    CHOICE("tensor.sequence", "on|off", "off",
           "tensor, hybrid: on shares positions over the tensor group outside the blocks of a transformer, "
           "too (sequence parallelism: Korthikanti et al. 2022)"),
    COUNT("tensor.chunks", 1, 1e4, NULL, "1",
          "tensor, hybrid: products whose rows are summed over the tensor group are cut into so many chunks of "
          "positions, each of which is summed while the next is computed (Wang et al. 2023)"),
    WORD("model", "mlp:64-128-64-10", "the network (threadrack list models)",
         .also = "network|net|layers|width|hidden|heads|arch|architecture"),
    {.key = "data", .kind = SETTING_WORD, .fallback = "digits",
     .help = "the data set (threadrack list datasets)", .continues = dataset_continues,
     .also = "dataset|data_set|csv|train_data"},
    CHOICE("data.order", "shuffled|sequential", "shuffled",
           "shuffled: each epoch a permutation by the seed; sequential: in file order"),
    COUNT("data.train_rows", 1, 1e12, NULL, NULL,
          "the first so many rows train, those after them test; unset: as the set says, else 80 %"),
    COUNT("data.test_rows", 1, 1e12, NULL, NULL,
          "so many rows test; unset: what is left, but 10,000 at most"),
    WORD("partition", "none",
         "which node has which training rows, such as dirichlet:alpha=0.3 (threadrack list partitions; "
         "threadrack partition shows it)"),
    COUNT("batch", 1, 1e9, NULL, "64", "rows of the global batch",
          .also = "batch_size|bs|batchsize|global_batch_size|train_batch_size|minibatch|batches"),
    WORD("shares", "even",
         "how the batch is shared out among replicas: even, speed (in proportion to the speed of their "
         "nodes) or weights such as 2:1:1"),
    COUNT("microbatches", 1, 1e6, "auto", "auto",
          "parts of a node's batch, one after the other; auto: 4 a pipeline stage, 1 without and for pipedream",
          .also = "micro_batches|num_microbatches|grad_accum|gradient_accumulation|gradient_accumulation_steps"),
    CHOICE("pipeline.schedule", "gpipe|1f1b|zero_bubble|interleaved|pipedream", "gpipe",
           "pipeline, hybrid: in which order a stage takes the microbatches (threadrack list pipelines)"),
    WORD("pipeline.split", "by_flops",
         "pipeline, hybrid: how layers go to stages: even, by_flops, by_speed (flops over the speed of the "
         "stage's slowest node), measured (CPU times of layers on this host: not reproducible) or layers (or blocks) a stage such as 3:2:2"),
    COUNT("steps", 1, 1e9, NULL, NULL, "training steps, with those before a resume; unset: 100, or by epochs",
          .also = "iterations|iters|max_steps|train_iters|num_steps"),
    COUNT("epochs", 1, 1e9, NULL, NULL, "passes over the training rows, instead of steps",
          .also = "num_epochs|max_epochs|num_train_epochs"),
    WORD("optimizer", "sgd:lr=0.1", "the update rule (threadrack list optimizers)",
         .also = "lr|learning_rate|momentum|weight_decay|nesterov|beta1|beta2|betas|eps|optim|opt"),
    WORD("lr_schedule", "constant",
         "the learning rate over the steps, as in cosine:warmup=10,final=0.1 (threadrack list "
         "schedules)",
         .also = "scheduler|lr_scheduler|schedule|warmup|warmup_steps|lr_decay"),
    CHOICE("lr_scaling", "none|linear|sqrt", "none",
           "the learning rate is times the number of nodes, or its square root; a warm-up then leads "
           "there from the rate of one node"),
    {.key = "clip", .unit = UNIT_REAL, .low = 1e-9, .high = 1e9,
     .help = "largest norm of all gradients together; longer ones are scaled down to it; unset: not "
             "clipped",
     .also = "clip_grad|max_norm|grad_clip|max_grad_norm|gradient_clipping"},
    {.key = "target_accuracy", .unit = UNIT_REAL, .low = 0, .high = 1,
     .help = "stop when the test rows reach it, looking each eval_every steps; unset: never"},
    {.key = "target_loss", .unit = UNIT_REAL, .low = 0, .high = 1e9,
     .help = "stop when the mean loss of the test rows is no larger (of the step's training rows, where "
             "there are no test rows), looking each eval_every steps; unset: never"},
    COUNT("eval_every", 1, 1e9, NULL, "10", "steps between evaluations, which cost no virtual time (evaluate.clock)"),
    CHOICE("evaluate.clock", "off|on", "off",
           "on: nodes evaluate at the end of the step, each its part of the test rows, and that takes simulated time"),
    CHOICE("scaling", "strong|weak", "strong",
           "weak: batch is for each node, so the global batch is batch x nodes"),
    WORD("allreduce", "auto",
         "algorithm of every all-reduce, with options as in hierarchical:box=8, torus2d:rows=4 or "
         "chain:chunk=64KiB, or a file of one, msccl:FILE.xml; auto: the fastest, as predicted for each "
         "group and length (threadrack list collectives)"),
    WORD("allreduce.data", NULL, "algorithm of the all-reduces along data; unset: as allreduce"),
    WORD("allreduce.tensor", NULL, "algorithm of the all-reduces along tensor; unset: as allreduce"),
    WORD("allreduce.pipeline", NULL,
         "algorithm of the all-reduces along pipeline (of clip, and of tied embeddings); unset: as allreduce"),
    WORD("compress", "none",
         "how gradients are compressed between replicas, or by workers for their servers, such as "
         "topk:ratio=0.01 (threadrack list compressors)"),
    COUNT("pipeline.chunks", 1, 1e6, NULL, "2",
          "pipeline.schedule=interleaved: chunks of layers a stage, each by itself on the way"),
    CHOICE("recompute", "none|selective|full", "none",
           "activations computed again on the way back: selective: attention's core, full: all of a block"),
    CHOICE("precision", "fp32|bf16|fp16", "fp32",
           "what parameters, activations and gradients are accounted in: memory, messages and costs count two "
           "bytes each for bf16 and fp16, and the optimizer keeps a master copy in fp32 (Micikevicius et al. "
           "2018); the maths stays fp32"),
    CHOICE("precision.gradients", "same|fp32", "same",
           "precision=bf16, fp16: gradients of parameters; same: two bytes, as ZeRO counts (16 a parameter with "
           "Adam); fp32: four, in memory and on links, as Megatron-LM's main gradients"),
    CHOICE("zero", "0|1|2|3", "0",
           "data, hybrid: what is sharded over the data axis (and mesh.expert). 1: the optimizer's state, 2: and "
           "gradients, 3: and parameters (Rajbhandari et al. 2020)"),
    COUNT("zero.shard", 1, 1e6, "all|box", "all",
          "zero: among whom: all replicas, those of one box, or so many next to each other; copies of a shard "
          "are all-reduced (MiCS: Zhang et al. 2022; FSDP's HYBRID_SHARD)"),
    COUNT("zero.prefetch", 0, 1000, NULL, "1",
          "zero=3: how many buckets ahead of their use parameters are gathered; 0: when they are needed"),
    WORD("allgather", "auto",
         "algorithm of the all-gathers: of compressed gradients, of zero's parameters and over tensor; as "
         "allreduce"),
    WORD("alltoall", "auto", "algorithm of the all-to-alls between ranks that share experts out, as allreduce"),
    WORD("reduce_scatter", "auto",
         "algorithm of the reduce-scatters: of zero's gradients and of tensor.sequence; as allreduce"),
    {.key = "bucket", .unit = UNIT_SIZE, .low = 4, .high = 1e15, .fallback = "25MiB",
     .help = "gradients are all-reduced in buckets of at least this size",
     .also = "bucket_cap_mb|bucket_size"},
    COUNT("local_steps", 1, 1e9, NULL, "8",
          "local_sgd, hierarchical, diloco: steps that a node takes on its own between averages"),
    COUNT("across_steps", 1, 1e9, NULL, NULL,
          "hierarchical: steps between averages over all; unset: 4 x local_steps"),
    WORD("outer", "sgd:lr=0.7,momentum=0.9,nesterov=on",
         "diloco: the optimizer that steps by how far the nodes went (threadrack list optimizers)"),
    CHOICE("gossip.graph", "ring|torus|exponential|full", "ring", "gossip, async_gossip: who hears whom"),
    CHOICE("gossip.mix", "before|after", "before",
           "gossip: average before the update, so that messages overlap with it, or after it"),
    COUNT("servers", 1, 1e6, NULL, "1",
          "strategies with servers: the first nodes, which share the parameters and have no rows"),
    COUNT("staleness", 0, 1e6, NULL, "1",
          "ssp_server: iterations that a worker may be ahead of the slowest; 0: none"),
    COUNT("backup", 0, 1e6, NULL, "1",
          "backup_workers: workers that a step need not wait for; their late gradients are dropped"),
    {.key = "deadline", .unit = UNIT_TIME, .low = 1, .high = 1e18,
     .help = "backup_workers: how long a step waits for gradients after the last update; unset: as long as it "
             "takes"},
    COUNT("federated.clients", 1, 1e6, "all", "all",
          "fedavg, fedprox, scaffold: clients of a round, sampled; a step is a round, node 0 the server"),
    COUNT("federated.epochs", 1, 1e6, NULL, "1", "the same: epochs of a client over its rows in a round"),
    COUNT("federated.batch", 1, 1e9, NULL, "10", "the same: rows of a client's minibatch"),
    {.key = "federated.mu", .unit = UNIT_REAL, .low = 0, .high = 1e6, .fallback = "0.1",
     .help = "fedprox: how strongly a client is pulled back to the server's model"},
    {.key = "box", .unit = UNIT_COUNT, .low = 1, .high = 1e6,
     .help = "hierarchical: nodes of a box; unset: as the cluster's topology has it"},
    WORD("netmodel", "flow", "what a message costs (threadrack list netmodels)"),
    CHOICE("collectives", "messages|closed_form", "messages",
           "closed_form: timing-only, where nothing contends and nodes are alike: a collective takes what "
           "its formula says, and one node of each stage stands for the others"),
    CHOICE("clock.resolver", "auto|dataflow|windows|lanes|events", "auto",
           "how the clock is resolved, always to the same times; auto: the fastest that is exact "
           "(threadrack list resolvers)"),
    CHOICE("clock.kernels", "on|off", "on",
           "on: collectives that nothing disturbs are resolved as a whole"),
    CHOICE("clock.threads", "1|2", "1",
           "2: timing-only, rank programs run on one thread while the other resolves what they post; the "
           "same bytes"),
    WORD("compute", "roofline", "what computing costs (threadrack list computes)"),
    WORD("noise", "none",
         "random slowing of every compute op, such as lognormal:sigma=0.2 (threadrack list noises)"),
    CHOICE("math", "on|off", "on", "off: timing only, nothing is trained"),
    CHOICE("math.kernel", "auto|blis|skx|haswell|generic|reference", "auto",
           "BLIS's kernels, and packed blocks of our own where these are quicker, but for blis (BLIS alone); the "
           "same choice gives the same bytes"),
    COUNT("seed", 0, 9e15, NULL, "1", "of weights, shuffling and synthetic data",
          .also = "random_seed|rng|manual_seed"),
    WORD("init", NULL, "start from this safetensors file",
         .also = "load|checkpoint|weights|pretrained"),
    WORD("resume", NULL,
         "go on from what save=x.safetensors wrote beside it as x.state.safetensors: weights, the "
         "optimizer's state, step and place in the data; under any strategy and mesh"),
    WORD("save", NULL,
         "write the trained weights to this safetensors file; in a sweep run 3 writes x-3.safetensors "
         "for x.safetensors"),
    COUNT("save.every", 1, 1e9, NULL, NULL,
          "steps between saves, each of which replaces the one before; unset: only at the end"),
    CHOICE("save.state", "on|off", "on",
           "on: with x.safetensors comes x.state.safetensors, from which resume= goes on"),
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
