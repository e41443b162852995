/* An experiment on its way from settings to a result. Private to the experiment floor. */
#ifndef EXPERIMENT_INSIDE_H
#define EXPERIMENT_INSIDE_H

#include "threadrack/cluster/cluster.h"
#include "threadrack/experiment/experiment.h"
#include "threadrack/model/checkpoint.h"
#include "threadrack/strategy/strategy.h"

/* Every setting, resolved and checked. */
struct setup {
    const struct config *config;
    struct cluster *cluster;
    struct dataset *dataset; /* NULL: the model takes no input, or math=off needs none */
    struct partition_spec partition_spec;
    struct partition *partition; /* NULL: all nodes draw from one sequence */
    struct loader *loader;   /* NULL with math=off, too */
    struct model_spec *model;
    struct optimizer_spec *optimizer;
    struct schedule *schedule;
    struct checkpoint *init; /* NULL: weights from the generator */
    bool resumes;            /* from init, which has the optimizer's state then */
    struct progress begun;   /* what was done before this run */
    const struct strategy *strategy;
    const struct netmodel_ops *netmodel;
    const struct cost_ops *cost;
    struct precision precision; /* what numbers are accounted with */
    int zero, prefetch;     /* 0 where the strategy or the mesh has no use for it */
    int shard;              /* replicas among whom zero shards; 0: all */
    struct algorithms *allreduce, *allgather, *reduce_scatter, *alltoall;
    struct algorithms *allreduce_along[MESH_AXES]; /* of that axis alone; NULL: allreduce */
    struct local_plan local;
    struct federated_plan federated;
    int servers; /* nodes that have no rows */
    struct optimizer_spec *outer; /* of diloco */
    int box; /* nodes in a box, where the strategy needs it; else 0 */
    struct compressor compressor; /* of gradients between replicas */
    struct mesh_shape shape;
    struct mesh_order order;
    bool sequence; /* tensor ranks share positions, too */
    struct goal *goal; /* of strategy=replay: what is done instead of training; else NULL */
    enum graph_rules rules;
    int nodes;
    size_t batch;
    struct share *rows; /* of the batch, by worker; NULL: even */
    int microbatches;
    int chunks; /* of a pipeline's stage */
    int *stage_layers; /* of each stage; NULL: by multiply-adds */
    uint64_t *layer_costs; /* as measured here (pipeline.split=measured), for every mesh; else NULL */
    int steps; /* of this run */
    int eval_every;
    size_t timed_test_rows; /* evaluate.clock: rows whose evaluation takes simulated time; 0: it takes none */
    double target_accuracy, target_loss; /* NaN: none */
    bool real;
    uint64_t seed;
    struct noise noise;
    const struct resolver_ops *resolver; /* the first to be tried */
    bool resolver_is_asked, kernels;
    bool closed;       /* collectives in closed form, and few ranks stand for all (closed.h) */
    int clock_threads; /* 2: rank programs run on one, the clock on the other */
};

/* All that is wrong is said at once, as far as it can be known. */
bool setup_resolve(struct setup *setup, const struct config *config, struct errors *errors);
void setup_release(struct setup *setup);
/* placement=: puts the ranks onto the nodes of the cluster, which has just been made. */
bool setup_place(struct setup *setup, struct errors *errors);
/* resolver.c: chooses the resolver, or refuses the one that is asked for. */
bool setup_resolver(struct setup *setup, struct errors *errors);
/* The one to be tried when `lost` has turned out not to be exact; NULL: the user asked for it. */
const struct resolver_ops *resolver_after(const struct setup *setup,
                                          const struct resolver_ops *lost);

/* The rank of the same stage that is first along all other axes of the mesh. */
int setup_first_of_stage(const struct setup *setup, int rank);
/* The mesh of the setup's shape in the rack, with all groups that a plan on it uses. */
struct mesh *setup_mesh(const struct setup *setup, struct rack *rack);
/* What the same words make on another mesh of as many nodes; false and messages where they do not go with
 * it. It shares all else with `setup`; setup_off_mesh releases the rest, in either case. */
bool setup_on_mesh(const struct setup *setup, struct mesh_shape shape, struct setup *other,
                   struct errors *errors);
