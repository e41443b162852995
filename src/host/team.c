/* Forms a team of OpenMP threads, one a node.
 *
 * The team is formed from a thread made for the run: libgomp keeps a pool for each thread that forms
 * teams, and its first member is that thread itself, so pinning it would leave the caller, every
 * later team and every child process bound to one core. A fresh thread takes its pool with it.
 *
 *     caller ── runner = member 0 ── pin ─┐           ┌─ body(0) ─┐
 *                        member 1 ── pin ─┤ all well? ├─ body(1) ─┤ meeting ── join
 *                        member 2 ── pin ─┘           └─ body(2) ─┘
 */
#include "meeting.h"
#include "pin.h"
#include "rehearsal.h"

#include <limits.h>
#include <omp.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

struct team {
    const struct host *host;
    const struct seat *seats;
    int size;
    void (*body)(void *argument, int index);
    void *argument;
    struct meeting meeting;
    pthread_attr_t usual;   /* the process's default attributes, restored once the team stands */
    atomic_int formed_size; /* how many members OpenMP gave us */
    atomic_int unpinned;    /* a node whose thread could not be pinned, or -1 */
};

/* One team is formed at a time: the default stack size is the process's, and two rehearsals at once
 * would count each other's threads. */
static pthread_mutex_t forming = PTHREAD_MUTEX_INITIALIZER;

static void team_stands(struct team *team)
{
    pthread_setattr_default_np(&team->usual);
    pthread_mutex_unlock(&forming);
}

static void member(struct team *team, int index)
{
    if (host_is_this_machine(team->host) && !pin_here(team->host, team->seats[index].pu))
        atomic_store(&team->unpinned, index);
    meeting_wait(&team->meeting);
    if (index == 0)
        team_stands(team);
    if (atomic_load(&team->unpinned) < 0)
        team->body(team->argument, index);
    meeting_end(&team->meeting, index == 0);
}

static void *form(void *argument)
{
    struct team *team = argument;
    omp_set_dynamic(0);
#pragma omp parallel num_threads(team->size)
    {
        /* A smaller team would wait forever for the members that it lacks. */
        if (omp_get_num_threads() == team->size)
            member(team, omp_get_thread_num());
        else if (omp_get_thread_num() == 0)
            atomic_store(&team->formed_size, omp_get_num_threads());
    }
    if (atomic_load(&team->formed_size) != team->size)
        team_stands(team);
    return NULL;
}

static void set_stack(pthread_attr_t *attributes, size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), least = (size_t)PTHREAD_STACK_MIN;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    bytes *= 4; /* their frames are that much larger, at worst */
#endif
    if (bytes < least)
        bytes = least;
    pthread_attr_setstacksize(attributes, (bytes + page - 1) / page * page);
}

/* libgomp creates its threads with the process's default attributes, unless OMP_STACKSIZE is set
 * (see environment.c). On success the lock `forming` is held until the team stands. */
static bool start(struct team *team, size_t stack_bytes, pthread_t *runner, struct errors *errors)
{
    pthread_attr_t attributes;
    pthread_mutex_lock(&forming);
    pthread_getattr_default_np(&team->usual);
    pthread_getattr_default_np(&attributes);
    if (stack_bytes)
        set_stack(&attributes, stack_bytes);
    bool possible = rehearse(team->size, &attributes, errors);
    if (possible) {
        pthread_setattr_default_np(&attributes);
        int failure = pthread_create(runner, &attributes, form, team);
        possible = !failure || errors_add_status(errors, STATUS_FAILED,
                                                 "host: cannot create a thread for the run: %s",
                                                 strerror(failure));
    }
    pthread_attr_destroy(&attributes);
    if (!possible)
        team_stands(team);
    return possible;
}

static bool judge(const struct team *team, struct errors *errors)
{
    int formed = atomic_load(&team->formed_size), unpinned = atomic_load(&team->unpinned);
    if (formed != team->size)
        return errors_add_status(errors, STATUS_FAILED,
                                 "host: OpenMP gave a team of %d threads instead of %d; is "
                                 "OMP_THREAD_LIMIT set?",
                                 formed, team->size);
    return unpinned < 0 ||
           errors_add_status(errors, STATUS_FAILED,
                             "host: the thread of node %d could not be pinned to processing unit "
                             "%d; did the process's binding change while it ran?",
                             unpinned, team->seats[unpinned].pu);
}

bool host_team_run(const struct host *host, const struct seat *seats, int size, size_t stack_bytes,
                   void (*body)(void *argument, int index), void *argument, struct errors *errors)
{
    struct team team = {.host = host, .seats = seats, .size = size, .body = body,
                        .argument = argument, .formed_size = size, .unpinned = -1};
    pthread_t runner;
    meeting_init(&team.meeting, size);
    bool started = start(&team, stack_bytes, &runner, errors);
    if (started)
        pthread_join(runner, NULL);
    meeting_release(&team.meeting);
    pthread_attr_destroy(&team.usual);
    return started && judge(&team, errors);
}
