/* Runs every suite, floors from the ground up, so that the first red line is nearest the cause.
 * `tests [-j PROCESSES] [PATTERN...]` runs the suites whose name contains a pattern. */
#include "tests/check.h"

#include "tests/workers.h"

#include <CUnit/Basic.h>
#include <stdlib.h>

static struct suite *suites;

static int floor_of(const char *name)
{
    static const char *const floors[] = {"base", "host", "math", "config", "record",
                                         "cluster", "clock", "rank", "comm", "data",
                                         "model", "strategy", "experiment", "cli"};
    int count = (int)(sizeof floors / sizeof *floors);
    for (int i = 0; i < count; i++)
        if (!strncmp(name, floors[i], strlen(floors[i])))
            return i;
    return count;
}

static bool comes_before(const struct suite *a, const struct suite *b)
{
    int left = floor_of(a->name), right = floor_of(b->name);
    return left != right ? left < right : strcmp(a->name, b->name) < 0;
}

void suite_register(struct suite *suite)
{
    struct suite **place = &suites;
    while (*place && comes_before(*place, suite))
        place = &(*place)->next;
    suite->next = *place;
    *place = suite;
}

static bool add(const struct suite *suite)
{
    CU_pSuite added = CU_add_suite(suite->name, NULL, NULL);
    for (const CU_TestInfo *test = suite->tests; added && test->pName; test++)
        if (!CU_add_test(added, test->pName, test->pTestFunc))
            return false;
    return added;
}

/* Whether one of the words is in the name; without words all are wanted. */
static bool is_wanted(const char *name, char **words, int count)
{
    bool wanted = count == 0;
    for (int i = 0; i < count; i++)
        wanted = wanted || strstr(name, words[i]);
    return wanted;
}

/* Takes -j PROCESSES from the front of the arguments; 0: all in this process, the debugger's. */
static int processes_of(char ***arguments, int *count)
{
    if (*count < 2 || strcmp(**arguments, "-j"))
        return 0;
    int processes = atoi((*arguments)[1]);
    *arguments += 2;
    *count -= 2;
    return processes;
}

int main(int count, char **arguments)
{
    arguments++, count--;
    int processes = processes_of(&arguments, &count);
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    for (struct suite *suite = suites; suite; suite = suite->next)
        if (is_wanted(suite->name, arguments, count) && !add(suite))
            return 1;
    if (processes > 0 && !workers_begin(processes))
        return 1;
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    bool good = CU_get_number_of_failures() == 0 && CU_get_number_of_tests_run() > 0;
    good = (processes == 0 || workers_end()) && good;
    CU_cleanup_registry();
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
