#include "inside.h"

static const struct request nothing = {0};

struct request rank_post_send(struct rank *self, struct group *group, int peer, const void *bytes,
                              size_t count)
{
    if (!rank_goes_on(self))
        return nothing;
    int lane = group_lane(group, self, LANE_SENDS);
    uint32_t number = self->posted[lane]++;
    rank_record(self, &(struct op){.kind = OP_SEND, .lane = lane, .peer = peer, .value = count});
    if (self->real)
        mailbox_send(self, group, peer, number, bytes, count);
    return (struct request){group, LANE_SENDS, peer, number};
}

struct request rank_post_receive(struct rank *self, struct group *group, int peer, void *bytes,
                                 size_t count)
{
    if (!rank_goes_on(self))
        return nothing;
    int lane = group_lane(group, self, LANE_RECEIVES);
    uint32_t number = self->posted[lane]++;
    rank_record(self, &(struct op){.kind = OP_RECV, .lane = lane, .peer = peer, .value = count});
    if (self->real)
        mailbox_receive(self, group, peer, number, bytes, count);
    return (struct request){group, LANE_RECEIVES, peer, number};
}

struct request rank_post_collective_as(struct rank *self, struct group *group,
                                       const struct schedule *schedule, int root,
                                       enum element element, float *vector, size_t count)
{
    if (!rank_goes_on(self) || group == self->rack->lone)
        return nothing;
    int lane = group_lane(group, self, LANE_COLLECTIVES);
    uint32_t number = self->posted[lane]++;
    struct meant meant = {schedule, root, element, count};
    rank_record(self, &(struct op){.kind = OP_COLLECTIVE,
                                   .lane = lane,
                                   .peer = group_member(group, self),
                                   .schedule = schedule,
                                   .root = root,
                                   .count = count,
                                   .element_bytes = element_bytes(element)});
    if (self->real)
        meeting_post(self, group, meant, vector, number);
    else if (!schedule->whole)
        meeting_compare(self, group, &meant, number);
    return (struct request){group, LANE_COLLECTIVES, -1, number};
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
