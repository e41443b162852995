/* What the steps of one collective are and cost, known once for all members of its group, where the
 * schedule is made of rounds (clock/schedule.h) in each of which every member sends and receives, so
 * that rounds and steps have the same numbers: a member's step asks no schedule and looks no price up.
 * Members are a few rounds apart at most times, so the latest rounds suffice.
 */
#ifndef CLOCK_RESOLVER_PATTERN_H
#define CLOCK_RESOLVER_PATTERN_H

#include "dataflow.h"

/* 64 bytes. */
struct known_round {
    struct round round;
    int index; /* -1: none */
    bool even; /* all members send as much; else the schedule's step has to be asked */
    bool plain; /* and pay as much, and the group is dense: nothing has to be asked */
    uint64_t bytes;
    uint64_t stream_ps; /* on the way that all pairs have, if there is one */
    uint64_t add_ps;    /* of the first device */
};

struct pattern {
    struct pattern *next; /* of its group */
    int users;            /* members in the collective */
    bool fit;             /* false: some round leaves members out, or a step is none */
    const struct schedule *schedule;
    struct call call; /* of any member */
    uint64_t unit_bytes;
    unsigned mask; /* rounds - 1; a power of two */
    struct known_round rounds[];
};

/* The pattern of the collective that a member begins; NULL: its schedule is not made of such rounds.
 * Give it back when the member has ended it. */
struct pattern *pattern_take(struct group *group, const struct schedule *schedule,
                             const struct call *call, uint64_t unit_bytes);
void patterns_free(struct group *group);

/* Finds the round out; false: there are no more. */
bool pattern_learn(struct dataflow *flow, const struct group *group, const struct pattern *pattern,
                   int index, struct known_round *place);
/* Whom the member sends to in a round, and receives from. */
INLINED void pair_of(const struct round *round, int size, int member, int *to, int *from)
{
    if (round->pairing == ROUND_XOR) {
        *to = *from = member ^ round->distance;
        return;
    }
    int first = 0;
    if (round->span) {
        size = round->span;
        first = member - member % size;
    }
    *to = member + round->distance;
    *to -= *to >= first + size ? size : 0;
    *from = member - round->distance;
    *from += *from < first ? size : 0;
}

#endif
