/* A relay: the members of a group stand in a ring, and each passes vectors on to the next while those of
 * the one before come in; messages, all members at once. Several may be under way, each on a road of its
 * own; all roads are posted in the same order by all members.
 *
 * In closed form (collectives=closed_form), where all members do the same at the same times, one of them
 * stands for all: a vector takes what Hockney's formula says of the group's worst path.
 */
#ifndef THREADRACK_COMM_RELAY_H
#define THREADRACK_COMM_RELAY_H

#include "threadrack/rank/post.h"

enum { RELAY_ROADS = 2 };
enum relay_kind { RELAY_MESSAGES, RELAY_CLOSED, RELAY_CLOSED_FREE }; /* free: messages cost nothing */

/* One member's end. */
struct relay {
    struct rank *self;
    struct group *group;
    struct request requests[RELAY_ROADS][2]; /* what goes out and what comes in */
    struct schedule closed;                  /* without `whole`: messages */
    struct path path;                        /* of the closed form; bandwidth 0: it takes no time */
};

/* It stays where it is. */
void relay_init(struct relay *relay, struct rank *self, struct group *group, enum relay_kind kind);
/* Posts that the `count` floats at `out` go on and as many come to `in`. */
void relay_post(struct relay *relay, int road, const float *out, float *in, size_t count);
/* What was posted last on the road has gone and come. */
void relay_wait(struct relay *relay, int road);

#endif
