#include "threadrack/comm/relay.h"

#include "threadrack/clock/netmodel.h"

static struct whole whole_of(const struct call *call)
{
    const struct relay_form *form = call->context;
    uint64_t bytes = call->count * form->number_bytes;
    return (struct whole){.duration_ps = form->path.bandwidth_Bps ? hockney_ps(form->path, bytes) : 0,
                          .bytes = bytes,
                          .messages = 1};
}

void relay_close(struct relay_form *form, struct path path, size_t number_bytes)
{
    form->number_bytes = number_bytes;
    form->path = path;
    form->schedule = (struct schedule){.name = "relay", .whole = whole_of, .context = form};
}

void relay_init(struct relay *relay, struct rank *self, struct group *group, const struct relay_form *form)
{
    *relay = (struct relay){.self = self, .group = group, .form = form};
}

void relay_post(struct relay *relay, int road, const float *out, float *in, size_t count)
{
    struct request *requests = relay->requests[road];
    int size = group_size(relay->group), at = group_rank(relay->group, relay->self);
    if (relay->form) {
        requests[0] = rank_post_collective_as(relay->self, relay->group, &relay->form->schedule, 0,
                                              rank_element(relay->self, NUMBER_VALUE), NULL, count);
        return;
    }
    requests[0] =
        rank_post_send_numbers(relay->self, relay->group, (at + 1) % size, NUMBER_VALUE, out, count);
    requests[1] = rank_post_receive_numbers(relay->self, relay->group, (at + size - 1) % size,
                                            NUMBER_VALUE, in, count);
}

void relay_wait(struct relay *relay, int road)
{
    for (int i = 0; i < 2; i++) {
        rank_wait(relay->self, relay->requests[road][i]);
        relay->requests[road][i] = (struct request){0};
    }
}
