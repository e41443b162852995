/* Whether the host lets us have so many threads; private to this floor.
 *
 * libgomp aborts the process when it cannot create one. What limits them is spread over
 * RLIMIT_NPROC, the pids cgroup, kernel.threads-max, vm.max_map_count and RLIMIT_AS, each counting
 * other things. So the threads are created once by ourselves, with the same stacks, and let go
 * again: that costs some 20 us a thread, and its answer is exact. */
#ifndef THREADRACK_HOST_REHEARSAL_H
#define THREADRACK_HOST_REHEARSAL_H

#include "threadrack/base/errors.h"

#include <pthread.h>

/* False and a message with the limits when `threads` more, made with `attributes`, cannot be had.
 */
bool rehearse(int threads, const pthread_attr_t *attributes, struct errors *errors);

#endif
