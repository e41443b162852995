/* The words that every test file uses. A test file is one suite:
 *
 *     #include "tests/check.h"
 *     static void heap_is_stable(void) { CHECK(...); }
 *     SUITE("base: heap", TEST(heap_is_stable), TEST(...));
 *
 * SUITE registers it with the runner (tests/main.c), which runs floors from the ground up.
 */
#ifndef THREADRACK_TESTS_CHECK_H
#define THREADRACK_TESTS_CHECK_H

#include <CUnit/CUnit.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct suite {
    const char *name; /* "floor: what" */
    const CU_TestInfo *tests;
    struct suite *next;
};
void suite_register(struct suite *suite);

#define TEST(function) {#function, function}
#define SUITE(title, ...)                                                                          \
    static CU_TestInfo suite_tests[] = {__VA_ARGS__, CU_TEST_INFO_NULL};                           \
    static struct suite suite_entry = {title, suite_tests, NULL};                                  \
    __attribute__((constructor)) static void suite_enter(void)                                     \
    {                                                                                              \
        suite_register(&suite_entry);                                                              \
    }                                                                                              \
    extern int suite_end

#define CHECK(condition) CU_ASSERT(condition)
#define CHECK_FATAL(condition) CU_ASSERT_FATAL(condition)

/* These print what was and what it should be, since CUnit prints only the expression. */
#define CHECK_EQUAL(actual, expected)                                                              \
    do {                                                                                           \
        long long was_ = (long long)(actual), should_ = (long long)(expected);                     \
        if (was_ != should_)                                                                       \
            fprintf(stderr, "\n%s:%d: %s was %lld, should be %lld\n", __FILE__, __LINE__, #actual, \
                    was_, should_);                                                                \
        CU_ASSERT(was_ == should_);                                                                \
    } while (0)
#define CHECK_NEAR(actual, expected, tolerance)                                                    \
    do {                                                                                           \
        double was_ = (actual), should_ = (expected);                                              \
        bool near_ = fabs(was_ - should_) <= (tolerance);                                          \
        if (!near_)                                                                                \
            fprintf(stderr, "\n%s:%d: %s was %.9g, should be %.9g\n", __FILE__, __LINE__, #actual, \
                    was_, should_);                                                                \
        CU_ASSERT(near_);                                                                          \
    } while (0)
#define CHECK_TEXT(actual, expected)                                                               \
    do {                                                                                           \
        const char *was_ = (actual), *should_ = (expected);                                        \
        if (strcmp(was_, should_))                                                                 \
            fprintf(stderr, "\n%s:%d: was \"%s\", should be \"%s\"\n", __FILE__, __LINE__, was_,   \
                    should_);                                                                      \
        CU_ASSERT(!strcmp(was_, should_));                                                         \
    } while (0)

#endif
