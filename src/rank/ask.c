/* What a program hears of virtual time: it asks the clock by an op, and waits until whoever resolves the
 * clock has come there. */
#include "inside.h"

#include "threadrack/base/memory.h"

static void leave_on_desk(struct rack *rack, struct desk *desk, struct answer answer)
{
    pthread_mutex_lock(&desk->answer_lock);
    desk->answer = answer;
    desk->answered = true;
    if (desk->asking) {
        desk->asking = false;
        rack_unblock(rack, 1);
        pthread_cond_signal(&desk->answer_bell);
    }
    pthread_mutex_unlock(&desk->answer_lock);
}

static void tell(void *context, int rank, struct answer answer)
{
    struct rack *rack = context;
    if (rack->ranks[rank].desk)
        leave_on_desk(rack, rack->ranks[rank].desk, answer);
    else
        fiber_answer(rack, rank, answer);
}

void rack_let_ask(struct rack *rack)
{
    rack->asks = true;
    clock_answer_with(rack->clock,
                      (struct clock_answers){.tell = tell, .served = service_note, .context = rack});
}

static bool is_answered(const void *argument)
{
    const struct desk *desk = argument;
    return desk->answered;
}

static struct answer wait_at_desk(struct rank *self)
{
    struct desk *desk = self->desk;
    clock_resolve(self->rack->clock);
    pthread_mutex_lock(&desk->answer_lock);
    if (!desk->answered) {
        desk->asking = true;
        rank_sleep(self, &desk->answer_lock, &desk->answer_bell, is_answered, desk);
    }
    desk->answered = false;
    struct answer answer = desk->answer;
    pthread_mutex_unlock(&desk->answer_lock);
    return answer;
}

static struct answer wait_for_answer(struct rank *self, const struct op *question)
{
    if (!self->rack->asks)
        BUG("rank %d asks for virtual time in a run without answers", self->id);
    rank_record(self, question);
    return self->real ? wait_at_desk(self) : fiber_rest(self);
}

static struct answer ask(struct rank *self, int lane, uint64_t until_ps)
{
    return wait_for_answer(self, &(struct op){.kind = OP_ASK, .lane = lane, .value = until_ps});
}

/* The receive is numbered when it is posted, and the message fetched when it is known whose it is. */
struct arrival rank_receive_any(struct rank *self, struct group *group, void *bytes, size_t count,
                                uint64_t until_ps)
{
    rank_goes_on(self);
    int lane = group_lane(group, self, LANE_RECEIVES);
    if (!self->any_is_posted)
        rank_record(self, &(struct op){
                              .kind = OP_RECV, .lane = lane, .peer = OP_ANY, .value = count});
    self->any_is_posted = true;
    struct answer answer = ask(self, lane, until_ps);
    if (answer.peer < 0)
        return (struct arrival){-1, answer.now_ps};
    uint32_t number = (*rank_posted(self, lane))++;
    self->any_is_posted = false;
    if (self->real) {
        mailbox_receive(self, group, answer.peer, number, bytes, count);
        mailbox_wait_received(self, group, number);
    }
    return (struct arrival){answer.peer, answer.now_ps};
}

uint64_t rank_now(struct rank *self)
{
    rank_goes_on(self);
    return ask(self, 0, UINT64_MAX).now_ps;
}

uint64_t rank_turn(struct rank *self)
{
    rank_goes_on(self);
    return wait_for_answer(self, &(struct op){.kind = OP_TURN}).now_ps;
}
