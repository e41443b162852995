#include "workers.h"

#include <CUnit/TestDB.h>
#include <CUnit/TestRun.h>
#include <stdatomic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS = 64, RED_LINES = 16, TEXT = 240 };

struct red_line {
    unsigned line;
    char file[TEXT], condition[TEXT];
};

/* What is known of one test, in memory that all processes share. */
struct told {
    atomic_bool done;
    unsigned asserts, failures; /* more may have failed than have a red line here */
    struct red_line red[RED_LINES];
};

struct shared {
    atomic_int taken; /* of both ends together; a worker stops when all tests are */
    atomic_int front, back;
    atomic_int at[WORKERS]; /* the test that a worker is at; -1: at none */
};

static struct shared *shared;
static struct told *told;
static CU_pTest *tests; /* in the order of the registry */
static CU_pSuite *suite_of;
static CU_TestFunc *functions;
static int test_count, worker_count, next_told;
static pid_t workers[WORKERS];
static bool ended_badly;

static void *share(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

/* ---- A worker. ---- */

static void keep_text(char *place, const char *text)
{
    snprintf(place, TEXT, "%s", text ? text : "");
}

static void tell(struct told *test)
{
    test->asserts = CU_get_number_of_asserts();
    test->failures = CU_get_number_of_failures();
    struct CU_FailureRecord *failure = CU_get_failure_list();
    for (int i = 0; failure && i < RED_LINES; failure = failure->pNext, i++) {
        test->red[i].line = failure->uiLineNumber;
        keep_text(test->red[i].file, failure->strFileName);
        keep_text(test->red[i].condition, failure->strCondition);
    }
    atomic_store(&test->done, true);
}

/* The next test from this worker's end; -1 when none is left. */
static int take(int worker)
{
    if (atomic_fetch_add(&shared->taken, 1) >= test_count)
        return -1;
    return worker % 2 == 0 ? atomic_fetch_add(&shared->front, 1)
                           : test_count - 1 - atomic_fetch_add(&shared->back, 1);
}

/* Of a process that may have been made while another's test was told. */
static void become_worker(void)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    CU_set_test_start_handler(NULL);
    CU_set_test_complete_handler(NULL);
    CU_set_all_test_complete_handler(NULL);
    for (int i = 0; i < test_count; i++)
        tests[i]->pTestFunc = functions[i];
}

static void work(int worker)
{
    become_worker();
    for (int i; (i = take(worker)) >= 0;) {
        atomic_store(&shared->at[worker], i);
        CU_run_test(suite_of[i], tests[i]);
        tell(&told[i]);
        atomic_store(&shared->at[worker], -1);
    }
}

static void start(int worker)
{
    atomic_store(&shared->at[worker], -1);
    fflush(NULL);
    workers[worker] = fork();
    if (workers[worker] == 0) {
        work(worker);
        CU_cleanup_registry();
        exit(EXIT_SUCCESS);
    }
}

/* ---- The process that tells. ---- */

static void bury(int worker, int status)
{
    int at = atomic_load(&shared->at[worker]);
    workers[worker] = 0;
    if (status == 0)
        return;
    fprintf(stderr, "\na process of tests ended with %s %d\n", WIFSIGNALED(status) ? "signal" : "code",
            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    ended_badly = true;
    if (at < 0)
        return;
    struct told *test = &told[at];
    test->asserts = test->failures = 1;
    snprintf(test->red[0].condition, TEXT, "the test's process lives on");
    keep_text(test->red[0].file, __FILE__);
    atomic_store(&test->done, true);
    start(worker);
}

/* Buries those that are dead; waits for one that dies when `wait`. */
static void look_after(bool wait)
{
    int status;
    for (pid_t dead; (dead = waitpid(-1, &status, wait ? 0 : WNOHANG)) > 0;)
        for (int i = 0; i < worker_count; i++)
            if (workers[i] == dead)
                bury(i, status);
}

/* Stands in for the next test of the registry. */
static void repeat(void)
{
    struct told *test = &told[next_told++];
    while (!atomic_load(&test->done)) {
        look_after(false);
        usleep(2000);
    }
    for (unsigned i = 0; i < test->asserts - test->failures; i++)
        CU_assertImplementation(CU_TRUE, 0, "", "", "", CU_FALSE);
    for (unsigned i = 0; i < test->failures; i++) {
        struct red_line *red = &test->red[i < RED_LINES ? i : RED_LINES - 1];
        CU_assertImplementation(CU_FALSE, red->line, red->condition, red->file, "", CU_FALSE);
    }
}

static bool list_tests(void)
{
    size_t most = CU_get_registry()->uiNumberOfTests;
    tests = calloc(most + 1, sizeof *tests);
    suite_of = calloc(most + 1, sizeof(CU_pSuite));
    functions = calloc(most + 1, sizeof *functions);
    told = share((most + 1) * sizeof *told);
    shared = share(sizeof *shared);
    if (!tests || !suite_of || !functions || !told || !shared)
        return false;
    for (CU_pSuite suite = CU_get_registry()->pSuite; suite; suite = suite->pNext)
        for (CU_pTest test = suite->pTest; test; test = test->pNext, test_count++) {
            suite_of[test_count] = suite;
            tests[test_count] = test;
            functions[test_count] = test->pTestFunc;
        }
    return true;
}

bool workers_begin(int count)
{
    if (!list_tests())
        return false;
    worker_count = count < WORKERS ? count : WORKERS;
    for (int i = 0; i < worker_count; i++) {
        start(i);
        if (workers[i] < 0)
            return false;
    }
    for (int i = 0; i < test_count; i++)
        tests[i]->pTestFunc = repeat;
    return true;
}

bool workers_end(void)
{
    look_after(true);
    free(tests);
    free(suite_of);
    free(functions);
    return !ended_badly;
}
