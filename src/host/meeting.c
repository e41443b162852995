#include "meeting.h"

void meeting_init(struct meeting *meeting, int size)
{
    *meeting = (struct meeting){.size = size};
    pthread_mutex_init(&meeting->mutex, NULL);
    pthread_cond_init(&meeting->all_here, NULL);
    pthread_cond_init(&meeting->all_left, NULL);
}

void meeting_release(struct meeting *meeting)
{
    pthread_cond_destroy(&meeting->all_left);
    pthread_cond_destroy(&meeting->all_here);
    pthread_mutex_destroy(&meeting->mutex);
}

static void arrive(struct meeting *meeting)
{
    unsigned round = meeting->round;
    if (++meeting->here == meeting->size) {
        meeting->here = 0;
        meeting->round++;
        pthread_cond_broadcast(&meeting->all_here);
    }
    while (round == meeting->round)
        pthread_cond_wait(&meeting->all_here, &meeting->mutex);
}

void meeting_wait(struct meeting *meeting)
{
    pthread_mutex_lock(&meeting->mutex);
    arrive(meeting);
    pthread_mutex_unlock(&meeting->mutex);
}

void meeting_end(struct meeting *meeting, bool last_out)
{
    pthread_mutex_lock(&meeting->mutex);
    arrive(meeting);
    if (++meeting->left == meeting->size)
        pthread_cond_signal(&meeting->all_left);
    while (last_out && meeting->left < meeting->size)
        pthread_cond_wait(&meeting->all_left, &meeting->mutex);
    pthread_mutex_unlock(&meeting->mutex);
}
