/* Messages between ranks, as posts and waits: the floor on which comm/ builds.
 *
 * A post never blocks. Its buffer belongs to the operation until the wait. In a real run bytes move
 * when the last member posts; a send that nobody has asked for by its wait is copied to a mailbox,
 * so that waiting for a send never blocks its thread (it is *buffered*). On the virtual clock it is
 * buffered, too, unless the netmodel's rendezvous says otherwise (cluster.loggp.rendezvous): then
 * waiting for a long send lasts until its receive is posted, and a cycle of such waits is a deadlock,
 * which rack_finish reports of a real run as of a timing-only one. Messages of a group between two
 * members keep their order. Members post the collectives of a group in one order; a mismatch of
 * operation, count or root fails the run and names both; so does a message of another size than its
 * receiver asks for, a collective that a member never posts, and a wait that cannot end (rack.h).
 *
 * In a real run the wait for a collective ends when all members have posted it, in virtual time when
 * the member's own steps have ended: so a member may not wait for a collective before it has done
 * what another does before it posts that collective.
 */
#ifndef THREADRACK_RANK_POST_H
#define THREADRACK_RANK_POST_H

#include "threadrack/clock/clock.h"
#include "threadrack/clock/schedule.h"
#include "threadrack/math/narrow.h"
#include "threadrack/rank/rack.h"

/* Of two words, so that it is returned and passed in registers. */
struct request {
    struct group *group; /* NULL: nothing to wait for */
    enum group_lane lane : 8;
    int peer : 24;   /* as of an op; -1: none */
    uint32_t number; /* among the lane's operations at this rank */
};

/* Buffers may be NULL where the rank is not real. Peers are members' indices. */
struct request rank_post_send(struct rank *self, struct group *group, int peer, const void *bytes,
                              size_t count);
struct request rank_post_receive(struct rank *self, struct group *group, int peer, void *bytes,
                                 size_t count);
/* The same of `count` floats, which cross the links with the number's bytes each. */
struct request rank_post_send_numbers(struct rank *self, struct group *group, int peer,
                                      enum number number, const float *values, size_t count);
struct request rank_post_receive_numbers(struct rank *self, struct group *group, int peer,
                                         enum number number, float *values, size_t count);
/* What the run's precision sends such a number as. */
enum element rank_element(const struct rank *self, enum number number);
/* `vector` holds `count` floats at every member; see clock/schedule.h. Of a narrower element they are
 * floats that it holds: its bytes cross the links, and every addition is rounded to it. */
struct request rank_post_collective_as(struct rank *self, struct group *group,
                                       const struct schedule *schedule, int root,
                                       enum element element, float *vector, size_t count);
static inline struct request rank_post_collective(struct rank *self, struct group *group,
                                                  const struct schedule *schedule, int root,
                                                  float *vector, size_t count)
{
    return rank_post_collective_as(self, group, schedule, root, ELEMENT_FP32, vector, count);
}
void rank_wait(struct rank *self, struct request request);
/* Posts and waits, as one: what a rank does that has nothing else to do meanwhile. */
void rank_collective_as(struct rank *self, struct group *group, const struct schedule *schedule, int root,
                        enum element element, float *vector, size_t count);
static inline void rank_collective(struct rank *self, struct group *group, const struct schedule *schedule,
                                   int root, float *vector, size_t count)
{
    rank_collective_as(self, group, schedule, root, ELEMENT_FP32, vector, count);
}

/* ---- Programs that branch on virtual time (rack_let_ask). ---- */

struct arrival {
    int peer;        /* -1: the time came first */
    uint64_t now_ps; /* when the program goes on */
};

/* Takes the message of the group that is delivered first, whoever sends it; of those at one instant the
 * one that the netmodel delivers first. At `until_ps` the caller goes on without one; what is delivered
 * at that very time is too late. The receive stays posted then, and the next call, of the same count,
 * goes on with it. All messages to this member are of that size, and it posts no other receives
 * meanwhile. UINT64_MAX: waits as long as it takes. */
struct arrival rank_receive_any(struct rank *self, struct group *group, void *bytes, size_t count,
                                uint64_t until_ps);
/* The virtual time at which the program is. */
uint64_t rank_now(struct rank *self);
/* The same, at the end of that instant, when all other ranks have acted; of several that ask for it the lowest
 * first. Until the program appends an op, nobody else has a turn and no time passes: so what is changed in turns
 * changes in the order of virtual time. */
uint64_t rank_turn(struct rank *self);

/* ---- A rank whose state others ask for, whatever its program does (rack_let_ask). ----
 *
 *     asks    post a question                                  wait for the answer
 *     serves          \-> o  its receive lane takes one question after the other, in the order of virtual time,
 *                            answers it, and adds it to the state
 *
 * As many bytes go back as have come. */

/* Before its first op: others may read the rank's state under rank_hold, and ask for it if it serves. Real:
 * `answer` turns the bytes of a question into those of its answer, and changes the state, at the time at which
 * the clock has it taken; called under rank_hold. */
void rank_share(struct rank *self, void (*answer)(void *context, const void *question, void *answer),
                void *context);
/* From now on, to the end of the run, the rank's program's end included: what comes to this member, `count` bytes
 * each, is a question. The member posts no receives in the group. */
void rank_serve(struct rank *self, struct group *group, size_t count);
/* From here on, and until it lets go, the state is the caller's, as it is at present: that is, behind rank_now or
 * rank_turn, and before the op that follows it. Of its own rank's program, which may append while it holds; or of
 * another's, in its turn. Returns how many questions have been answered so far. */
uint64_t rank_hold(struct rank *self);
void rank_let_go(struct rank *self);

struct inquiry {
    int peer, send_lane, receive_lane;
    const void *bytes;
    void *answer;
    uint32_t sent, received;
    bool answered;
};
/* One at a time. The buffers, and the inquiry, are the operation's until its answer has been waited for; they may
 * be NULL where the rank is not real. The wait ends as rank_now does. */
void rank_post_inquiry(struct rank *self, struct inquiry *inquiry, struct group *group, int peer,
                        const void *bytes, void *answer, size_t count);
void rank_wait_answer(struct rank *self, struct inquiry *inquiry);

#endif
