/* The rack: all ranks of a run, their groups, and the clock that times them.
 *
 * A run goes through these stages, in order:
 *   1. rack_create, then rack_group for each group of the mesh;
 *   2. set-up of every rank while none is real: this counts what each region has to hold;
 *   3. timing-only: steps of every rank, one rank at a time, with rack_resolve between steps;
 *      real: rack_open makes the regions, and rack_run calls a body on a thread a rank;
 *   4. rack_finish, then the results.
 */
#ifndef THREADRACK_RANK_RACK_H
#define THREADRACK_RANK_RACK_H

#include "threadrack/base/errors.h"
#include "threadrack/clock/clock.h"
#include "threadrack/clock/cost.h"
#include "threadrack/clock/observer.h"
#include "threadrack/clock/resolver.h"
#include "threadrack/host/host.h"
#include "threadrack/rank/rank.h"
#include "threadrack/record/record.h"

#include <stdbool.h>

struct rack;
struct group;

struct rack *rack_create(const struct cluster *cluster, const struct netmodel_ops *netmodel,
                         const struct cost_ops *cost, int ranks);
void rack_free(struct rack *rack);
/* See clock_use: before groups are made. */
void rack_use(struct rack *rack, const struct resolver_ops *resolver, bool kernels);
/* See clock_use_threads: before the first op, timing-only. */
void rack_use_threads(struct rack *rack, int threads);
/* See clock_set_noise: before the run. */
void rack_set_noise(struct rack *rack, const struct noise *noise);
/* Before set-up; unset: four bytes each, no masters. A node's memory is full when accounted bytes are more
 * than it has. */
void rack_set_precision(struct rack *rack, struct precision precision);
int rack_size(const struct rack *rack);
struct rank *rack_rank(struct rack *rack, int id);
const struct cluster *rack_cluster(const struct rack *rack);
const struct cluster *rank_cluster(const struct rank *self);

/* A group of ranks, in ascending order; in a `pipeline` group a wait for a message that its sender
 * has not begun to send is bubble. A group may have one member only. */
struct group *rack_group(struct rack *rack, const int *members, int size, bool pipeline);
/* See clock_name_group; a group of rack_group's. */
void rack_name_group(struct group *group, const char *name);
/* The group that anyone may use who is to have one and shares nothing: it has one member, whoever
 * asks. What is posted there has ended at once and leaves no op; messages are not for it. */
struct group *rack_lone_group(struct rack *rack);
/* Its members do all the same at the same times, so that what one of them does tells of all. */
void group_set_alike(struct group *group);
bool group_is_alike(const struct group *group);
int group_size(const struct group *group);
/* The largest latency and smallest bandwidth between members: of all pairs, where it has at most 64;
 * else of each member's pairs at distances 1, 2, 4, ... */
struct path group_path(const struct group *group);
int group_rank(const struct group *group, const struct rank *self); /* its index as a member */
int group_member_rank(const struct group *group, int index);             /* the rank of a member */

/* See clock_keep_goal: call before rack_group. */
void rack_keep_goal(struct rack *rack);
/* What each rank goes through at rank_replay; see clock_set_graphs. */
void rack_set_graphs(struct rack *rack, const struct goal *goal, enum graph_rules rules);

/* ---- Memory. ---- */

/* Set-up of a timing-only rank begins, anew if it has been set up before: its region is counted from
 * nothing. */
void rank_begin_setup(struct rank *self);

/* What the rank's region holds by kind, as accounted, and how large it really is: the same unless a
 * precision accounts floats with other bytes. */
const uint64_t *rack_memory_bytes(const struct rack *rack, int rank); /* [MEMORY_KINDS] */
uint64_t rack_region_bytes(const struct rack *rack, int rank);
/* Every region against its node's capacity; when one does not fit, a message of the kind
 * STATUS_OUT_OF_MEMORY with what fills it. */
bool rack_fits_nodes(const struct rack *rack, struct errors *errors);

/* ---- Real runs. ---- */

/* Seats the ranks on the cores (host_plan). Holds all regions, BLIS pools, stacks and what the caller
 * needs besides against what the host has free (STATUS_OUT_OF_MEMORY), then maps the regions. Ranks
 * become real. */
bool rack_open(struct rack *rack, const struct host *host, int first_core, int cores,
               uint64_t besides_bytes, struct errors *errors);
/* Calls body(argument, rank) on each rank's own pinned thread; its region is bound and touched
 * there first. Appends OP_END behind it. */
bool rack_run(struct rack *rack, void (*body)(void *argument, struct rank *self), void *argument,
              struct errors *errors);

/* The run has failed when ranks wait for each other for ever, or when members of a group disagree on
 * an operation or on a message's size. Then no rank returns from its next post, wait or meeting: the
 * thread leaves the rank's program by longjmp, back into rack_run. So a rank program holds no lock
 * over those calls, and what it allocates hangs on what its caller frees. rack_finish says what
 * happened. (A timing-only rank program goes on to its end, and nothing that it posts counts.) */
bool rack_failed(const struct rack *rack);

/* Before the first op: rank programs may wait for virtual time (rank/post.h: rank_receive_any). */
void rack_let_ask(struct rack *rack);
/* Timing-only, where they may: calls body(argument, rank) of every rank, each on a stack of its own, in
 * turns: one rests while it waits for virtual time. Resolves the clock. Returns when all have come to
 * their end, or when none goes on (rack_is_stuck, rack_failed). */
void rack_run_in_turns(struct rack *rack, void (*body)(void *argument, struct rank *self),
                       void *argument);

/* Off the clock: all ranks meet; the last to come runs serial(argument) while the others wait. */
void rank_meet(struct rank *self, void (*serial)(void *argument), void *argument);

/* ---- Both ways. ---- */

void rank_replay(struct rank *self); /* the rank goes through its graph, once; nothing is moved */
void rank_mark(struct rank *self); /* the rank has ended a step */
/* The same, also for the ranks from `first` on, which have marks of their own that count for nobody else:
 * these are rank_mark_alone's. Of programs that may ask. */
void rank_mark_for(struct rank *self, int first);
void rank_mark_alone(struct rank *self);
/* In its turn: all ranks' next step ends here; of programs whose other marks are rank_mark_alone's. */
void rank_mark_for_all(struct rank *self);
void rank_end(struct rank *self);  /* timing-only: the rank has ended its program */
/* Before the first op, timing-only: see clock_pulse_with. */
void rack_pulse_with(struct rack *rack, struct clock_pulse pulse);
int rack_marks_by(struct rack *rack, int ranks); /* clock_marks_by */
/* Messages that ranks have posted so far, those of collectives by what their schedules say: exact but for large
 * groups, of which some members stand for all. By any thread. */
uint64_t rack_posted_messages(const struct rack *rack);
void rack_resolve(struct rack *rack);
bool rack_is_stuck(const struct rack *rack); /* see clock_is_stuck: rack_finish will fail */
/* Resolves the rest. False and a message of the kind STATUS_FAILED, of one line, when the run has
 * failed: which ranks disagree, or who waits for whom, and where. False alone where the clock was stopped. */
bool rack_finish(struct rack *rack, struct errors *errors);
/* Before the first op; see clock/observer.h. */
void rack_observe(struct rack *rack, struct clock_observer *observer);
const struct clock *rack_clock(const struct rack *rack);
uint64_t rack_mailbox_bytes(const struct rack *rack); /* the most that copies took at a time */

/* For tests: where the rank's region and thread are. */
const void *rack_region_address(const struct rack *rack, int rank);

#endif
