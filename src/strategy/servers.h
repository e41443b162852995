/* Servers that have the parameters in contiguous shares, which need not be whole tensors, and workers that
 * have the model: what strategies of theirs are made of. Every message is from or to a server, whose port
 * is the bottleneck. In the first step the first worker hands each server its share, as it has the weights. */
#ifndef STRATEGY_SERVERS_H
#define STRATEGY_SERVERS_H

#include "words.h"

/* What a rank of theirs holds first of all. */
struct serving {
    struct group *group;    /* of all ranks */
    int peers;              /* workers of a server, servers of a worker */
    int first;              /* of them in the group */
    struct request *sends;  /* (peers) */
    struct request *receives;
    int left;               /* servers that the worker has not pushed to in this step */
    const struct compressor *compressor; /* of pushes; NULL: they are floats */
    uint64_t seed;
    /* Of a worker's, compressed: */
    uint32_t **payloads; /* (peers) */
    float *left_out;     /* (all parameters): by payloads before; NULL without feedback */
    uint32_t pushes;
};

bool serves(const struct training *training);
void serving_init(struct serving *serving, struct rank *self, const struct training *training);
void serving_release(struct serving *serving);

/* To and from the i-th peer: a share of `values`, which may be NULL where the rank is not real. */
struct request serving_send(struct rank *self, const struct serving *serving, int i,
                            const float *values, struct share share);
struct request serving_receive(struct rank *self, const struct serving *serving, int i, float *values,
                               struct share share);
void serving_wait(struct rank *self, const struct request *requests, int count);
/* All that a server holds. */
struct share serving_whole(const struct training *training);

/* ---- A worker's. ---- */

void serving_hand_over(struct rank *self, const struct training *training, struct serving *serving);
/* Posts the gradients of the shares that lie from `at` on and have not been pushed in this step. */
void serving_push(struct rank *self, const struct training *training, struct serving *serving,
                  size_t at);
/* The parameters, from all servers; waits for them, and for what was pushed. */
void serving_pull(struct rank *self, const struct training *training, struct serving *serving);

/* ---- A server's: pushes are floats or payloads (comm/coding.h). ---- */

size_t serving_push_bytes(const struct serving *serving, const struct training *training);
/* A worker's push, in its so-manieth iteration. */
struct push {
    int worker;
    uint64_t iteration;
    const void *bytes;
};
/* The gradients become the push, or the sum with it. */
void serving_add(struct rank *self, const struct training *training, const struct serving *serving,
                 struct push push, bool first);
/* They become the sum of all workers' (peers), in rank order. Floats are added in one pass. */
void serving_add_up(struct rank *self, const struct training *training, const struct serving *serving,
                    void *const *pushed, uint64_t iteration);
/* What the compressor makes of a sum that is complete; serving_add_up has done so. */
void serving_settle(struct rank *self, const struct training *training, const struct serving *serving);

/* ---- Where each goes on by itself: a server answers pushes in the order of virtual time. ---- */

/* A rank of a strategy that runs free. */
struct loose {
    struct serving serving;
    /* At a server, by worker: */
    uint64_t *pulled; /* how often the parameters had been updated when it was last answered */
    uint64_t *pushed; /* how many of its gradients have come */
    bool *pending;    /* it waits for an answer */
    uint64_t pushes_most; /* of a worker; UINT64_MAX: as many as board.last says */
    uint64_t updates;
    bool began;      /* it has its share of the initial parameters */
    void *incoming;  /* where a push is received */
};

/* In a struct of zeros, which may be the beginning of a larger one; and strategy.setup and release of those that
 * need no more. */
void loose_init(struct loose *loose, struct rank *self, struct training *training);
void loose_clear(struct loose *loose);
void *loose_setup(struct rank *self, struct training *training);
void loose_release(void *loose);
/* A worker's iteration: its own batch, a push, a pull. Leaves its loss on the board. */
double loose_work(struct rank *self, struct training *training, size_t iteration);
/* The next push, from `incoming` on; false: `until_ps` came first. */
bool loose_take(struct rank *self, struct training *training, uint64_t until_ps, int *worker);
/* The gradients become what has come from that worker, or the sum with it. */
void loose_add(struct rank *self, const struct training *training, int worker, bool first);
/* What has come from that worker is an update by itself. */
void loose_update(struct rank *self, struct training *training, int worker);
/* Sends the worker the parameters. */
void loose_answer(struct rank *self, struct training *training, int worker);
/* The loss of the worker's latest push; to be read before it is answered. */
double loose_loss_of(const struct training *training, int worker);
/* The gradient of that worker, of that loss and computed from parameters that had had so many updates less, is
 * applied: counts it in the step. */
void loose_note(struct training *training, int worker, double loss, uint64_t staleness);
/* The mean loss of the gradients that were applied in this step. */
double loose_loss(struct training *training);
/* strategy.finish: workers are answered at once, and what they push has no effect any more. */
void loose_finish(struct rank *self, struct training *training);

#endif
