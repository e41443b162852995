/* What the rank floor keeps to itself: regions, mailboxes, and the meeting of a group's members.
 * No other floor sees a region's address. */
#ifndef RANK_INSIDE_H
#define RANK_INSIDE_H

#include "threadrack/rank/post.h"
#include "threadrack/rank/rack.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>

/* A node's memory: one mapping. While it is counted, `base` is NULL and only `used` grows, and what it is
 * accounted as. */
struct region {
    char *base;
    size_t size, used;
    uint64_t by_kind[MEMORY_KINDS]; /* accounted */
};

uint64_t region_accounted(const struct region *region);

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

/* What a rank with a thread of its own has besides. */
struct desk {
    pthread_mutex_t *core; /* held while computing: as many ranks compute at once as cores */
    uint64_t measured_from_ns;
    jmp_buf *way_out; /* of its program, once the run has failed */

    pthread_mutex_t lock; /* of what follows: others deliver here */
    pthread_cond_t bell;
    bool waiting;
    struct parcel_list sent, wanted;

    pthread_mutex_t answer_lock; /* of what follows: whoever resolves the clock leaves it here */
    pthread_cond_t answer_bell;
    bool asking, answered;
    struct answer answer;
};

struct fibers;  /* fiber.c */
struct service; /* serve.c */

/* Small, since a timing-only run has a hundred thousand of them; what every post reads lies on one line. */
struct rank {
    _Alignas(64) struct rack *rack; /* NULL: an observer */
    int id;
    bool real;
    bool any_is_posted; /* a receive from anyone, which no message has come to yet */
    bool has_more;      /* lanes than those of one group */
    union {
        uint32_t of_one[1 + GROUP_LANES], *of_more;
    } posted; /* by lane: operations posted so far; see rank_posted */
    struct service *service;   /* serve.c; NULL: its state is its own */
    struct inquiry *inquiry; /* its latest */
    struct desk *desk; /* NULL: timing-only, or an observer */
    struct region region;
};

static inline uint32_t *rank_posted(struct rank *self, int lane)
{
    return (self->has_more ? self->posted.of_more : self->posted.of_one) + lane;
}

struct observer {
    struct rank rank;
    void **memory;
    int count, room;
};

/* What a member means by its post. */
struct meant {
    const struct schedule *schedule;
    int root;
    enum element element;
    size_t count;
};

static inline bool meant_is(const struct meant *meant, const struct schedule *schedule, int root,
                            enum element element, size_t count)
{
    return meant->schedule == schedule && meant->root == root && meant->element == element && meant->count == count;
}

/* One collective on its way: who has posted, with which vector. */
struct meeting {
    int posted, waiting;
    struct meant meant; /* by all; the first poster's word */
    int first_poster;
    float **vectors; /* by member; NULL in a timing-only run */
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

/* Of a group in a real run. */
struct gate {
    pthread_mutex_t lock; /* of the group's collectives */
    pthread_cond_t done;
};

struct group {
    struct rack *rack;
    int number; /* the clock's */
    int size;
    bool alike; /* see group_set_alike */
    bool dense;        /* member i is rank first + i */
    int first, stride; /* member i is rank first + i * stride, unless `members` has them */
    int *members;      /* NULL where they are a stride apart */
    int lane_base;     /* of every member, unless `lane_bases` has them */
    int *lane_bases;   /* by member; NULL where all have the same */
    struct path path;

    struct gate *gate; /* NULL: timing-only. Its lock is that of what follows */
    struct meeting *meetings; /* a ring of `meeting_room`; those from `ended` on are under way */
    uint32_t ended, begun;
    int meeting_room; /* a power of two, or 0 */
    struct moves *known; /* schedules made into moves */
    int known_count, known_room;
    float *scratch; /* of the collective that runs: copies set aside, and the members' scratch */
    size_t scratch_floats;
};

/* How many messages a collective is made of, by its schedule. */
struct forecast {
    const struct schedule *schedule; /* NULL: none */
    int size, root;
    uint64_t messages;
};
enum { FORECASTS = 16 };

struct rack {
    const struct cluster *cluster;
    const struct cost_ops *cost;
    struct precision precision;
    struct clock *clock;
    struct rank *ranks;
    int size;
    struct group **groups;
    int group_count, group_room;
    struct group *lone; /* the group of one; see rack_lone_group */

    const struct host *host;
    struct seat *seats;
    pthread_mutex_t *cores;
    int core_count;

    struct fibers *fibers; /* NULL: none */
    bool asks;             /* see rack_let_ask */

