/* A relay: the members of a group stand in a ring, and each passes vectors on to the next while those of
 * the one before come in; messages, all members at once. Several may be under way, each on a road of its
 * own; all roads are posted in the same order by all members.
 *
 * In closed form (collectives=closed_form), where all members do the same at the same times, one of them
 * stands for all: a vector takes what Hockney's formula says of one path. The form outlives the run.
 */
#ifndef THREADRACK_COMM_RELAY_H
#define THREADRACK_COMM_RELAY_H

#include "threadrack/rank/post.h"

enum { RELAY_ROADS = 2 };

struct relay_form {
    struct schedule schedule;
    struct path path;    /* bandwidth 0: it takes no time */
    size_t number_bytes; /* of a value on the links */
};
/* It stays where it is from then on. */
void relay_close(struct relay_form *form, struct path path, size_t number_bytes);

/* One member's end. */
struct relay {
    struct rank *self;
    struct group *group;
    struct request requests[RELAY_ROADS][2]; /* what goes out and what comes in */
    const struct relay_form *form;           /* NULL: messages */
};

void relay_init(struct relay *relay, struct rank *self, struct group *group, const struct relay_form *form);
/* Posts that the `count` values (NUMBER_VALUE) at `out` go on and as many come to `in`. */
void relay_post(struct relay *relay, int road, const float *out, float *in, size_t count);
/* What was posted last on the road has gone and come. */
void relay_wait(struct relay *relay, int road);

#endif
