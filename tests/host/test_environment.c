/* The program starts itself again without OpenMP's settings: here, this test program does. */
#include "tests/check.h"
#include "tests/host/child.h"

#include "threadrack/host/host.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { CLEAN = 42, DIRTY, RESTARTED_TWICE, STILL_BOUND };

static char *arguments[] = {"tests", NULL};

/* Reports what the second start finds. */
static int second_start(int cpus)
{
    cpu_set_t set;
    sched_getaffinity(0, sizeof set, &set);
    if (getenv("OMP_PROC_BIND") || getenv("OMP_NUM_THREADS") || getenv("BLIS_JC_NT") ||
        getenv("KMP_AFFINITY") || !getenv("OMP_DISPLAY_ENV"))
        return DIRTY;
    if (CPU_COUNT(&set) != cpus)
        return STILL_BOUND;
    setenv("THREADRACK_TEST_START", "third", 1);
    setenv("OMP_DYNAMIC", "true", 1);
    host_own_environment(arguments, true); /* must return */
    return CLEAN;
}

/* Both starts of the child end here, before main. */
__attribute__((constructor)) static void start(void)
{
    const char *which = getenv("THREADRACK_TEST_START"), *cpus = getenv("THREADRACK_TEST_CPUS");
    if (!which || !cpus)
        return;
    if (!strcmp(which, "second"))
        _exit(second_start(atoi(cpus)));
    if (!strcmp(which, "third"))
        _exit(RESTARTED_TWICE);
    setenv("THREADRACK_TEST_START", "second", 1);
    host_own_environment(arguments, false);
    _exit(DIRTY);
}

static int talk; /* a file in memory, the child's stderr */

/* The first start: libgomp is loaded with the settings, and binds the first thread. */
static int start_with_settings(void)
{
    char cpus[16];
    cpu_set_t set;
    sched_getaffinity(0, sizeof set, &set);
    snprintf(cpus, sizeof cpus, "%d", CPU_COUNT(&set));
    setenv("THREADRACK_TEST_CPUS", cpus, 1);
    setenv("THREADRACK_TEST_START", "first", 1);
    setenv("OMP_PROC_BIND", "true", 1);
    setenv("OMP_NUM_THREADS", "3", 1);
    setenv("BLIS_JC_NT", "2", 1);
    setenv("KMP_AFFINITY", "compact", 1);
    setenv("OMP_DISPLAY_ENV", "false", 1); /* harmless, and stays */
    dup2(talk, STDERR_FILENO);
    execl("/proc/self/exe", "tests", (char *)NULL);
    return 1;
}

static void is_cleaned_once(void)
{
    char said[4096] = "";
    talk = memfd_create("stderr", 0);
    CHECK_EQUAL(in_child(start_with_settings), CLEAN);
    CHECK(pread(talk, said, sizeof said - 1, 0) > 0);
    close(talk);
    CHECK(strstr(said, "ignoring OMP_PROC_BIND=true: threadrack pins its threads itself\n") !=
          NULL);
    CHECK(strstr(said, "ignoring OMP_NUM_THREADS=3") != NULL);
    CHECK(strstr(said, "ignoring BLIS_JC_NT=2") != NULL);
    CHECK(strstr(said, "ignoring KMP_AFFINITY=compact") != NULL);
    CHECK(!strstr(said, "OMP_DISPLAY_ENV"));
}

static void a_clean_one_is_left_alone(void)
{
    host_own_environment(arguments, true);
    CHECK(!getenv("THREADRACK_OWN_ENVIRONMENT"));
}

SUITE("host: environment", TEST(is_cleaned_once), TEST(a_clean_one_is_left_alone));
