/* Regions: reserved, bound near their core, and apart from each other. */
#include "tests/check.h"
#include "tests/host/child.h"

#include "threadrack/host/host.h"

#include <signal.h>
#include <sys/mman.h>

static const size_t bytes = (size_t)1 << 20;

static struct host *open_here(void)
{
    struct errors errors = {0};
    struct host *host = host_open(&errors);
    errors_print(&errors, stderr);
    errors_release(&errors);
    CU_ASSERT_PTR_NOT_NULL_FATAL(host);
    return host;
}

static void reserves_without_committing(void)
{
    uint64_t before = host_free_memory_bytes();
    size_t large = (size_t)1 << 34;
    char *region = host_region_map(large);
    CHECK_FATAL(region != NULL);
    region[0] = region[large - 1] = 1;
    CHECK(host_free_memory_bytes() + ((uint64_t)1 << 30) > before);
    host_region_unmap(region, large);
}

struct claim {
    const struct host *host;
    const struct seat *seats;
    void *const *regions;
    int *nodes; /* where the region's first page is */
};

static void touch(void *argument, int index)
{
    struct claim *claim = argument;
    *(char *)claim->regions[index] = 1;
    claim->nodes[index] = host_memory_node_of(claim->host, claim->regions[index]);
}

static void is_bound_where_planned(void)
{
    enum { NODES = 8 };
    struct errors errors = {0};
    struct host *host = open_here();
    struct seat seats[NODES];
    void *regions[NODES];
    int nodes[NODES];
    host_plan(host, NODES, 0, host_core_count(host), seats);
    for (int i = 0; i < NODES; i++) {
        regions[i] = host_region_map(bytes);
        CHECK_FATAL(regions[i] != NULL);
        CHECK(host_region_bind(host, regions[i], bytes, seats[i]));
    }
    struct claim claim = {host, seats, regions, nodes};
    CHECK(host_team_run(host, seats, NODES, 0, touch, &claim, &errors));
    for (int i = 0; i < NODES; i++) {
        CHECK_EQUAL(nodes[i], seats[i].memory_node);
        host_region_unmap(regions[i], bytes);
    }
    errors_release(&errors);
    host_close(host);
}

static void knows_what_is_free(void)
{
    uint64_t available = host_free_memory_bytes();
    CHECK(available > 0);
    CHECK(available < (uint64_t)1 << 50);
}

/* ---- Protection keys: a region whose key is shut traps whoever strays into it. ---- */

static void caught(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    _exit(info->si_code == SEGV_PKUERR ? 42 : 43);
}

static char *keyed_region(int key)
{
    char *region = host_region_map(bytes);
    if (region)
        pkey_mprotect(region, bytes, PROT_READ | PROT_WRITE, key);
    return region;
}

static int strays(void)
{
    struct sigaction action = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO};
    int own_key = pkey_alloc(0, 0), other_key = pkey_alloc(0, 0);
    volatile char *own = keyed_region(own_key), *other = keyed_region(other_key);
    if (own_key < 0 || other_key < 0 || !own || !other)
        return 1;
    sigaction(SIGSEGV, &action, NULL);
    pkey_set(other_key, PKEY_DISABLE_ACCESS);
    own[0] = 1;
    own[bytes - 1] = 1;
    other[0] = 1;
    return 2;
}

static void a_stray_access_traps(void)
{
    int key = pkey_alloc(0, 0);
    if (key < 0) {
        fputs("skipped, this processor has no protection keys ... ", stdout);
        return;
    }
    pkey_free(key);
    CHECK_EQUAL(in_child(strays), 42);
}

SUITE("host: region", TEST(reserves_without_committing), TEST(is_bound_where_planned),
      TEST(knows_what_is_free), TEST(a_stray_access_traps));
