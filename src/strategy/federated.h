/* Federated learning: a server (rank 0) and clients, which have rows of their own (a partition). A step is
 * a round:
 *
 *     server   send x to the sampled clients            receive theirs, x = their weighted mean
 *     client   if sampled: receive x, train `epochs` epochs over its rows, send its x back
 *
 * Clients are sampled without replacement by a draw that every rank makes for itself. Messages go
 * through the server's ports, which are the bottleneck. A client's optimizer begins each round anew.
 */
#ifndef STRATEGY_FEDERATED_H
#define STRATEGY_FEDERATED_H

#include "words.h"

struct federated {
    struct group *group;   /* of all ranks */
    int clients, sampled;  /* in all, and of a round */
    int *order;            /* (clients): the first `sampled` take part in this round */
    size_t floats;         /* of a message: one or two times the parameters */
    float *received;       /* (floats): what came from the server */
    float **returned;      /* (sampled) of (floats): at the server */
    struct request *requests; /* 2 x sampled at the server, 2 at a client */
};

/* `vectors`: how many parameter vectors a message holds. */
void federated_setup(struct federated *federated, struct rank *self, struct training *training,
                     size_t vectors);
void federated_release(struct federated *federated);
/* The clients of this round; returns whether this rank is one of them. */
bool federated_sample(struct federated *federated, const struct training *training, size_t round);
/* Rows of the i-th sampled client over those of all sampled. */
double federated_weight(const struct federated *federated, const struct training *training, int i);

/* The server's: posts `sent` (floats) to each sampled client, and receives from each; waits for all. */
void federated_serve(struct rank *self, struct federated *federated, const float *sent);
/* A client's: what the server sends, and what it is sent. */
void federated_receive(struct rank *self, struct federated *federated);
void federated_return(struct rank *self, struct federated *federated, const float *sent);

/* A client's epochs. After each backward pass `edit` may change the gradients (NULL: it does not).
 * Returns the mean loss over them, times the client's weight among the sampled. */
struct federated_round {
    size_t round;
    double weight;
    void (*edit)(struct rank *self, struct training *training);
};
double federated_train(struct rank *self, struct training *training, struct federated_round round);
size_t federated_steps(const struct training *training); /* minibatches of a client in a round */

#endif