    atomic_int live, blocked; /* ranks in their program; those that wait for others */
    atomic_bool failed;       /* no rank goes on */
    pthread_mutex_t failure_lock; /* of the three below */
    pthread_cond_t all_gone;
    int gone;      /* ranks that have left their program, or ended it */
    char *failure; /* the first that was said; NULL, when failed: they wait for each other */
    pthread_mutex_t meeting_lock;
    pthread_cond_t meeting_over;
    int met;
    uint64_t meetings;
    atomic_uint_fast64_t mailbox_bytes, mailbox_most;
    struct forecast forecasts[FORECASTS]; /* the latest, by a hash; foretell.c */
    atomic_uint_fast64_t posted_messages; /* written by the one thread of a timing-only run */
};

/* Timing-only: more messages have been posted (foretell.c). */
static inline void foretell(struct rack *rack, uint64_t messages)
{
    uint64_t before = atomic_load_explicit(&rack->posted_messages, memory_order_relaxed);
    atomic_store_explicit(&rack->posted_messages, before + messages, memory_order_relaxed);
}
/* A collective has. */
void foretell_collective(struct rack *rack, int size, const struct meant *meant);

/* Appends an op; resolves the clock when the stream has grown long. */
static inline void rank_record(struct rank *self, const struct op *op)
{
    clock_append(self->rack->clock, self->id, op);
    if (self->real && clock_is_behind(self->rack->clock, self->id))
        clock_resolve(self->rack->clock);
}

/* failure.c: ranks that block, and the end of a run that cannot go on. */

/* Waits, with the lock held that whoever wakes the caller takes, and who calls rack_unblock under it.
 * The last rank to block finds the deadlock. Returns with the lock held when done(argument), else,
 * when the run has failed, not at all: then the lock has been given back. */
void rank_block(struct rank *self, pthread_mutex_t *lock, pthread_cond_t *bell,
                bool (*done)(const void *argument), const void *argument);
/* The same, once the clock has been resolved. */
void rank_sleep(struct rank *self, pthread_mutex_t *lock, pthread_cond_t *bell,
                bool (*done)(const void *argument), const void *argument);
void rack_unblock(struct rack *rack, int ranks);
void rack_leave(struct rack *rack); /* a rank's program has come to its end */
/* Does not return to a real rank; the run has failed. */
void rank_leaves(struct rank *self);
/* Says why the run has failed, unless that has been said; call it with no lock held. A real rank does
 * not return. */
void rank_fail(struct rank *self, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Whether the post may go on: a real rank of a failed run does not return, another one gets false. */
static inline bool rank_goes_on(struct rank *self)
{
    if (!atomic_load(&self->rack->failed))
        return true;
    rank_leaves(self);
    return false;
}

/* Timing-only: the rank's program rests until the clock's answer (fiber.c). */
struct answer fiber_rest(struct rank *self);
void fiber_answer(struct rack *rack, int rank, struct answer answer);

/* The clock has taken a question to `rank` (serve.c). */
void service_note(void *rack, int rank, int by);
void service_free(struct service *service);

void group_free(struct group *group);

/* As group_rank, of a member. */
static inline int group_member(const struct group *group, const struct rank *self)
{
    unsigned index = (unsigned)(self->id - group->first);
    return group->dense && index < (unsigned)group->size ? (int)index : group_rank(group, self);
}

static inline int group_lane(const struct group *group, const struct rank *self, enum group_lane lane)
{
    return (int)lane + (group->lane_bases ? group->lane_bases[group_member(group, self)]
                                          : group->lane_base);
}

/* Parcels (mailbox.c). */
void mailbox_send(struct rank *self, struct group *group, int peer, uint32_t number,
                  const void *bytes, size_t count);
void mailbox_receive(struct rank *self, struct group *group, int peer, uint32_t number, void *bytes,
                     size_t count);
void mailbox_wait_sent(struct rank *self, struct group *group, int peer, uint32_t number);
void mailbox_wait_received(struct rank *self, struct group *group, uint32_t number);
void mailbox_release(struct rank *rank);

/* Collectives (meeting.c, exec.c). */
static inline struct meeting *group_meeting(const struct group *group, uint32_t number)
{
    return &group->meetings[number & ((uint32_t)group->meeting_room - 1)];
}
void meeting_post(struct rank *self, struct group *group, struct meant meant, float *vector,
                  uint32_t number);
/* Timing-only: no vectors meet, but what the members post is compared all the same. */
void meeting_compare(struct rank *self, struct group *group, const struct meant *meant,
                     uint32_t number);
/* At the end: whether a collective has been posted by some and not by others; says who is missing. */
bool meeting_is_left(const struct group *group, struct errors *errors);
void meeting_wait(struct rank *self, struct group *group, uint32_t number);
void moves_run(struct group *group, const struct meeting *meeting);
void moves_release(struct group *group);

#endif