void setup_off_mesh(struct setup *other);
/* By rank: those of a data group that have the same number shard among themselves. The caller frees them. */
int *setup_shard_units(const struct setup *setup);
/* Whether all else that is asked for can go with that stage of zero. */
bool setup_check_zero(const struct setup *setup, int zero, struct errors *errors);
const struct pipeline_schedule *setup_pipeline(const struct setup *setup);
/* A plan for the setup on a mesh of its own. */
struct plan setup_plan(const struct setup *setup, const struct mesh *mesh);

/* The fastest step of `single` on one such node (one microbatch, nothing recomputed), in ps, costed
 * timing-only; 0 where it cannot be costed. */
uint64_t baseline_step_ps(const struct setup *setup);
/* What of the run it leaves out. */
void baseline_notes(const struct setup *setup, struct result *result);
/* The step of that node's device, at speed 1, and so many rows, with what the run divides and drops; 0
 * also where computing is timed. */
uint64_t alone_step_ps(const struct setup *setup, int node, size_t batch);

/* Nodes along data that have rows of the batch; at least 1, as far as the batch is concerned. */
int setup_workers(const struct setup *setup);
/* speeds.c: by node, up to a common factor; the caller frees them. */
double *setup_speeds(const struct setup *setup);
/* stages.c: pipeline.split=, once cluster and mesh are there. */
bool stages_resolve(struct setup *setup, struct errors *errors);
void stages_notes(const struct setup *setup, struct result *result);
/* stale.c: whether gradients are of older weights (pipeline_schedule.flows), and what does not go with it. */
bool stale_pipeline(const struct setup *setup);
bool stale_check(const struct setup *setup, struct errors *errors);
void stale_notes(const struct setup *setup, struct result *result);
/* shares.c: shares=, once cluster and mesh are there. */
bool shares_resolve(struct setup *setup, struct errors *errors);
void shares_notes(const struct setup *setup, struct result *result);

/* vain.c: what is read, and comes to nothing or to more than is meant. */
void vain_notes(const struct setup *setup, struct result *result);
/* evaluation.c: evaluate.clock=. */
bool evaluation_resolve(struct setup *setup, struct errors *errors);
/* precision.c: what `precision` and `precision.gradients` mean, and whether this run can go by it. */
struct precision precision_of(const struct config *config);
bool precision_check(const struct setup *setup, struct errors *errors);
void precision_notes(const struct setup *setup, struct result *result);

/* What a user ought to know about this run; adds to result->notes. */
void result_note(struct result *result, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void notes_before(const struct setup *setup, struct result *result);
/* Of a run that was stopped in the midst of a step: that many steps, whose marks hold; nothing of nodes. */
void result_measure_steps(struct result *result, const struct setup *setup, const struct clock *clock, int steps);
/* `allreduced`: something was. */
void notes_after(const struct setup *setup, const struct clock *clock, bool allreduced, struct result *result);

/* What each node's region holds, into the result (fits.c). */
void result_memory(struct result *result, const struct setup *setup, const struct rack *rack);
/* As rack_fits_nodes, with the nearest mesh that fits. */
bool memory_fits(const struct setup *setup, const struct rack *rack, struct errors *errors);

/* What the clock says, into the result (measure.c). */
void result_measure(struct result *result, const struct setup *setup, const struct rack *rack);
/* Once nothing more is asked for by rank: where each is, and what nodes did in the order of nodes. */
void result_place(struct result *result, const struct setup *setup);

/* strategy=replay (replay.c). */
bool replay_resolve(struct setup *setup, struct errors *errors);
bool replay_ranks(const struct setup *setup, struct progress_hook progress, struct result *result,
                  struct errors *errors);
bool replay_ignores(const char *key); /* it is of training only */
void replay_notes_before(const struct setup *setup, struct result *result);
void replay_notes_after(const struct setup *setup, const struct clock *clock, struct result *result);

/* One run: the ranks, and what they share off the clock (run.c). */
bool run_ranks(const struct setup *setup, const struct host *host, struct seat_range seats,
               struct progress_hook progress, struct result *result, struct errors *errors);

#endif
