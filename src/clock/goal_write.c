/* Writes what ranks append as GOAL text: a pure function of their op streams, so that it does not
 * matter how they are resolved.
 *
 * A rank's *point* is what its compute lane has to wait for before it goes on: its last calc, and the
 * ends of what it has waited for since. A lane's *end* is what its next operation has to wait for
 * besides the point at which it was posted.
 */
#include "goal_write.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"
#include "threadrack/clock/cost.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SET_MOST = 6, JOIN_CPU = 1 };

/* Labels by number; 0 of them: nothing to wait for. */
struct label_set {
    int count;
    uint32_t labels[SET_MOST];
};

struct lane_writer {
    const struct group *group;
    enum group_lane kind;
    int number; /* of the group */
    struct label_set end;   /* of its last operation */
    struct label_set *ends; /* of all its operations not waited for yet, from `first` on */
    int count, room;
    uint32_t first;
    uint64_t carry_ps; /* of additions */
};

struct rank_writer {
    struct text text;
    uint32_t labels;
    struct label_set point;
    uint64_t carry_ps; /* of computing */
    struct lane_writer *lanes;
    int lane_count, lane_room;
};

struct goal_writer {
    const struct cluster *cluster;
    struct rank_writer *ranks;
    int rank_count, group_count;
};

struct goal_writer *goal_writer_create(const struct cluster *cluster, int ranks)
{
    struct goal_writer *writer = memory_zeroed(1, sizeof *writer);
    writer->cluster = cluster;
    writer->rank_count = ranks;
    writer->ranks = memory_zeroed((size_t)ranks, sizeof *writer->ranks);
    return writer;
}

void goal_writer_free(struct goal_writer *writer)
{
    if (!writer)
        return;
    for (int rank = 0; rank < writer->rank_count; rank++) {
        struct rank_writer *self = &writer->ranks[rank];
        for (int lane = 0; lane < self->lane_count; lane++)
            free(self->lanes[lane].ends);
        free(self->lanes);
        text_release(&self->text);
    }
    free(writer->ranks);
    free(writer);
}

void goal_writer_add_group(struct goal_writer *writer, const struct group *group)
{
    for (int i = 0; i < group->size; i++) {
        struct rank_writer *self = &writer->ranks[group->members[i]];
        while (self->lane_count < group->lane_bases[i] + GROUP_LANES)
            vector_push(&self->lanes, &self->lane_count, &self->lane_room);
        for (int kind = 0; kind < GROUP_LANES; kind++)
            self->lanes[group->lane_bases[i] + kind] = (struct lane_writer){
                .group = group, .kind = (enum group_lane)kind, .number = writer->group_count};
    }
    writer->group_count++;
}

/* ---- Statements. ---- */

static struct label_set just(uint32_t label)
{
    return (struct label_set){.count = 1, .labels = {label}};
}

/* Writes "requires" for the whole set. */
static void require(struct rank_writer *self, uint32_t label, const struct label_set *set)
{
    for (int i = 0; i < set->count; i++)
        text_add(&self->text, "l%u requires l%u\n", label, set->labels[i]);
}

/* A set that would grow too long becomes one label: a calc of no length on a processor of its own. */
static void add_label(struct rank_writer *self, struct label_set *set, uint32_t label)
{
    for (int i = 0; i < set->count; i++)
        if (set->labels[i] == label)
            return;
    if (set->count == SET_MOST) {
        uint32_t join = ++self->labels;
        text_add(&self->text, "l%u: calc 0 cpu %d\n", join, JOIN_CPU);
        require(self, join, set);
        *set = just(join);
    }
    set->labels[set->count++] = label;
}

static struct label_set both(struct rank_writer *self, struct label_set a, const struct label_set *b)
{
    for (int i = 0; i < b->count; i++)
        add_label(self, &a, b->labels[i]);
    return a;
}

/* Whole ns; what is cut off is added to the next. On a device of speed 1, since a replay divides by
 * the node's speed. 0: shorter than 1 ns so far. */
static uint64_t whole_ns(const struct goal_writer *writer, int rank, uint64_t duration_ps,
                         uint64_t *carry_ps)
{
    double speed = writer->cluster->devices[rank].speed;
    uint64_t ps = *carry_ps + (speed == 1.0 ? duration_ps
                                            : (uint64_t)floor((double)duration_ps * speed + 0.5));
    *carry_ps = ps % 1000;
    return ps / 1000;
}

/* Returns what waits for it: itself, or, too short to be written, what it would have waited for. */
static struct label_set write_calc(struct rank_writer *self, uint64_t ns, int cpu,
                                   struct label_set after)
{
    if (ns == 0)
        return after;
    uint32_t label = ++self->labels;
    text_add(&self->text, "l%u: calc %llu cpu %d\n", label, (unsigned long long)ns, cpu);
    require(self, label, &after);
    return just(label);
}

