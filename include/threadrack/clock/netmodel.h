/* The family of network models: what a message costs.
 *
 * As in SimGrid, a model answers two questions: when is the next event, and advance to it. The clock
 * starts the transfers of one instant together, in (time, rank, sequence) order, once no rank can
 * act before it; the model tells when a transfer's sender is free again and when its last byte has
 * arrived.
 *
 * To add one: src/clock/netmodel/<name>.c and a row in src/clock/netmodel.def.
 */
#ifndef THREADRACK_CLOCK_NETMODEL_H
#define THREADRACK_CLOCK_NETMODEL_H

#include "threadrack/base/errors.h"
#include "threadrack/cluster/cluster.h"

#include <stdbool.h>
#include <stdint.h>

#define TIME_NEVER UINT64_MAX

/* A message on its way. */
struct transfer {
    int src, dst; /* nodes */
    uint64_t bytes;
    uint64_t ready_ps; /* when its sender began to send it */
    uint64_t sequence; /* among those of src */

    /* The clock's. */
    struct transfer *next; /* in a list of one owner at a time */
    int src_lane, dst_lane; /* a graph's have them for observers only */
    int src_strand, dst_strand; /* of lanes' collectives (clock/schedule.h) */
    uint64_t began_ps; /* when its sender's lane came to it; ready_ps is when its overhead is paid */
    uint64_t delivery; /* which of the clock's it was */
    int training_step; /* in which its sender posted it, from 0 */
    int stage;         /* of the protocol, see protocol.c */
    bool sent, delivered, received;
    bool wanted;                   /* its receive has been posted */
    bool being_taken_in, taken_in; /* a graph's: its receiver's processor is to pay, has paid */
    uint64_t paid_ps;         /* when its sender's processor is done with it */
    struct transfer *subject; /* a request's or an answer's: the message that it is about */
    const struct graph_op *send_op, *receive_op; /* a graph's; else NULL */

    /* The netmodel's. */
    uint64_t finish_ps;
    int phase;
    bool arrived;
};

/* What the clock wants to hear from a model. Both are called once a transfer, `delivered` not before
 * `sent`. */
struct netmodel_sink {
    void *context;
    void (*sent)(void *context, struct transfer *transfer);
    void (*delivered)(void *context, struct transfer *transfer);
};

/* Who wants to hear of rates, of models that share links. */
struct netmodel_watch {
    void *context;
    /* From the present instant on the message's bytes flow at another rate, bytes/s; 0 before they
     * begin to and when the last has arrived. Rates on a link can be added and taken away again
     * exactly. */
    void (*rate)(void *context, struct transfer *transfer, double before_Bps, double rate_Bps);
};

struct netmodel;

struct netmodel_ops {
    const char *name;
    const char *summary; /* one line, for `threadrack list netmodels` */
    const char *validity; /* one line: where it is valid, and who says so */
    const char *options; /* the keys that it reads */
    bool shares_links;   /* false: routes that share a link do not slow each other */
    bool overhead;       /* o is paid on the compute lane for each message (loggp) */
    bool free_of_cost;   /* messages take no time: latency and bandwidth have no effect */
    struct netmodel *(*create)(const struct cluster *cluster); /* netmodel_create fills `ops` */
    void (*free)(struct netmodel *model);
    /* Takes over the transfer from `now` on. */
    void (*start)(struct netmodel *model, struct transfer *transfer, uint64_t now_ps);
    /* A transfer that was started before is `wanted` from now on. NULL: the model does not care. */
    void (*ask)(struct netmodel *model, struct transfer *transfer, uint64_t now_ps);
    /* The time of the next event, TIME_NEVER when there is none. */
    uint64_t (*next)(struct netmodel *model);
    /* Handles all events of that time. */
    void (*advance)(struct netmodel *model, uint64_t now_ps, const struct netmodel_sink *sink);
};

/* Every model's own struct begins with this. */
struct netmodel {
    const struct netmodel_ops *ops;
    const struct cluster *cluster;
    struct link_use *use; /* of models that do not share links; else NULL */
    const struct netmodel_watch *watch; /* the caller's, which outlives its use; NULL: none */
};

extern const struct netmodel_ops *const netmodels[]; /* NULL at the end */
const struct netmodel_ops *netmodel_find(const char *name, const char *where,
                                         struct errors *errors);

/* Makes a model of the kind for the cluster, which outlives it; free it by its ops. */
struct netmodel *netmodel_create(const struct netmodel_ops *ops, const struct cluster *cluster);

/* bytes / bandwidth in ps, rounded once, half up, in 128-bit arithmetic. */
uint64_t transfer_ps(uint64_t bytes, uint64_t bandwidth_Bps);
/* Hockney 1994: alpha + n / beta. */
uint64_t hockney_ps(struct path path, uint64_t bytes);

/* ---- Links that several routes used at a time, for models that do not share them. ---- */

struct link_use;
struct link_use *link_use_create(const struct cluster *cluster);
void link_use_free(struct link_use *use);
void link_use_begin(struct link_use *use, int src, int dst);
void link_use_end(struct link_use *use, int src, int dst);
/* The link with the most messages at one time, the first of equals; `factor` is how many, at least
 * 1; -1 when there were none. A fatpipe counts none; a half-duplex cable's first link counts both
 * ways'. */
int link_use_worst(const struct link_use *use, int *factor);

#endif
