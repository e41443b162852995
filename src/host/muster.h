/* Where a team's members wait for each other without spinning; private to this floor.
 *
 * A mutex and a condition variable, not OpenMP's barrier: that one spins, which burns the cores
 * when nodes outnumber them, and ThreadSanitizer cannot see through it. */
#ifndef THREADRACK_HOST_MUSTER_H
#define THREADRACK_HOST_MUSTER_H

#include <pthread.h>
#include <stdbool.h>

struct muster {
    pthread_mutex_t mutex;
    pthread_cond_t all_here, all_left;
    int size, here, left;
    unsigned round;
};

void muster_init(struct muster *muster, int size);
void muster_release(struct muster *muster);

/* Returns when all members have called it. */
void muster_wait(struct muster *muster);
/* The same, for the last time. With last_out (one member) it returns when all others have left, so
 * that the muster can be released. */
void muster_end(struct muster *muster, bool last_out);

#endif