static uint32_t write_message(struct rank_writer *self, const struct lane_writer *lane, bool sends,
                              int member, uint64_t bytes, const struct label_set *after)
{
    uint32_t label = ++self->labels;
    int tag = 2 * lane->number + (lane->kind != LANE_COLLECTIVES);
    text_add(&self->text, "l%u: %s %llub %s %d tag %d\n", label, sends ? "send" : "recv",
             (unsigned long long)bytes, sends ? "to" : "from", lane->group->members[member], tag);
    require(self, label, after);
    return label;
}

/* ---- Operations. ---- */

static struct label_set write_step(const struct goal_writer *writer, int rank, int index,
                                   const struct step *step, uint64_t unit_bytes,
                                   struct label_set after)
{
    struct rank_writer *self = &writer->ranks[rank];
    struct lane_writer *lane = &self->lanes[index];
    const struct device *device = &writer->cluster->devices[rank];
    bool sends = step->send_to >= 0, receives = step->recv_from >= 0;
    struct label_set send_end = {0}, receive_end = {0};
    if (sends)
        send_end = just(write_message(self, lane, true, step->send_to,
                                      step->send.count * unit_bytes, &after));
    if (receives)
        receive_end = just(write_message(self, lane, false, step->recv_from,
                                         step->recv.count * unit_bytes, &after));
    if ((receives || !sends) && step->reduce && device->add_Bps) {
        uint64_t ps = cost_scaled_ps(
            device, transfer_ps(step->recv.count * unit_bytes, device->add_Bps));
        receive_end = write_calc(self, whole_ns(writer, rank, ps, &lane->carry_ps), 1 + index,
                                 receives ? receive_end : after);
    }
    struct label_set end = both(self, send_end, &receive_end);
    return end.count ? end : after;
}

static struct label_set write_collective(const struct goal_writer *writer, int rank,
                                         const struct op *op, struct label_set after)
{
    const struct lane_writer *lane = &writer->ranks[rank].lanes[op->lane];
    struct call call = op->call;
    struct step step;
    call.size = lane->group->size;
    call.rank = op->peer;
    call.context = op->schedule->context;
    for (int i = 0; op->schedule->step(&call, i, &step); i++)
        after = write_step(writer, rank, op->lane, &step, op->element_bytes, after);
    return after;
}

static void write_operation(const struct goal_writer *writer, int rank, const struct op *op)
{
    struct rank_writer *self = &writer->ranks[rank];
    struct lane_writer *lane = &self->lanes[op->lane];
    struct label_set after = both(self, self->point, &lane->end);
    if (op->kind == OP_COLLECTIVE)
        lane->end = write_collective(writer, rank, op, after);
    else
        lane->end = just(
            write_message(self, lane, op->kind == OP_SEND, op->peer, op->value, &after));
    *vector_push(&lane->ends, &lane->count, &lane->room) = lane->end;
}

/* A lane's operations end in order, so the ones before the awaited one need not be kept. */
static void write_wait(struct rank_writer *self, const struct op *op)
{
    struct lane_writer *lane = &self->lanes[op->lane];
    int32_t ended = (int32_t)((uint32_t)op->value - lane->first);
    if (ended <= 0)
        return;
    self->point = both(self, self->point, &lane->ends[ended - 1]);
    lane->count -= ended;
    lane->first += (uint32_t)ended;
    memmove(lane->ends, lane->ends + ended, (size_t)lane->count * sizeof *lane->ends);
}

void goal_writer_take(struct goal_writer *writer, int rank, const struct op *op)
{
    struct rank_writer *self = &writer->ranks[rank];
    switch (op->kind) {
    case OP_COMPUTE:
        self->point = write_calc(self, whole_ns(writer, rank, op->value, &self->carry_ps), 0,
                                 self->point);
        return;
    case OP_WAIT:
        write_wait(self, op);
        return;
    case OP_SEND:
    case OP_RECV:
    case OP_COLLECTIVE:
        write_operation(writer, rank, op);
        return;
    default: /* the end of a step or of the program */
        return;
    }
}

bool goal_writer_write(const struct goal_writer *writer, FILE *stream)
{
    fprintf(stream, "// Written by threadrack; calc in ns. Under the same cluster and netmodel,\n"
                    "//   threadrack run strategy=replay replay.goal=THIS replay.rules=rack math=off\n"
                    "// takes as long as the run that it is of, but for the rounding of calcs.\n"
                    "num_ranks %d\n",
            writer->rank_count);
    for (int rank = 0; rank < writer->rank_count; rank++) {
        const struct text *text = &writer->ranks[rank].text;
        fprintf(stream, "\nrank %d {\n", rank);
        if (text->length)
            fwrite(text->bytes, 1, text->length, stream);
        fputs("}\n", stream);
    }
    return !ferror(stream);
}
