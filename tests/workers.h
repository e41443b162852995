/* Tests carried out by several processes at once, and told by one.
 *
 * The registry holds every test as ever, but what CUnit calls for each is a stand-in: it waits until a
 * worker has carried the test out, then repeats the worker's assertions, so that order, red lines and
 * the closing summary are CUnit's own. Of the workers, every other one takes the first test that nobody
 * has taken, the rest the last; so the first red line is still told early, and the long tests of the
 * highest floors are begun early too. A worker keeps what its tests leave behind in static variables, as
 * one process would.
 *
 * A worker that dies fails the test that it was at, and another takes its place. One that ends badly
 * (a leak that its sanitizer found) fails the whole: see workers_end.
 */
#ifndef THREADRACK_TESTS_WORKERS_H
#define THREADRACK_TESTS_WORKERS_H

#include <CUnit/CUnit.h>
#include <stdbool.h>

/* Once all suites are in the registry: starts `count` workers and puts the stand-ins in place. */
bool workers_begin(int count);
/* After CU_basic_run_tests: true when every worker ended well. */
bool workers_end(void);

#endif
