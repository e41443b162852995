/* Teams of pinned threads. */
#include "tests/check.h"

#include "threadrack/base/memory.h"
#include "threadrack/host/host.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What a sanitizer may raise a small stack to: still far from the usual 8 MiB. */
enum { STACK_BYTES = 256 * 1024, MOST_STACK_BYTES = 8 * STACK_BYTES };

static struct host *open_here(void)
{
    struct errors errors = {0};
    struct host *host = host_open(&errors);
    errors_print(&errors, stderr);
    errors_release(&errors);
    CU_ASSERT_PTR_NOT_NULL_FATAL(host);
    return host;
}

struct roll {
    const struct seat *seats;
    int *pinned, *ran; /* one a node, written by its thread alone */
    size_t stack_bytes;
};

/* What /proc says that this thread may use, as text such as "3" or "0-3". */
static bool proc_says(int pu)
{
    char path[64], line[4096], expected[32];
    snprintf(path, sizeof path, "/proc/self/task/%ld/status", syscall(SYS_gettid));
    snprintf(expected, sizeof expected, "Cpus_allowed_list:\t%d\n", pu);
    FILE *file = fopen(path, "r");
    bool found = false;
    while (file && !found && fgets(line, sizeof line, file))
        found = !strcmp(line, expected);
    if (file)
        fclose(file);
    return found;
}

static void sign(void *argument, int index)
{
    struct roll *roll = argument;
    pthread_attr_t attributes;
    int pu = roll->seats[index].pu;
    roll->pinned[index] = host_is_pinned(pu) && proc_says(pu);
    roll->ran[index]++;
    if (index == 0 || pthread_getattr_np(pthread_self(), &attributes))
        return;
    if (index == 1)
        pthread_attr_getstacksize(&attributes, &roll->stack_bytes);
    pthread_attr_destroy(&attributes);
}

static bool all_signed(const struct roll *roll, int size, size_t bytes)
{
    for (int i = 0; i < size; i++)
        if (roll->ran[i] != 1 || !roll->pinned[i])
            return false;
    return size == 1 || (roll->stack_bytes >= bytes && roll->stack_bytes <= MOST_STACK_BYTES);
}

static bool run_on(const struct host *host, int size, size_t stack_bytes)
{
    struct errors errors = {0};
    struct seat *seats = memory_zeroed((size_t)size, sizeof *seats);
    struct roll roll = {.seats = seats,
                        .pinned = memory_zeroed((size_t)size, sizeof(int)),
                        .ran = memory_zeroed((size_t)size, sizeof(int))};
    host_plan(host, size, 0, host_core_count(host), seats);
    bool good = host_team_run(host, seats, size, stack_bytes, sign, &roll, &errors) &&
                all_signed(&roll, size, stack_bytes);
    errors_print(&errors, stderr);
    errors_release(&errors);
    free(roll.pinned);
    free(roll.ran);
    free(seats);
    return good;
}

static bool run(const struct host *host, int size)
{
    return run_on(host, size, STACK_BYTES);
}

static void pins_teams_of_any_size(void)
{
    static const int sizes[] = {1, 2, 16, 64};
    struct host *host = open_here();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        CHECK(run(host, sizes[i]));
    host_close(host);
}

/* What libgomp lays out for some 500 members is a member's stack, for one of these it ends in the guard
 * page below it. */
static void small_stacks_hold_many(void)
{
    struct host *host = open_here();
    for (int size = 464; size <= 528; size += 16)
        CHECK(run_on(host, size, STACK_BYTES / 4));
    host_close(host);
}

static void leaves_the_caller_alone(void)
{
    cpu_set_t before, after;
    pthread_attr_t attributes;
    size_t stack_before, stack_after;
    struct host *host = open_here();
    pthread_getattr_default_np(&attributes);
    pthread_attr_getstacksize(&attributes, &stack_before);
    sched_getaffinity(0, sizeof before, &before);
    CHECK(run(host, 4));
    sched_getaffinity(0, sizeof after, &after);
    pthread_attr_destroy(&attributes);
    pthread_getattr_default_np(&attributes);
    pthread_attr_getstacksize(&attributes, &stack_after);
    pthread_attr_destroy(&attributes);
    CHECK(CPU_EQUAL(&before, &after));
    CHECK_EQUAL(stack_after, stack_before);
    host_close(host);
}

struct job {
    const struct host *host;
    pthread_t thread;
    int good; /* CUnit's own checks are for one thread */
};

static void *work(void *argument)
{
    struct job *job = argument;
    for (int i = 0; i < 8; i++)
        job->good += run(job->host, 3);
    return NULL;
}

static void several_at_once(void)
{
    struct host *host = open_here();
    struct job jobs[3];
    for (int i = 0; i < 3; i++) {
        jobs[i] = (struct job){.host = host};
        CHECK_FATAL(!pthread_create(&jobs[i].thread, NULL, work, &jobs[i]));
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(jobs[i].thread, NULL);
        CHECK_EQUAL(jobs[i].good, 8);
    }
    host_close(host);
}

static void nobody_runs_when_one_cannot_be_pinned(void)
{
    struct errors errors = {0};
    struct host *host = open_here();
    struct seat seats[4];
    int pinned[4] = {0}, ran[4] = {0};
    struct roll roll = {.seats = seats, .pinned = pinned, .ran = ran};
    host_plan(host, 4, 0, host_core_count(host), seats);
    seats[2].pu = 60000; /* no machine has it */
    CHECK(!host_team_run(host, seats, 4, STACK_BYTES, sign, &roll, &errors));
    CHECK_EQUAL(errors.count, 1);
    CHECK(errors.count && strstr(errors.messages[0], "node 2 could not be pinned"));
    CHECK_EQUAL(ran[0] + ran[1] + ran[2] + ran[3], 0);
    errors_release(&errors);
    host_close(host);
}

static void count(void *argument, int index)
{
    ((int *)argument)[index]++;
}

static void a_planned_machine_runs_unpinned(void)
{
    struct errors errors = {0};
    struct seat seats[4];
    int ran[4] = {0};
    setenv("HWLOC_SYNTHETIC", "numa:2 core:64 pu:2", 1);
    struct host *host = open_here();
    unsetenv("HWLOC_SYNTHETIC");
    host_plan(host, 4, 100, 4, seats);
    CHECK(host_team_run(host, seats, 4, STACK_BYTES, count, ran, &errors));
    CHECK_EQUAL(ran[0] + ran[1] + ran[2] + ran[3], 4);
    errors_release(&errors);
    host_close(host);
}

SUITE("host: team", TEST(pins_teams_of_any_size), TEST(small_stacks_hold_many),
      TEST(leaves_the_caller_alone),
      TEST(several_at_once), TEST(nobody_runs_when_one_cannot_be_pinned),
      TEST(a_planned_machine_runs_unpinned));
