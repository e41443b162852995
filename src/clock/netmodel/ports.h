/* The ports of a node under hockney: it sends one and receives one message at a time, full duplex.
 * A transfer waits until its source's send port and its destination's receive port are both free;
 * waiting ones go in (ready time, rank, sequence) order, but one that cannot go holds up no other. */
#ifndef CLOCK_NETMODEL_PORTS_H
#define CLOCK_NETMODEL_PORTS_H

#include "threadrack/clock/netmodel.h"

struct waiting_list {
    struct transfer **items;
    int count, room;
};

struct ports {
    bool *sending, *receiving;    /* by node */
    struct waiting_list *waiting; /* by source node */
    struct waiting_list *wanted;  /* by destination node: the same transfers */
};

void ports_init(struct ports *ports, int nodes);
void ports_release(struct ports *ports, int nodes);
/* Takes both ports and returns true, or remembers the transfer and returns false. */
bool ports_take(struct ports *ports, struct transfer *transfer);
void ports_give_back(struct ports *ports, const struct transfer *transfer);
/* Appends to `out` the transfers that wait for a port which this one has just given back. One that
 * waits for two such ports may stand in `out` twice. */
void ports_waiting_for(const struct ports *ports, const struct transfer *ended,
                       struct waiting_list *out);
/* Takes both ports of a transfer that waited, when they are free; it waits no more. */
bool ports_retry(struct ports *ports, struct transfer *transfer);

/* (ready time, rank, sequence) order. */
bool transfer_before(const struct transfer *a, const struct transfer *b);

#endif
