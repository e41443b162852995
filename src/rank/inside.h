/* What the rank floor keeps to itself: regions, mailboxes, and the meeting of a group's members.
 * No other floor sees a region's address. */
#ifndef RANK_INSIDE_H
#define RANK_INSIDE_H

#include "threadrack/rank/post.h"
#include "threadrack/rank/rack.h"

#include <pthread.h>
#include <stdatomic.h>

/* A node's memory: one mapping. While it is counted, `base` is NULL and only `used` grows. */
struct region {
    char *base;
    size_t size, used;
    uint64_t by_kind[MEMORY_KINDS];
};

void *region_take(struct region *region, enum memory_kind kind, size_t bytes);

/* A message that has been sent and not asked for, or asked for and not sent. */
struct parcel {
    struct parcel *next;
    const struct group *group;
    int source; /* the rank that sends */
    uint32_t number;
    void *bytes; /* of the sender, then of the mailbox when `copied`; or of the receiver */
    size_t count;
    bool copied;
};

struct parcel_list {
    struct parcel *first;
    struct parcel *spare;
};

struct rank {
    struct rack *rack; /* NULL: an observer */
    int id;
    bool real;
    struct region region;
    uint32_t *posted; /* by lane: operations posted so far */
    uint64_t measured_from_ns;
    pthread_mutex_t *core; /* held while computing: as many ranks compute at once as cores */

    pthread_mutex_t lock; /* of what follows: others deliver here */
    pthread_cond_t bell;
    bool waiting;
    struct parcel_list sent, wanted;

    void **observed; /* an observer's memory */
    int observed_count, observed_room;
};

/* One collective on its way: who has posted, with which vector. */
struct meeting {
    int posted, waiting;
    const struct schedule *schedule;
    int root;
    size_t count;
    int first_poster;
    float **vectors; /* by member */
};

struct move; /* exec.c */
struct moves {
    const struct schedule *schedule;
    int root;
    size_t count, scratch;
    bool keeps_places; /* no move takes an element to another place */
    struct move *moves;
    int move_count, move_room;
};

struct group {
    struct rack *rack;
    int size;
    int *members, *lane_bases;

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t done;
    struct meeting *meetings; /* a ring of `meeting_room`; those from `ended` on are under way */
    uint32_t ended, begun;
    int meeting_room;
    struct moves *known; /* schedules made into moves */
    int known_count, known_room;
    float *scratch; /* of the collective that runs: copies set aside, and the members' scratch */
    size_t scratch_floats;
};

struct rack {
    const struct cluster *cluster;
    const struct cost_ops *cost;
    struct clock *clock;
    struct rank *ranks;
    int size;
    struct group **groups;
    int group_count, group_room;

    const struct host *host;
    struct seat *seats;
    pthread_mutex_t *cores;
    int core_count;

    atomic_int live, blocked; /* ranks in their program; those that wait for others */
    pthread_mutex_t meeting_lock;
    pthread_cond_t meeting_over;
    int met;
    uint64_t meetings;
    atomic_uint_fast64_t mailbox_bytes, mailbox_most;
};

/* Appends an op; resolves the clock when the stream has grown long. */
void rank_record(struct rank *self, const struct op *op);

/* Counts the caller as blocked: call with the lock that its waker takes held, just before it waits;
 * whoever satisfies it calls rack_unblock under that lock. The last one to block finds a deadlock.
 */
void rack_block(struct rack *rack, struct rank *self, const char *what);
void rack_unblock(struct rack *rack, int ranks);
void rack_leave(struct rack *rack, struct rank *self); /* the rank's program has ended */

/* Parcels (mailbox.c). */
void mailbox_send(struct rank *self, struct group *group, int peer, uint32_t number,
                  const void *bytes, size_t count);
void mailbox_receive(struct rank *self, struct group *group, int peer, uint32_t number, void *bytes,
                     size_t count);
void mailbox_wait_sent(struct rank *self, struct group *group, int peer, uint32_t number);
void mailbox_wait_received(struct rank *self, struct group *group, uint32_t number);
void mailbox_release(struct rank *rank);

/* Collectives (meeting.c, exec.c). */
void meeting_post(struct rank *self, struct group *group, const struct schedule *schedule, int root,
                  float *vector, size_t count, uint32_t number);
void meeting_wait(struct rank *self, struct group *group, uint32_t number);
void moves_run(struct group *group, const struct meeting *meeting);
void moves_release(struct group *group);

#endif
