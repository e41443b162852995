#include "inside.h"

static const struct request nothing = {0};

/* Of `bytes` in memory, with `accounted` of them on the links. */
static struct request post_send(struct rank *self, struct group *group, int peer, const void *from,
                                size_t bytes, size_t accounted)
{
    if (!rank_goes_on(self))
        return nothing;
    int lane = group_lane(group, self, LANE_SENDS);
    uint32_t number = (*rank_posted(self, lane))++;
    rank_record(self, &(struct op){.kind = OP_SEND, .lane = lane, .peer = peer, .value = accounted});
    if (self->real)
        mailbox_send(self, group, peer, number, from, bytes);
    else
        foretell(self->rack, 1);
    return (struct request){group, LANE_SENDS, peer, number};
}

static struct request post_receive(struct rank *self, struct group *group, int peer, void *to,
                                   size_t bytes, size_t accounted)
{
    if (!rank_goes_on(self))
        return nothing;
    int lane = group_lane(group, self, LANE_RECEIVES);
    uint32_t number = (*rank_posted(self, lane))++;
    rank_record(self, &(struct op){.kind = OP_RECV, .lane = lane, .peer = peer, .value = accounted});
    if (self->real)
        mailbox_receive(self, group, peer, number, to, bytes);
    return (struct request){group, LANE_RECEIVES, peer, number};
}

struct request rank_post_send(struct rank *self, struct group *group, int peer, const void *bytes,
                              size_t count)
{
    return post_send(self, group, peer, bytes, count, count);
}

struct request rank_post_receive(struct rank *self, struct group *group, int peer, void *bytes,
                                 size_t count)
{
    return post_receive(self, group, peer, bytes, count, count);
}

struct request rank_post_send_numbers(struct rank *self, struct group *group, int peer,
                                      enum number number, const float *values, size_t count)
{
    return post_send(self, group, peer, values, count * sizeof *values,
                     count * rank_number_bytes(self, number));
}

struct request rank_post_receive_numbers(struct rank *self, struct group *group, int peer,
                                         enum number number, float *values, size_t count)
{
    return post_receive(self, group, peer, values, count * sizeof *values,
                        count * rank_number_bytes(self, number));
}

enum element rank_element(const struct rank *self, enum number number)
{
    return rank_number_bytes(self, number) == sizeof(float) ? ELEMENT_FP32 : ELEMENT_HALF;
}

static inline struct op collective_op(const struct rank *self, const struct group *group,
                                      const struct schedule *schedule, int root, enum element element,
                                      size_t count)
{
    return (struct op){.kind = OP_COLLECTIVE,
                       .lane = group_lane(group, self, LANE_COLLECTIVES),
                       .peer = group_member(group, self),
                       .schedule = schedule,
                       .root = root,
                       .count = count,
                       .element_bytes = element_bytes(element)};
}

static __attribute__((noinline)) void meet_any(struct rank *self, struct group *group,
                                               const struct schedule *schedule, int root,
                                               enum element element, size_t count, uint32_t number)
{
    struct meant meant = {schedule, root, element, count};
    if (!schedule->whole)
        meeting_compare(self, group, &meant, number);
    if (group_member(group, self) == 0)
        foretell_collective(self->rack, group->size, &meant);
}

/* Timing-only. What comes neither first nor last, and is as the first, is only counted: member by member of
 * large groups, so nothing goes through memory. */
static inline void meet(struct rank *self, struct group *group, const struct schedule *schedule, int root,
                        enum element element, size_t count, uint32_t number)
{
    bool begun = number - group->ended < group->begun - group->ended;
    struct meeting *meeting = begun ? group_meeting(group, number) : NULL;
    if (meeting && self->id != group->first && meeting->posted + 1 < group->size &&
        meant_is(&meeting->meant, schedule, root, element, count))
        meeting->posted++;
    else
        meet_any(self, group, schedule, root, element, count, number);
}

struct request rank_post_collective_as(struct rank *self, struct group *group,
                                       const struct schedule *schedule, int root,
                                       enum element element, float *vector, size_t count)
{
    if (!rank_goes_on(self) || group == self->rack->lone)
        return nothing;
    struct op op = collective_op(self, group, schedule, root, element, count);
    uint32_t number = (*rank_posted(self, op.lane))++;
    rank_record(self, &op);
    if (self->real)
        meeting_post(self, group, (struct meant){schedule, root, element, count}, vector, number);
    else
        meet(self, group, schedule, root, element, count, number);
    return (struct request){group, LANE_COLLECTIVES, -1, number};
}

void rank_collective_as(struct rank *self, struct group *group, const struct schedule *schedule, int root,
                        enum element element, float *vector, size_t count)
{
    int lane = group_lane(group, self, LANE_COLLECTIVES);
    bool joins = !self->real && group != self->rack->lone && rank_goes_on(self) &&
                 clock_joins(self->rack->clock, self->id, group->number, lane, schedule, count);
    if (joins)
        meet(self, group, schedule, root, element, count, (*rank_posted(self, lane))++);
    else
        rank_wait(self, rank_post_collective_as(self, group, schedule, root, element, vector, count));
}

void rank_wait(struct rank *self, struct request request)
{
    if (!request.group || !rank_goes_on(self))
        return;
    rank_record(self, &(struct op){.kind = OP_WAIT,
                                   .lane = group_lane(request.group, self, request.lane),
                                   .value = request.number + 1u});
    if (!self->real)
        return;
    if (request.lane == LANE_COLLECTIVES)
        meeting_wait(self, request.group, request.number);
    else if (request.lane == LANE_SENDS)
        mailbox_wait_sent(self, request.group, request.peer, request.number);
    else
        mailbox_wait_received(self, request.group, request.number);
}
