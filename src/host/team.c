/* Forms a team of OpenMP threads, one a node.
 *
 * The team is formed from a thread made for the run: libgomp keeps a pool for each thread that
 * forms teams, and its first member is that thread itself, so pinning it would leave the caller,
 * every later team and every child process bound to one core. A fresh thread takes its pool with
 * it.
 *
 *     caller ── runner = member 0 ── pin ─┐           ┌─ body(0) ─┐
 *                        member 1 ── pin ─┤ all well? ├─ body(1) ─┤ muster ── join
 *                        member 2 ── pin ─┘           └─ body(2) ─┘
 */
#include "muster.h"
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
    struct errors *errors;
    pthread_attr_t usual, wanted; /* default attributes of the process, and for the team */
    struct muster muster;
    bool stands;         /* the runner's: all members are there, at once */
    atomic_int unpinned; /* a node whose thread could not be pinned, or -1 */
};

/* One team is formed at a time, since the default attributes are the process's, and two rehearsals
 * at once would count each other's threads. Held by the runner from there until the team stands. */
static pthread_mutex_t forming = PTHREAD_MUTEX_INITIALIZER;

static void end_forming(struct team *team)
{
    pthread_setattr_default_np(&team->usual);
    pthread_mutex_unlock(&forming);
}

static void member(struct team *team, int index)
{
    if (host_is_this_machine(team->host) && !pin_here(team->host, team->seats[index].pu))
        atomic_store(&team->unpinned, index);
    muster_wait(&team->muster);
    if (index == 0)
        end_forming(team);
    if (atomic_load(&team->unpinned) < 0)
        team->body(team->argument, index);
    muster_end(&team->muster, index == 0);
}

static void form(struct team *team)
{
    int formed = 0; /* written by member 0, which is this thread */
    omp_set_dynamic(0);
#pragma omp parallel num_threads(team->size)
    {
        if (omp_get_thread_num() == 0)
            formed = omp_get_num_threads();
        /* A smaller team would wait forever for the members that it lacks. */
        if (omp_get_num_threads() == team->size)
            member(team, omp_get_thread_num());
    }
    team->stands = formed == team->size;
    if (team->stands)
        return;
    end_forming(team);
    errors_add_status(team->errors, STATUS_FAILED,
                      "host: OpenMP gave a team of %d threads instead of %d; is OMP_THREAD_LIMIT "
                      "set?",
                      formed, team->size);
}

/* libgomp creates its threads with the process's default attributes, unless OMP_STACKSIZE is set
 * (see environment.c). */
static void *runner(void *argument)
{
    struct team *team = argument;
    pthread_mutex_lock(&forming);
    pthread_getattr_default_np(&team->usual);
    if (rehearse(team->size - 1, &team->wanted, team->errors)) {
        pthread_setattr_default_np(&team->wanted);
        form(team);
    } else {
        end_forming(team);
    }
    pthread_attr_destroy(&team->usual);
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

/* libgomp lays out what its threads start with on the stack of the one that forms the team, some 128 bytes
 * each: the runner, who is a member besides, has room for that. */
enum { FORMING_BYTES = 256 };

static int create_runner(struct team *team, size_t stack_bytes, pthread_t *thread)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    if (stack_bytes)
        set_stack(&attributes, stack_bytes + FORMING_BYTES * (size_t)team->size);
    int failure = pthread_create(thread, &attributes, runner, team);
    pthread_attr_destroy(&attributes);
    return failure;
}

static bool run(struct team *team, size_t stack_bytes)
{
    pthread_t thread;
    int failure = create_runner(team, stack_bytes, &thread);
    if (failure)
        return errors_add_status(team->errors, STATUS_FAILED,
                                 "host: cannot create a thread for the run: %s", strerror(failure));
    pthread_join(thread, NULL);
    int unpinned = atomic_load(&team->unpinned);
    if (unpinned >= 0)
        errors_add_status(team->errors, STATUS_FAILED,
                          "host: the thread of node %d could not be pinned to processing unit %d; "
                          "did the process's binding change while it ran?",
                          unpinned, team->seats[unpinned].pu);
    return team->stands && unpinned < 0;
}

bool host_team_run(const struct host *host, const struct seat *seats, int size, size_t stack_bytes,
                   void (*body)(void *argument, int index), void *argument, struct errors *errors)
{
    struct team team = {.host = host,
                        .seats = seats,
                        .size = size,
                        .body = body,
                        .argument = argument,
                        .errors = errors,
                        .unpinned = -1};
    muster_init(&team.muster, size);
    pthread_attr_init(&team.wanted);
    if (stack_bytes)
        set_stack(&team.wanted, stack_bytes);
    bool done = run(&team, stack_bytes);
    pthread_attr_destroy(&team.wanted);
    muster_release(&team.muster);
    return done;
}
