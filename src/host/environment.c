/* Starts the program again without the settings that would move, stop or multiply our threads.
 *
 * libgomp reads its settings when it is loaded, before main: unsetting them there is too late. Nor
 * would the second start see the user's own binding, since with OMP_PROC_BIND libgomp has by then
 * bound the first thread to one place, and exec hands that down. So the binding is read before any
 * library starts, and restored. */
#include "threadrack/host/host.h"

#include "pin.h"

#include "threadrack/base/memory.h"

#include <errno.h>
#include <fnmatch.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static cpu_set_t first_binding[MOST_CPUS / CPU_SETSIZE];
static long first_binding_bytes; /* 0 or less: unknown */

/* Runs before the sanitizers' own start as well, so it keeps clear of what they intercept. */
__attribute__((no_sanitize("address", "thread", "undefined"))) static void read_binding(void)
{
    first_binding_bytes = syscall(SYS_sched_getaffinity, 0, sizeof first_binding, first_binding);
}

__attribute__((section(".preinit_array"),
               used)) static void (*before_libraries)(void) = read_binding;

static const struct {
    const char *pattern, *why;
} overridden[] = {
    {"OMP_PROC_BIND*", "threadrack pins its threads itself"},
    {"OMP_PLACES*", "threadrack pins its threads itself"},
    {"GOMP_CPU_AFFINITY", "threadrack pins its threads itself"},
    {"OMP_NUM_THREADS*", "a run has one thread a node"},
    {"OMP_NUM_TEAMS*", "a run has one thread a node"},
    {"OMP_TEAMS_THREAD_LIMIT*", "a run has one thread a node"},
    {"OMP_THREAD_LIMIT*", "a run has one thread a node"},
    {"OMP_DYNAMIC*", "a run has one thread a node"},
    {"OMP_MAX_ACTIVE_LEVELS*", "a run has one thread a node"},
    {"OMP_NESTED", "a run has one thread a node"},
    {"OMP_WAIT_POLICY*", "threads that wait must not spin"},
    {"GOMP_SPINCOUNT", "threads that wait must not spin"},
    {"OMP_STACKSIZE*", "threadrack sets the stacks itself"},
    {"GOMP_STACKSIZE", "threadrack sets the stacks itself"},
    {"KMP_*", "a run has one thread a node, pinned by threadrack"},
    {"BLIS_NUM_THREADS", "a node computes on its own thread alone"},
    {"BLIS_*_NT", "a node computes on its own thread alone"},
};
enum { OVERRIDDEN = sizeof overridden / sizeof *overridden };

/* Set in the second start, so that there is never a third. */
static const char mark[] = "THREADRACK_OWN_ENVIRONMENT";

static const char *reason(const char *name)
{
    for (int i = 0; i < OVERRIDDEN; i++)
        if (!fnmatch(overridden[i].pattern, name, 0))
            return overridden[i].why;
    return NULL;
}

/* Unsets the first variable that is overridden; false when there is none. */
static bool remove_one(bool quiet)
{
    for (char **entry = environ; entry && *entry; entry++) {
        char *name = memory_text("%.*s", (int)strcspn(*entry, "="), *entry);
        const char *why = reason(name);
        if (why && !quiet)
            fprintf(stderr, "threadrack: ignoring %s: %s\n", *entry, why);
        if (why)
            unsetenv(name); /* moves the entries behind it */
        free(name);
        if (why)
            return true;
    }
    return false;
}

void host_own_environment(char **arguments, bool quiet)
{
    if (getenv(mark)) {
        unsetenv(mark);
        return;
    }
    bool changed = false;
    while (remove_one(quiet))
        changed = true;
    if (!changed)
        return;
    setenv(mark, "1", 1);
    if (first_binding_bytes > 0)
        sched_setaffinity(0, (size_t)first_binding_bytes, first_binding);
    execv("/proc/self/exe", arguments);
    fprintf(stderr, "threadrack: cannot start again without these settings (%s); going on\n",
            strerror(errno));
    unsetenv(mark);
}
