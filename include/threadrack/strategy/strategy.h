/* The family of strategies: how one training step is spread over the ranks.
 *
 * A strategy is a rank program: straight SPMD C, what one rank does in a step. The driver
 * (experiment/) owns the step loop, evaluation, checkpoints and stopping. Every strategy trains the
 * same network as one node does: gradients are sums over samples over the global batch, so uneven
 * shares are allowed, and only an empty share is refused.
 *
 * To add one: src/strategy/<name>.c with a `const struct strategy strategy_<name>` and a row in
 * src/strategy/strategy.def. The contract tests pick it up.
 */
#ifndef THREADRACK_STRATEGY_STRATEGY_H
#define THREADRACK_STRATEGY_STRATEGY_H

#include "threadrack/base/errors.h"
#include "threadrack/comm/allreduce.h"
#include "threadrack/comm/exchange.h"
#include "threadrack/comm/mesh.h"
#include "threadrack/comm/relay.h"
#include "threadrack/data/data.h"
#include "threadrack/data/partition.h"
#include "threadrack/model/optimizer.h"
#include "threadrack/model/schedule.h"
#include "threadrack/strategy/pipeline.h"

#include <stdbool.h>
#include <stddef.h>

struct strategy;

/* How often and with whom replicas that train on their own meet; see the strategies' files. */
struct local_plan {
    size_t steps;                       /* between averages */
    size_t across;                      /* hierarchical: between those over all */
    const struct optimizer_spec *outer; /* diloco */
    int graph;                          /* gossip: an index of gossip_graphs */
    bool mix_after;                     /* gossip: update, then average */
};
extern const char *const gossip_graphs[]; /* NULL at the end */
/* Whether its members can be active and passive in turn, as async_gossip has them. */
bool gossip_graph_alternates(int graph, int size);

/* A server and its clients; see federated.h. */
struct federated_plan {
    int clients;   /* of a round; 0: all */
    size_t epochs; /* of a client in a round */
    size_t batch;  /* rows of a client's minibatch */
    double mu;     /* fedprox */
};

/* What a server that takes gradients as they come, or nodes without one, have seen, in this step and (times) in
 * all. */
struct staleness {
    uint64_t applied, late, sum, most;
    double loss;
    size_t rows;
    uint64_t *times; /* how often each staleness */
    int count, room;
};
/* Counts a gradient that is applied in this step: how many updates its weights had had less. */
void staleness_count(struct staleness *seen, uint64_t staleness);
/* Likewise, over so many rows, of that mean loss. */
void staleness_note(struct staleness *seen, uint64_t staleness, double loss, size_t rows);
/* A step begins. */
void staleness_begin_step(struct staleness *seen);

/* What ranks of a strategy that runs free tell each other besides, off the clock. */
struct board {
    /* Of workers to the first server, and back; by worker. Written before the message is sent with which it is
     * read. */
    double *losses; /* mean over the rows of the latest gradient */
    /* Of all servers: their steps are their own, and so one that has no more of them goes on to answer until each
     * worker has pushed what it is to push in all. That is known when the last of them has come to the end of the
     * last step: one push more than any has had, so that none waits for pushes that do not come. */
    int workers;
    uint64_t *pushed;       /* (servers, workers): how many of its gradients have come; by the server */
    _Atomic uint64_t *last; /* (workers): how many are to come; UINT64_MAX: it is not known yet */
    /* Of nodes without a server; by whoever has a turn (rank_turn). */
    size_t iterations; /* that have ended, of all nodes */
    struct staleness seen;
};

/* There is no step after this one; by the server that has come last to its end, with all time before that over. */
void board_call_off(struct board *board, int servers);

