/* Cores and seats, on machines that hwloc makes up. */
#include "tests/check.h"
#include "tests/host/child.h"

#include "threadrack/host/host.h"

#include <sched.h>
#include <stdlib.h>

static struct host *open_synthetic(const char *description)
{
    struct errors errors = {0};
    setenv("HWLOC_SYNTHETIC", description, 1);
    struct host *host = host_open(&errors);
    unsetenv("HWLOC_SYNTHETIC");
    errors_print(&errors, stderr);
    errors_release(&errors);
    return host;
}

static void blocks_are_contiguous_and_even(const struct host *host, int nodes)
{
    struct seat seats[64];
    int cores = host_core_count(host), fewest = nodes, most = 0, block = 0;
    host_plan(host, nodes, 0, cores, seats);
    for (int i = 0; i < nodes; i++) {
        bool ends = i + 1 == nodes || seats[i + 1].core != seats[i].core;
        block++;
        CHECK(i == 0 || seats[i].core == seats[i - 1].core ||
              seats[i].core == seats[i - 1].core + 1);
        if (!ends)
            continue;
        fewest = block < fewest ? block : fewest;
        most = block > most ? block : most;
        block = 0;
    }
    CHECK_EQUAL(seats[0].core, 0);
    CHECK_EQUAL(seats[nodes - 1].core, nodes < cores ? nodes - 1 : cores - 1);
    CHECK(most - fewest <= 1);
}

static void spreads_in_even_blocks(void)
{
    static const char *const machines[] = {"core:1 pu:1",
                                           "core:3 pu:1",
                                           "core:4 pu:2",
                                           "numa:2 core:4 pu:2",
                                           "pack:2 numa:2 l3:1 core:6 pu:2",
                                           "pu:5"};
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
        struct host *host = open_synthetic(machines[i]);
        CHECK_FATAL(host != NULL);
        CHECK(!host_is_this_machine(host));
        for (int nodes = 1; nodes <= 64; nodes++)
            blocks_are_contiguous_and_even(host, nodes);
        host_close(host);
    }
}

static void takes_one_unit_a_core(void)
{
    struct host *host = open_synthetic("numa:2 core:2 pu:2");
    struct seat seats[4];
    CHECK_FATAL(host != NULL);
    CHECK_EQUAL(host_core_count(host), 4);
    host_plan(host, 4, 0, 4, seats);
    for (int i = 0; i < 4; i++) {
        CHECK_EQUAL(seats[i].pu, 2 * i);
        CHECK_EQUAL(seats[i].memory_node, i / 2);
    }
    host_close(host);
}

static void keeps_to_the_cores_of_a_job(void)
{
    struct host *host = open_synthetic("numa:2 core:4 pu:1");
    struct seat seats[6];
    CHECK_FATAL(host != NULL);
    host_plan(host, 6, 4, 4, seats);
    static const int cores[] = {4, 4, 5, 5, 6, 7};
    for (int i = 0; i < 6; i++) {
        CHECK_EQUAL(seats[i].core, cores[i]);
        CHECK_EQUAL(seats[i].memory_node, 1);
    }
    host_close(host);
}

static void refuses_what_hwloc_would_ignore(void)
{
    static const char *const wrong[] = {"nonsense", "core:x", "numa:2 core:4 pu", "core:0", "7up"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct errors errors = {0};
        setenv("HWLOC_SYNTHETIC", wrong[i], 1);
        struct host *host = host_open(&errors);
        unsetenv("HWLOC_SYNTHETIC");
        CHECK(host == NULL);
        CHECK_EQUAL(errors.count, 1);
        CHECK(errors.count && strstr(errors.messages[0], wrong[i]));
        errors_release(&errors);
        host_close(host);
    }
}

static void a_made_up_machine_is_never_bound(void)
{
    setenv("HWLOC_THISSYSTEM", "1", 1);
    struct host *host = open_synthetic("numa:4 core:4 pu:2");
    unsetenv("HWLOC_THISSYSTEM");
    CHECK_FATAL(host != NULL);
    CHECK(!host_is_this_machine(host));
    host_close(host);
}

static void says_that_seats_are_only_planned(void)
{
    struct host *host = open_synthetic("numa:2 core:2 pu:1");
    char *printed = NULL;
    size_t length = 0;
    CHECK_FATAL(host != NULL);
    FILE *stream = open_memstream(&printed, &length);
    host_print(host, 8, stream);
    fclose(stream);
    CHECK(strstr(printed, "HWLOC_SYNTHETIC: 4 of 4 cores usable, 2 memory nodes") != NULL);
    CHECK(strstr(printed, "nothing is pinned") != NULL);
    CHECK(strstr(printed, "0-1               0      0            0  planned\n") != NULL);
    CHECK(strstr(printed, "6-7               3      3            1  planned\n") != NULL);
    free(printed);
    host_close(host);
}

/* As under `taskset -c LAST`: one core is left, and it is the last. */
static int sees_one_core(void)
{
    struct errors errors = {0};
    struct seat seat;
    cpu_set_t set, last;
    sched_getaffinity(0, sizeof set, &set);
    int pu = CPU_SETSIZE - 1;
    while (!CPU_ISSET(pu, &set))
        pu--;
    CPU_ZERO(&last);
    CPU_SET(pu, &last);
    sched_setaffinity(0, sizeof last, &last);
    struct host *host = host_open(&errors);
    if (!host)
        return 1;
    host_plan(host, 1, 0, 1, &seat);
    bool right = host_core_count(host) == 1 && seat.pu == pu && host_is_pinned(pu);
    host_close(host);
    return right ? 0 : 2;
}

static void respects_the_process_binding(void)
{
    CHECK_EQUAL(in_child(sees_one_core), 0);
}

SUITE("host: plan", TEST(spreads_in_even_blocks), TEST(takes_one_unit_a_core),
      TEST(keeps_to_the_cores_of_a_job), TEST(refuses_what_hwloc_would_ignore),
      TEST(a_made_up_machine_is_never_bound), TEST(says_that_seats_are_only_planned),
      TEST(respects_the_process_binding));
