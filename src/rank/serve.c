/* A rank whose state others ask for while its program goes on. The clock says in which order they come;
 * whoever needs an answer, or the state itself, then gives the answers that are due, in that order, on his
 * own thread. */
#include "inside.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

struct service {
    pthread_mutex_t lock; /* of the state: held by whoever reads or changes it */
    void (*answer)(void *context, const void *question, void *answer);
    void *context;

    pthread_mutex_t taken_lock; /* of what follows */
    int *taken;                 /* ranks whose questions have come and are not answered */
    int first, count, room;
    uint64_t served;
};

void rank_share(struct rank *self, void (*answer)(void *context, const void *question, void *answer),
                void *context)
{
    struct service *service = self->service = memory_zeroed(1, sizeof *service);
    service->answer = answer;
    service->context = context;
    pthread_mutex_init(&service->lock, NULL);
    pthread_mutex_init(&service->taken_lock, NULL);
}

void service_free(struct service *service)
{
    if (!service)
        return;
    pthread_mutex_destroy(&service->lock);
    pthread_mutex_destroy(&service->taken_lock);
    free(service->taken);
    free(service);
}

void rank_serve(struct rank *self, struct group *group, size_t count)
{
    if (!rank_goes_on(self))
        return;
    rank_record(self, &(struct op){.kind = OP_SERVE,
                                   .lane = group_lane(group, self, LANE_RECEIVES),
                                   .value = count});
}

void service_note(void *context, int rank, int by)
{
    const struct rack *rack = context;
    struct service *service = rack->ranks[rank].service;
    pthread_mutex_lock(&service->taken_lock);
    service->served++;
    if (rack->ranks[rank].real)
        *vector_push(&service->taken, &service->count, &service->room) = by;
    pthread_mutex_unlock(&service->taken_lock);
}

/* Returns the rank that asks; -1: none. */
static int next_taken(struct service *service)
{
    pthread_mutex_lock(&service->taken_lock);
    int by = service->first < service->count ? service->taken[service->first++] : -1;
    if (service->first == service->count)
        service->first = service->count = 0;
    pthread_mutex_unlock(&service->taken_lock);
    return by;
}

/* With the state's lock held. */
static void answer_all(const struct rack *rack, struct service *service)
{
    for (int by = next_taken(service); by >= 0; by = next_taken(service)) {
        struct inquiry *inquiry = rack->ranks[by].inquiry;
        service->answer(service->context, inquiry->bytes, inquiry->answer);
        inquiry->answered = true;
    }
}

uint64_t rank_hold(struct rank *self)
{
    struct service *service = self->service;
    pthread_mutex_lock(&service->lock);
    answer_all(self->rack, service);
    pthread_mutex_lock(&service->taken_lock);
    uint64_t served = service->served;
    pthread_mutex_unlock(&service->taken_lock);
    return served;
}

void rank_let_go(struct rank *self)
{
    pthread_mutex_unlock(&self->service->lock);
}

void rank_post_inquiry(struct rank *self, struct inquiry *inquiry, struct group *group, int peer,
                        const void *bytes, void *answer, size_t count)
{
    if (!rank_goes_on(self))
        return;
    int sends = group_lane(group, self, LANE_SENDS), receives = group_lane(group, self, LANE_RECEIVES);
    *inquiry = (struct inquiry){.peer = group_member_rank(group, peer), .bytes = bytes, .answer = answer,
                                  .send_lane = sends, .receive_lane = receives};
    self->inquiry = inquiry;
    rank_record(self, &(struct op){.kind = OP_RECV, .lane = receives, .peer = peer, .value = count});
    rank_record(self, &(struct op){.kind = OP_SEND, .lane = sends, .peer = peer, .value = count});
    inquiry->received = ++*rank_posted(self, receives);
    inquiry->sent = ++*rank_posted(self, sends);
}

void rank_wait_answer(struct rank *self, struct inquiry *inquiry)
{
    if (!rank_goes_on(self))
        return;
    rank_record(self, &(struct op){.kind = OP_WAIT, .lane = inquiry->send_lane, .value = inquiry->sent});
    rank_record(self,
                &(struct op){.kind = OP_WAIT, .lane = inquiry->receive_lane, .value = inquiry->received});
    rank_now(self);
    if (!self->real)
        return;
    struct rank *server = &self->rack->ranks[inquiry->peer];
    rank_hold(server);
    bool answered = inquiry->answered;
    rank_let_go(server);
    if (!answered)
        BUG("rank %d has no answer from rank %d, though its time has come", self->id, inquiry->peer);
}
