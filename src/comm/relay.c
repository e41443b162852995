#include "threadrack/comm/relay.h"

#include "threadrack/clock/netmodel.h"

static struct whole whole_of(const struct call *call)
{
    const struct relay *relay = call->context;
    uint64_t bytes = call->count * sizeof(float);
    return (struct whole){.duration_ps = relay->path.bandwidth_Bps ? hockney_ps(relay->path, bytes) : 0,
                          .bytes = bytes,
                          .messages = 1};
}

void relay_init(struct relay *relay, struct rank *self, struct group *group, enum relay_kind kind)
{
    *relay = (struct relay){.self = self, .group = group};
    if (kind == RELAY_MESSAGES)
        return;
    relay->closed = (struct schedule){.name = "relay", .whole = whole_of, .context = relay};
    if (kind == RELAY_CLOSED)
        relay->path = group_path(group);
}

void relay_post(struct relay *relay, int road, const float *out, float *in, size_t count)
{
    struct request *requests = relay->requests[road];
    int size = group_size(relay->group), at = group_rank(relay->group, relay->self);
    if (relay->closed.whole) {
        requests[0] = rank_post_collective(relay->self, relay->group, &relay->closed, 0, NULL, count);
        return;
    }
    requests[0] = rank_post_send(relay->self, relay->group, (at + 1) % size, out, count * sizeof *out);
    requests[1] =
        rank_post_receive(relay->self, relay->group, (at + size - 1) % size, in, count * sizeof *in);
}

void relay_wait(struct relay *relay, int road)
{
    for (int i = 0; i < 2; i++) {
        rank_wait(relay->self, relay->requests[road][i]);
        relay->requests[road][i] = (struct request){0};
    }
}
