/* Where a team's members wait for each other without spinning; private to this floor.
 *
 * A mutex and a condition variable, not OpenMP's barrier: that one spins, which burns the cores
 * when nodes outnumber them, and ThreadSanitizer cannot see through it. */
#ifndef THREADRACK_HOST_MEETING_H
#define THREADRACK_HOST_MEETING_H

#include <pthread.h>
#include <stdbool.h>

struct meeting {
    pthread_mutex_t mutex;
    pthread_cond_t all_here, all_left;
    int size, here, left;
    unsigned round;
};

void meeting_init(struct meeting *meeting, int size);
void meeting_release(struct meeting *meeting);

/* Returns when all members have called it. */
void meeting_wait(struct meeting *meeting);
/* The same, for the last time. With last_out (one member) it returns when all others have left, so
 * that the meeting can be released. */
void meeting_end(struct meeting *meeting, bool last_out);

#endif
