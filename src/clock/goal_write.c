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

/* Tags tell apart what the clock matches by: groups, kinds of lanes, strands. */
static int tag_of(const struct goal_writer *writer, const struct lane_writer *lane, int strand)
{
    return 2 * (strand * writer->group_count + lane->number) + (lane->kind != LANE_COLLECTIVES);
}

static uint32_t write_message(struct rank_writer *self, const struct lane_writer *lane, bool sends,
                              int member, int tag, uint64_t bytes, const struct label_set *after)
{
    uint32_t label = ++self->labels;
    text_add(&self->text, "l%u: %s %llub %s %d tag %d\n", label, sends ? "send" : "recv",
             (unsigned long long)bytes, sends ? "to" : "from", lane->group->members[member], tag);
    require(self, label, after);
    return label;
}

/* ---- Operations. ---- */

/* Where a step begins: its lane, its strand, and the bytes of an element. */
struct site {
    int rank, lane, strand;
    uint64_t unit_bytes;
};

/* Returns what waits for its end; what waits only for its send in `sent`. */
static struct label_set write_step(const struct goal_writer *writer, struct site site,
                                   const struct step *step, struct label_set after,
                                   struct label_set *sent)
{
    int rank = site.rank;
    uint64_t unit_bytes = site.unit_bytes;
    struct rank_writer *self = &writer->ranks[rank];
    struct lane_writer *lane = &self->lanes[site.lane];
    const struct device *device = &writer->cluster->devices[rank];
    bool sends = step->send_to >= 0, receives = step->recv_from >= 0;
    struct label_set send_end = {0}, receive_end = {0};
    if (sends)
        send_end = just(write_message(self, lane, true, step->send_to,
                                      tag_of(writer, lane, step->to_strand),
                                      step->send.count * unit_bytes, &after));
    if (receives)
        receive_end = just(write_message(self, lane, false, step->recv_from,
                                         tag_of(writer, lane, site.strand),
                                         step->recv.count * unit_bytes, &after));
    if ((receives || !sends) && step->reduce && device->add_Bps) {
        uint64_t ps = cost_scaled_ps(
            device, transfer_ps(step->recv.count * unit_bytes, device->add_Bps));
        receive_end = write_calc(self, whole_ns(writer, rank, ps, &lane->carry_ps), 1 + site.lane,
                                 receives ? receive_end : after);
    }
    struct label_set end = both(self, send_end, &receive_end);
    *sent = sends ? send_end : after;
    return end.count ? end : after;
}

/* A strand as far as it has been written: of each of its steps, what waits for it. */
struct strand_writer {
    struct label_set *ends, *sent;
    int end_count, end_room, sent_count, sent_room;
    bool ended;
};

/* Writes the strand's next step if what it waits for has been written. */
static bool write_strand(const struct goal_writer *writer, struct site site, const struct op *op,
                         struct call call, struct strand_writer *strands, struct label_set after)
{
    struct strand_writer *strand = &strands[site.strand];
    struct step step;
    call.strand = site.strand;
    strand->ended = !op->schedule->step(&call, strand->end_count, &step);
    if (strand->ended)
        return true;
    const struct strand_writer *other = &strands[step.after.strand];
    if (other->end_count < step.after.steps)
        return false;
    if (strand->end_count)
        after = strand->ends[strand->end_count - 1];
    if (step.after.steps)
        after = both(&writer->ranks[site.rank], after,
                     &(step.after.sent ? other->sent : other->ends)[step.after.steps - 1]);
    struct label_set sent, end = write_step(writer, site, &step, after, &sent);
    *vector_push(&strand->ends, &strand->end_count, &strand->end_room) = end;
    *vector_push(&strand->sent, &strand->sent_count, &strand->sent_room) = sent;
    return true;
}

static struct label_set write_collective(const struct goal_writer *writer, int rank,
                                         const struct op *op, struct label_set after)
{
    struct call call = op_call(op, writer->ranks[rank].lanes[op->lane].group->size);
    int count = schedule_strands(op->schedule, &call);
    struct strand_writer *strands = memory_zeroed((size_t)count, sizeof *strands);
    for (bool went = true; went;) {
        went = false;
        for (int i = 0; i < count; i++)
            while (!strands[i].ended &&
                   write_strand(writer, (struct site){rank, op->lane, i, op->element_bytes}, op,
                                call, strands, after))
                went = true;
    }
    struct label_set end = {0};
    for (int i = 0; i < count; i++) {
        if (strands[i].end_count)
            end = both(&writer->ranks[rank], end, &strands[i].ends[strands[i].end_count - 1]);
        free(strands[i].ends);
        free(strands[i].sent);
    }
    free(strands);
    return end.count ? end : after;
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
            write_message(self, lane, op->kind == OP_SEND, op->peer,
                                        tag_of(writer, lane, 0), op->value, &after));
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