/* What all ranks of a run share: read-only once the ranks start. */
struct plan {
    const struct strategy *strategy;
    const struct model_spec *model;
    const struct optimizer_spec *optimizer;
    const struct partition *partition; /* of the training rows over replicas; NULL: they share all */
    const struct schedule *schedule; /* of its learning rate */
    double clip;                     /* the largest norm of all gradients; 0: not clipped */
    struct loader *loader; /* NULL: no data are read (math=off, or a model without input) */
    size_t target_width;   /* targets of a row, of four bytes each; 1 without data */
    size_t input_width;    /* elements of a row's input, likewise */
    const struct mesh *mesh;
    size_t batch; /* the global batch */
    const struct share *rows; /* of it, by worker; NULL: even */
    int microbatches;
    const int *stage_layers; /* of each stage (model_place); NULL: by multiply-adds */
    const struct pipeline_schedule *pipeline;
    int chunks; /* of layers, a stage */
    size_t bucket_bytes;
    struct algorithms *allreduce, *allreduce_tensor, *allreduce_pipeline; /* along data, ... */
    struct exchange_plan exchange; /* of gradients over the replicas */
    /* Sharded data parallelism (ZeRO, Rajbhandari et al. 2020). 0: none; 1: the optimizer's state, 2:
     * and gradients, 3: and parameters. The exchange is a reduce-scatter (exchange.allreduce), and
     * `gather` brings parameters: behind the update, or, of 3, so many ranges ahead of their use. */
    int zero, prefetch;
    struct algorithms *gather, *alltoall;
    int tensor_chunks; /* in which products are summed over the tensor group; 1: whole */
    bool sequence; /* tensor ranks share positions between layers; sums there are scattered by ... */
    struct algorithms *scatter;
    bool ring_waits; /* what goes round a context group is waited for at once */
    struct local_plan local;
    struct federated_plan federated;
    size_t steps;         /* of the run */
    size_t staleness;     /* ssp_server: how far ahead */
    int backup;           /* backup_workers: how many a step need not wait for */
    uint64_t deadline_ps; /* likewise, how long it waits; 0: as long as it takes */
    struct board *board;  /* of strategies that run free; else NULL */
    int servers; /* the first of the data axis, which have no rows: has_server, serves_shares */
};

struct sharding; /* src/strategy/sharding.h */

/* Gradient buckets: ranges that are exchanged while the rest of the backward pass goes on. */
struct buckets {
    struct exchange *exchange;
    struct share *ranges; /* count of them, from the last layer to the first */
    int count, room, next; /* next: to be posted in this step */
    struct sharding *sharding; /* with zero; NULL: this rank updates all */
};

/* What one rank holds of a training. */
struct training {
    const struct plan *plan;
    struct mesh_point point;
    struct share rows; /* of the global batch: this replica's */
    struct stage_order order; /* of a step, where the strategy spreads over stages */
    int chunks;               /* of layers that the rank has; 1 but in some pipelines */
    int *slots, slots_most;   /* (chunks) microbatches that each keeps at a time */
    int *begun, *ended; /* (chunks) microbatches gone forward in this step, and back; or in this run, ... */
    int taken;          /* ... of a pipeline that flows, and steps that it has taken there */
    float *stash;       /* (stashes, parameters): versions of weights, see src/strategy/stash.c */
    int stashes;
    int next_input, next_gradient; /* tasks whose receives are to be posted next */
    struct model *model;
    struct optimizer *optimizer;
    int32_t *targets;      /* (rows.count, target_width), or floats as wide; the last stage's. Of a
                            * context rank those of its slice. */
    char *whole_row;       /* room of the host's to cut a row's slice from; NULL: rows are whole */
    struct allreduce tensor; /* of the tensor group */
    struct request *sums; /* likewise, sum_count of them under way: of a product's chunks */
    int sum_count;
    struct allreduce gather, scatter; /* likewise: all-gathers and reduce-scatters */
    struct allreduce expert; /* all-to-alls of the expert group, ... */
    struct allreduce expert_sum; /* ... and its all-reduces */
    struct buckets expert_buckets; /* of experts that are shared out: over the data group */
    struct buckets buckets;  /* of all else: over all replicas; unless these update alone, whose ... */
    struct allreduce replicas; /* ... means these make; and norms of shares */
    struct relay ring; /* of the context group */
    struct group *pipeline, *back; /* for activations, and for their gradients */
    struct allreduce tied; /* of the first and the last stage, where these share a table */
    struct allreduce stages; /* of the pipeline group: where gradients are clipped */
    struct request *requests; /* of the pipeline: four ways, chunks, the most slots */
    void *own;               /* of the strategy's setup */
    bool is_copy;            /* with zero.shard: an earlier rank holds the same shares */
    bool stopped;            /* a worker of a strategy that runs free has pushed its last */
    struct staleness staleness; /* of a server's */
    uint64_t averages;       /* of runs_free without servers: the staleness of the latest gradient */
    const float *present;    /* likewise: its parameters, of which others see the mean under rank_hold */
    size_t rows_done;        /* in the latest step: those whose forward pass began here */
};

