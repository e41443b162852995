/* The virtual clock: consumes the op streams of all ranks and says when each op starts and ends.
 *
 * Virtual time is integer picoseconds and a pure function of (op streams, cluster, netmodel): never
 * of the host. A rank has a compute lane, and, for each group that it belongs to, three lanes more:
 * its collectives, its sends and its receives. Ops of a lane run in post order; lanes contend only
 * for the node's ports and links.
 *
 * Time advances only while no rank is *starved*, that is, while every rank's compute lane is busy,
 * blocked in a wait, or has ended: a starved rank could still act at the present instant. So the
 * order in which the host's threads happen to append does not matter. Within an instant all ranks
 * act first; then the transfers that they began start in (rank, sequence) order.
 *
 * Appending (clock_append) is for the rank's own thread; resolving is for whoever is there.
 */
#ifndef THREADRACK_CLOCK_CLOCK_H
#define THREADRACK_CLOCK_CLOCK_H

#include "threadrack/clock/graph.h"
#include "threadrack/clock/netmodel.h"
#include "threadrack/clock/noise.h"
#include "threadrack/clock/op.h"
#include "threadrack/record/record.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct clock;

/* Rank i runs on node i of the cluster; `ranks` may be fewer than its nodes. */
struct clock *clock_create(const struct cluster *cluster, const struct netmodel_ops *netmodel,
                           int ranks);
void clock_free(struct clock *clock);

/* Before the run: stretches compute ops; see clock/noise.h. */
void clock_set_noise(struct clock *clock, const struct noise *noise);

/* The three lanes of a group at one of its members, as indices from lane_base. */
enum group_lane { LANE_COLLECTIVES, LANE_SENDS, LANE_RECEIVES, GROUP_LANES };

/* Before the run: a group of `size` ranks; waits in a `pipeline` group are bubble. Writes each
 * member's lane_base (>= 1; lane 0 is the compute lane). Returns the group's number. */
int clock_add_group(struct clock *clock, const int *members, int size, bool pipeline,
                    int *lane_bases);
/* What observers call the group of that number, such as the axis of a mesh. The text outlives the
 * clock. */
void clock_name_group(struct clock *clock, int group, const char *name);

/* Before the run: what each rank goes through at its OP_GRAPH. `goal` has a graph for each rank, and
 * outlives the clock. A rank without OP_GRAPH leaves its graph alone. */
void clock_set_graphs(struct clock *clock, const struct goal *goal, enum graph_rules rules);
/* After the run: messages of graphs that no receive asked for; `line` is the first one's, in the file.
 */
uint64_t clock_unreceived(const struct clock *clock, uint32_t *line);

/* Before the groups are made: keeps what ranks append as GOAL text, in memory, about 60 bytes a
 * message and side. Collectives are their messages, by their schedules; a collective's additions are
 * calcs on a cpu for its lane (they do not slow the compute lane); tags tell groups apart. Calcs are
 * whole ns: what is cut off is added to the next, so that their sum is right. */
void clock_keep_goal(struct clock *clock);
bool clock_write_goal(const struct clock *clock, FILE *stream); /* false: writing failed */

/* Before the first op, of a timing-only run: 2 threads: what is appended is resolved by a second
 * thread while the caller's goes on to append. All times, and all that observers see, are the same. */
void clock_use_threads(struct clock *clock, int threads);
/* Waits for the second thread to resolve what has been appended, and ends it. */
void clock_settle(struct clock *clock);
/* Before the run: ranks append on threads of their own. Else streams that are empty once the clock has
 * been resolved give back their memory. */
void clock_share(struct clock *clock);

/* What a rank's OP_ASK has come to. */
struct answer {
    int peer; /* the member whose message the lane's latest receive from anyone took; -1: none has */
    uint64_t now_ps;
};

