/* An experiment: a config becomes cluster, data, model and strategy, runs, and leaves a result. */
#ifndef THREADRACK_EXPERIMENT_EXPERIMENT_H
#define THREADRACK_EXPERIMENT_EXPERIMENT_H

#include "threadrack/base/errors.h"
#include "threadrack/config/config.h"
#include "threadrack/data/partition.h"
#include "threadrack/host/host.h"
#include "threadrack/record/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The keys of an experiment besides the cluster's; a table ended by a NULL key. */
extern const struct setting experiment_settings[];

/* A config that knows every key: the experiment's and the cluster's. */
struct config *experiment_config(void);

struct step_record {
    double loss;       /* mean over the global batch, before the update; NaN with math=off */
    uint64_t end_ps;   /* simulated time at which the last rank ended the step */
    uint64_t bytes_sent; /* since the run began, by each rank up to its own end of the step; of all */
    double accuracy;   /* on the test rows after the update; NaN where not evaluated */
    double test_loss;  /* likewise */
    double lr;            /* learning rate; NaN where nothing is trained (a replay) */
    double gradient_norm; /* of the whole model, before clipping; NaN where nothing is clipped */
    double staleness, staleness_most; /* of the gradients that the first server or the stages applied; NaN: of none */
    uint64_t late;   /* gradients that it dropped */
    double dropped; /* of the choices of experts, the share that found no place; NaN without experts */
    double balance; /* the mean over rows and layers of experts of the balance loss, unweighted */
};

/* A link of the cluster, and what it carried. */
struct link_result {
    char *name, *from, *to;
    uint64_t bandwidth_Bps, latency_ps;
    struct link_record record;
    double busy_share; /* see link_meter_busy; NaN where there is none */
};

/* What a node's memory holds at its fullest: each of these next to each other, which hold the same. */
struct memory_record {
    int first, last;
    uint64_t bytes[RECORD_MEMORY_KINDS], capacity;
};

struct result {
    enum status status;
    char *reason; /* of a status that is not ok: one line; else NULL */

    /* What ran. */
    char *strategy, *cluster, *model, *netmodel;
    int nodes, mesh_data, mesh_tensor, mesh_pipeline, mesh_expert, mesh_context; /* 0: of a replay */
    uint64_t batch;        /* the global batch, after scaling */
    int microbatches;
    char *allreduce;       /* the algorithm that ran, after auto; "" when none did */
    uint64_t parameters;

    /* What came out. */
    uint64_t begun_steps;  /* taken before this run, which goes on from there; 0 in most */
    int steps;             /* taken by this run; fewer than asked when the target was reached */
    struct step_record *step; /* steps of them */
    int *node_of;             /* the node of each rank; NULL: rank i is on node i */
    struct node_record *node; /* nodes of them, in the order of nodes */
    struct memory_record *memory; /* in the order of nodes; also of a run that does not fit */
    int memory_count, memory_room;
    uint64_t length_ps;    /* the run's length: when the last rank ended */
    double final_loss, final_accuracy; /* NaN where there is none */
    int timed_evaluations; /* that took simulated time */
    bool has_target, target_reached;
    int target_step;          /* steps of this run when the target was reached */
    uint64_t target_ps;       /* the simulated time then */
    uint64_t target_bytes;    /* bytes sent until then, see step_record */

    /* What it means. */
    double step_s;         /* length / steps; where nodes run free, the last step's end / steps */
    double single_step_s;  /* a step of `single` on one such node; NaN where it could not be costed */
    double speedup, efficiency; /* single_step / step; speedup / nodes */
    double communication_share; /* exposed communication over length, mean of the nodes */
    double compute_share, waiting_share, bubble_share;
    double imbalance;      /* the slowest node's compute over the mean */
    uint64_t bytes_sent, messages_sent; /* over all nodes */
    uint64_t peak_memory_bytes; /* of the fullest node */

    uint64_t *staleness; /* how often gradients of each were applied by the first server or by stages, from 0 on; NULL: none */
    int staleness_count;

    struct skew *skew; /* of the training rows over the nodes; NULL: they are not parted */

    struct link_result *link; /* link_count of them; NULL where links were not counted */
    int link_count;
    int hottest_link; /* the busiest; where no link has a busy share, that with the most bytes; -1 */

    /* Said aloud: what is not modelled, has no effect in this run, or is out of range; shared links
     * that the netmodel does not see. One line each. */
    char **notes;
    int note_count, note_room;

    /* Only for the manifest, since the host decides it. */
    const char *kernel, *products; /* of its maths, as math.h names them; NULL: it had none */
    double wall_s;
    uint64_t mailbox_bytes; /* the most that copies of unreceived messages took */
};

struct seat_range { /* the cores that a job may use */
    int first_core, cores;
};

/* How a run tells its progress: called now and then, from any thread, with the steps done. */
struct progress_hook {
    void (*tell)(void *context, int done, int total);
    void *context;
    /* NULL, or: while the clock resolves a step, about once a second: of the messages `posted` since the run
     * began so many have been resolved. */
    void (*resolving)(void *context, int done, int total, uint64_t messages, uint64_t posted);
};

/* Set by the signal handler: the run ends after the present step with STATUS_FAILED, "interrupted".
 */
extern _Atomic int experiment_interrupted;
/* Set some time later: timing-only, the clock stops in the midst of a step, and what is kept are the steps
 * before it. */
extern _Atomic int experiment_hurried;

/* Runs one point. Never NULL: what could not run has a status and a reason. All that is wrong with
 * the point's values is in `errors` besides (with file:line:column), so that `run` can print every
 * message and a sweep can put the first into its row. */
struct result *experiment_run(const struct config *point, const struct host *host,
                              struct seat_range seats, struct progress_hook progress,
                              struct errors *errors);
/* Only who has what (result.skew): nothing is trained, no step taken. */
struct result *experiment_skew(const struct config *point, struct errors *errors);
void result_free(struct result *result);

#endif
