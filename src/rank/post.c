#include "inside.h"

static const struct request nothing = {0};

/* Of `bytes` in memory, with `accounted` of them on the links. */
static struct request post_send(struct rank *self, struct group *group, int peer, const void *from,
                                size_t bytes, size_t accounted)
{
    if (!rank_goes_on(self))
        return nothing;
    int lane = group_lane(group, self, LANE_SENDS);
    uint32_t number = self->posted[lane]++;
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
    uint32_t number = self->posted[lane]++;
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
                                      const struct meant *meant)
{
    return (struct op){.kind = OP_COLLECTIVE,
                       .lane = group_lane(group, self, LANE_COLLECTIVES),
                       .peer = group_member(group, self),
                       .schedule = meant->schedule,
                       .root = meant->root,
                       .count = meant->count,
                       .element_bytes = element_bytes(meant->element)};
}

/* Timing-only. */
static inline void meet(struct rank *self, struct group *group, const struct meant *meant, int member,
                        uint32_t number)
{
    if (!meant->schedule->whole)
        meeting_compare(self, group, meant, number);
    if (member == 0)
        foretell_collective(self->rack, group->size, meant);
}

struct request rank_post_collective_as(struct rank *self, struct group *group,
                                       const struct schedule *schedule, int root,
                                       enum element element, float *vector, size_t count)
{
    if (!rank_goes_on(self) || group == self->rack->lone)
        return nothing;
    struct meant meant = {schedule, root, element, count};
    struct op op = collective_op(self, group, &meant);
    uint32_t number = self->posted[op.lane]++;
    rank_record(self, &op);
    if (self->real)
        meeting_post(self, group, meant, vector, number);
    else
        meet(self, group, &meant, op.peer, number);
    return (struct request){group, LANE_COLLECTIVES, -1, number};
}

void rank_collective_as(struct rank *self, struct group *group, const struct schedule *schedule, int root,
                        enum element element, float *vector, size_t count)
{
    if (self->real) {
        rank_wait(self, rank_post_collective_as(self, group, schedule, root, element, vector, count));
        return;
    }
    if (!rank_goes_on(self) || group == self->rack->lone)
        return;
    struct meant meant = {schedule, root, element, count};
    struct op op = collective_op(self, group, &meant);
    uint32_t number = self->posted[op.lane]++;
    meet(self, group, &meant, op.peer, number);
    clock_append_awaited(self->rack->clock, self->id, &op, number);
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