/* Before the first op: ranks' programs may ask (OP_ASK), and wait for the answer before they append
 * anything else. An ask is answered once its lane has nothing left to do, but no later than at its value,
 * a time (UINT64_MAX: none); what happens at that very time is too late. With lane 0 at once. A receive
 * from OP_ANY takes the message that is delivered first; of those at one instant, the one that the
 * netmodel delivers first, which its own order decides. `tell` is called while the clock is resolved: it
 * may not call the clock. Then clock_resolve waits for whoever else is resolving. By events only.
 *
 * OP_TURN is answered at the end of its instant, when no rank is left that can act, of several ranks the
 * lowest first; no other turn is given, and no time passes, until that rank has appended what it does next.
 *
 * OP_SERVE of a receive lane stays for ever: message by message, whatever the rank's compute lane does, the
 * lane takes what is delivered first, `served` is called, and the lane sends as many bytes back, into the
 * receive lane of whoever sent it, and adds what it took (the device's add_Bps) meanwhile; then the next. */
struct clock_answers {
    void (*tell)(void *context, int rank, struct answer answer);
    void (*served)(void *context, int rank, int by); /* ranks; may not call the clock either */
    void *context;
};
void clock_answer_with(struct clock *clock, struct clock_answers answers);

/* Before the first op: whoever resolves calls `beat` every few thousand messages, and when it has resolved
 * what there is; once it returns false, nothing is resolved any more, in the midst of whatever it was. Then
 * the clock is stuck and stopped, and clock_marks_by says which steps had ended: their marks hold. (What
 * shows later only, that a resolver was not exact, has not been looked for.) */
struct clock_pulse {
    bool (*beat)(void *context, struct clock *clock);
    void *context;
};
void clock_pulse_with(struct clock *clock, struct clock_pulse pulse);
bool clock_stopped(const struct clock *clock); /* for whoever resolves; for others once it has settled */
/* The first marks that so many ranks have passed; of one clock always by as many. As clock_stopped. */
int clock_marks_by(struct clock *clock, int ranks);
/* Messages sent so far, for `beat`. */
uint64_t clock_messages_so_far(const struct clock *clock);

/* By the rank's thread. */
void clock_append(struct clock *clock, int rank, const struct op *op);
/* Shorter ways to append what most ops are: a compute op ... */
void clock_append_compute(struct clock *clock, int rank, uint64_t duration_ps);
/* ... and a collective that is waited for at once, if others wait in it already for this rank to come: else
 * nothing has been appended. */
bool clock_joins(struct clock *clock, int rank, int group, int lane, const struct schedule *schedule,
                 size_t count);
/* Likewise, of a real run: whether the stream is long enough for the clock to be worth resolving. */
bool clock_is_behind(const struct clock *clock, int rank);

/* Resolves as far as the streams allow. Returns at once when somebody else is resolving. */
void clock_resolve(struct clock *clock);

/* True once ranks wait for each other for ever, whatever is appended: nothing is under way, and each
 * rank has ended or is blocked. A real run need not come to its end then: sends are buffered between
 * the host's threads, also where the netmodel's rendezvous holds them up. Also true once the resolver
 * is lost (clock_lost) or stopped (clock_stopped): nothing is resolved any more. */
bool clock_is_stuck(struct clock *clock);

/* ---- After every rank's OP_END has been appended. ---- */

/* Resolves the rest. False when ranks wait for ever, or when a message is not of the size that its
 * receiver asks for: then clock_report says who waits for whom, and where, in one line. */
bool clock_finish(struct clock *clock);
void clock_report(struct clock *clock, FILE *stream);

uint64_t clock_length_ps(const struct clock *clock); /* when the last rank ended */
struct node_record clock_record(const struct clock *clock, int rank);
int clock_mark_count(const struct clock *clock);
uint64_t clock_mark_ps(const struct clock *clock, int mark); /* when the last rank ended that step */
/* Sent since the run began, by each rank up to its own end of that step, over all ranks. */
uint64_t clock_mark_bytes(const struct clock *clock, int mark);
uint64_t clock_messages(const struct clock *clock);

/* See link_use_worst; -1 for a model that shares links. */
int clock_worst_link(const struct clock *clock, int *factor);

#endif
