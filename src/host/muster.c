#include "muster.h"

void muster_init(struct muster *muster, int size)
{
    *muster = (struct muster){.size = size};
    pthread_mutex_init(&muster->mutex, NULL);
    pthread_cond_init(&muster->all_here, NULL);
    pthread_cond_init(&muster->all_left, NULL);
}

void muster_release(struct muster *muster)
{
    pthread_cond_destroy(&muster->all_left);
    pthread_cond_destroy(&muster->all_here);
    pthread_mutex_destroy(&muster->mutex);
}

static void arrive(struct muster *muster)
{
    unsigned round = muster->round;
    if (++muster->here == muster->size) {
        muster->here = 0;
        muster->round++;
        pthread_cond_broadcast(&muster->all_here);
    }
    while (round == muster->round)
        pthread_cond_wait(&muster->all_here, &muster->mutex);
}

void muster_wait(struct muster *muster)
{
    pthread_mutex_lock(&muster->mutex);
    arrive(muster);
    pthread_mutex_unlock(&muster->mutex);
}

void muster_end(struct muster *muster, bool last_out)
{
    pthread_mutex_lock(&muster->mutex);
    arrive(muster);
    if (++muster->left == muster->size)
        pthread_cond_signal(&muster->all_left);
    while (last_out && muster->left < muster->size)
        pthread_cond_wait(&muster->all_left, &muster->mutex);
    pthread_mutex_unlock(&muster->mutex);
}
