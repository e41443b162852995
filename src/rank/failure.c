/* How a run ends that cannot go on. The first to notice says why and wakes everybody; each real rank
 * then leaves its program at the call that it is in, or at its next one. It waits there until all
 * have come, since others may still be moving bytes from and to buffers on its stack. */
#include "inside.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool rack_failed(const struct rack *rack)
{
    return atomic_load(&rack->failed);
}

/* With failure_lock held. */
static void count_gone(struct rack *rack)
{
    if (++rack->gone == rack->size)
        pthread_cond_broadcast(&rack->all_gone);
}

static _Noreturn void leave_program(struct rank *self)
{
    struct rack *rack = self->rack;
    pthread_mutex_lock(&rack->failure_lock);
    count_gone(rack);
    while (rack->gone < rack->size)
        pthread_cond_wait(&rack->all_gone, &rack->failure_lock);
    pthread_mutex_unlock(&rack->failure_lock);
    longjmp(*self->desk->way_out, 1);
}

void rank_leaves(struct rank *self)
{
    if (self->real)
        leave_program(self);
}

static void wake(pthread_mutex_t *lock, pthread_cond_t *bell)
{
    pthread_mutex_lock(lock); /* a sleeper that has not seen `failed` has begun to wait by now */
    pthread_cond_broadcast(bell);
    pthread_mutex_unlock(lock);
}

static void wake_all(struct rack *rack)
{
    for (int id = 0; id < rack->size; id++) {
        struct desk *desk = rack->ranks[id].desk;
        wake(&desk->lock, &desk->bell);
        wake(&desk->answer_lock, &desk->answer_bell);
    }
    for (int i = 0; i < rack->group_count; i++)
        wake(&rack->groups[i]->gate->lock, &rack->groups[i]->gate->done);
    wake(&rack->meeting_lock, &rack->meeting_over);
}

/* Takes over `failure`. */
static void fail(struct rack *rack, char *failure)
{
    pthread_mutex_lock(&rack->failure_lock);
    bool first = !rack_failed(rack);
    if (first)
        rack->failure = failure;
    else
        free(failure);
    atomic_store(&rack->failed, true);
    pthread_mutex_unlock(&rack->failure_lock);
    if (first && rack->seats)
        wake_all(rack);
}

void rank_fail(struct rank *self, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        abort();
    va_end(arguments);
    fail(self->rack, text);
    if (self->real)
        leave_program(self);
}

static bool is_deadlock(struct rack *rack)
{
    int live = atomic_load(&rack->live); /* before `blocked`, which its last wakers lower first */
    return live > 0 && atomic_load(&rack->blocked) >= live && !rack_failed(rack);
}

void rank_block(struct rank *self, pthread_mutex_t *lock, pthread_cond_t *bell,
                bool (*done)(const void *argument), const void *argument)
{
    clock_resolve(self->rack->clock);
    rank_sleep(self, lock, bell, done, argument);
}

void rank_sleep(struct rank *self, pthread_mutex_t *lock, pthread_cond_t *bell,
                bool (*done)(const void *argument), const void *argument)
{
    struct rack *rack = self->rack;
    atomic_fetch_add(&rack->blocked, 1);
    if (is_deadlock(rack)) {
        pthread_mutex_unlock(lock); /* nobody is left who could make it come true */
        fail(rack, NULL);
        leave_program(self);
    }
    while (!done(argument) && !rack_failed(rack))
        pthread_cond_wait(bell, lock);
    if (done(argument))
        return;
    pthread_mutex_unlock(lock);
    leave_program(self);
}

void rack_unblock(struct rack *rack, int ranks)
{
    atomic_fetch_sub(&rack->blocked, ranks);
}

void rack_leave(struct rack *rack)
{
    atomic_fetch_sub(&rack->live, 1);
    if (is_deadlock(rack))
        fail(rack, NULL);
    pthread_mutex_lock(&rack->failure_lock);
    count_gone(rack);
    pthread_mutex_unlock(&rack->failure_lock);
}