struct strategy {
    const char *name, *summary, *options;
    /* The axes on which it spreads; a mesh that is longer than 1 on another is refused. */
    bool spreads_data, spreads_tensor, spreads_pipeline, spreads_expert, spreads_context;
    /* Replicas update on their own: a rank's gradients are means over its own rows, and nothing of the
     * strategy itself is summed over the batch. The model is the mean of the replicas', or replica 0's
     * where it is a server. */
    bool updates_alone;
    /* The first ranks have no rows: they serve the others, their clients, which have a part of the
     * training rows each and batches of their own. */
    bool has_server;
    /* The first `servers` ranks hold the parameters in shares, and update them; the others, the workers,
     * have the model and the batch. What all have of the parameters is the same after each step. */
    bool serves_shares;
    /* Ranks wait for virtual time. Of serves_shares: workers go on until they are told to stop; a step is the
     * servers', a worker's iterations are its own, and step() returns nothing that counts. Of updates_alone: each
     * rank goes on until a step's worth of iterations for each step have ended, whosever they are. */
    bool runs_free;
    bool applies_each; /* each gradient is an update by itself, always (ssp_server's unless staleness is 0): what is
                        * trained depends on the time */
    bool edits_gradients; /* between backward and update, which can then not be fused */
    bool needs_boxes; /* groups of the nodes in a box: mesh.box */
    /* One step of one rank, called by training_step. Returns its part of the mean loss over the global
     * batch; the parts of all ranks add up to it. Required of those that train. */
    double (*step)(struct rank *self, struct training *training, size_t step);
    /* What the rank holds besides: memory from its region, in set-up. Before the first step of a real
     * run `begin` is called, when the parameters are there. Any may be NULL. */
    void *(*setup)(struct rank *self, struct training *training);
    void (*begin)(struct training *training);
    void (*release)(void *own);
    /* Of serves_shares: the model's hook of that name, whose context is the training. NULL: none. */
    void (*gradient_ready)(void *training, struct rank *self, size_t at, size_t count);
    /* Of runs_free: a server's, behind its last step, and until board.last. */
    void (*finish)(struct rank *self, struct training *training);
};

extern const struct strategy *const strategies[]; /* those that train; NULL at the end */
extern const struct strategy *const workloads[];  /* and strategy_replay, which does not */
extern const struct strategy strategy_replay;
const struct strategy *strategy_find(const char *name, const char *where, struct errors *errors);

/* The mesh for so many nodes where `asked` gives some axes and leaves the others 0: an axis that the
 * strategy does not spread over is 1, and what is left goes to its axes. A hybrid with nothing asked
 * splits over pipeline and tensor by 2 each, as far as the nodes and the model go, the rest over
 * data. False and a message, with the nearest mesh that fits, when there is none. */
bool strategy_mesh(const struct strategy *strategy, const struct model_spec *model, int nodes,
                   size_t batch, int microbatches, struct mesh_shape asked, const char *where,
                   struct mesh_shape *shape, struct errors *errors);

/* Set-up of one rank, with its region; and the end. The same for every strategy. */
struct training *training_create(struct rank *self, const struct plan *plan);
void training_free(struct training *training);
/* The training has taken so many steps before; its model and optimizer hold what came of them. */
void training_begin(struct training *training, uint64_t steps);
/* The learning rate of a step. */
double plan_rate(const struct plan *plan, size_t step);
/* One step at that rate, of this rank: strategy.step. */
double training_step(struct rank *self, struct training *training, size_t step);

/* The pass forward, with the loss, over this replica's part of so many rows that test, in pieces no longer than a
 * microbatch: it takes its time and has no effect. Between steps, where no axis but data and tensor is used. */
void training_time_evaluation(struct rank *self, struct training *training, size_t test_rows);

/* What its routers of experts have done since this was last called; of tensor rank 0 only. */
struct routed training_routed(struct training *training);
/* What server i has of the parameters, which lie in one piece. */
struct share server_share(const struct plan *plan, int i);
/* Bits of the all-reduce algorithms that ran, see allreduce.used. */
uint64_t training_allreduces(const struct training *training);

#endif
