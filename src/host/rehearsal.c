#include "rehearsal.h"

#include "cgroup.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"

#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

struct extra {
    pthread_t thread;
    pthread_mutex_t *gate;
    pid_t id;
};

static void *stand(void *argument)
{
    struct extra *extra = argument;
    extra->id = gettid();
    pthread_mutex_lock(extra->gate); /* held until all exist at once */
    pthread_mutex_unlock(extra->gate);
    return NULL;
}

/* A joined thread is counted against the limits until the kernel has buried it. */
static void bury(const struct extra *extra)
{
    pthread_join(extra->thread, NULL);
    while (!tgkill(getpid(), extra->id, 0))
        sched_yield();
}

static void lower(void *context, const char *folder, int version)
{
    (void)version; /* both name it alike */
    uint64_t *least = context, most;
    if (cgroup_number(folder, "pids.max", &most) && most < *least)
        *least = most;
}

static void explain(int had, int wanted, int failure, struct errors *errors)
{
    struct text limits = {0};
    struct rlimit processes;
    uint64_t kernel, group = UINT64_MAX;
    if (!getrlimit(RLIMIT_NPROC, &processes) && processes.rlim_cur != RLIM_INFINITY)
        text_add(&limits, ", ulimit -u is %" PRIu64, (uint64_t)processes.rlim_cur);
    if (cgroup_number("/proc/sys/kernel", "threads-max", &kernel))
        text_add(&limits, ", kernel.threads-max %" PRIu64, kernel);
    if (cgroup_number("/proc/sys/vm", "max_map_count", &kernel))
        text_add(&limits, ", vm.max_map_count %" PRIu64, kernel);
    cgroup_each("pids", lower, &group);
    if (group != UINT64_MAX)
        text_add(&limits, ", the cgroup's pids.max %" PRIu64, group);
    errors_add_status(errors, STATUS_FAILED,
                      "host: the machine allows %d more threads, and %d are needed (%s%s)", had,
                      wanted, strerror(failure), limits.bytes ? limits.bytes : "");
    text_release(&limits);
}

bool rehearse(int threads, const pthread_attr_t *attributes, struct errors *errors)
{
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    struct extra *extras = memory_zeroed((size_t)threads, sizeof *extras);
    int count = 0, failure = 0;
    pthread_mutex_lock(&gate);
    for (; count < threads && !failure; count += !failure) {
        extras[count].gate = &gate;
        failure = pthread_create(&extras[count].thread, attributes, stand, &extras[count]);
    }
    pthread_mutex_unlock(&gate);
    for (int i = 0; i < count; i++)
        bury(&extras[i]);
    pthread_mutex_destroy(&gate);
    free(extras);
    if (failure)
        explain(count, threads, failure, errors);
    return !failure;
}
