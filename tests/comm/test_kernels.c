/* Collectives that are resolved as a whole end as their messages do one by one: every algorithm
 * that has rounds, for every small size of group and counts that cannot be cut evenly, to the
 * picosecond. */
#include "tests/check.h"

#include "tests/clock/fixture.h"
#include "threadrack/comm/collective.h"
#include "threadrack/rank/post.h"

#include <string.h>

enum { SIZES_FROM = 2, SIZES_TO = 33, SIZE_LARGE = 512, COUNTS = 7 };

/* Vectors of a group of `size`: none, fewer than blocks, and about as many; even and uneven. */
static size_t count_of(int size, int i)
{
    size_t p = (size_t)size, counts[COUNTS] = {3 * p + 2, 0, 1, p - 1, p, 64 * p, 20011};
    return counts[i];
}

static int counts_at(int size)
{
    return size > SIZES_TO ? 1 : COUNTS;
}

/* All collectives, and those that know levels again with as many of these as the group's size has factors. */
enum { KINDS_MOST = 128 };
static struct collective kinds[KINDS_MOST];
static struct layout deep;

static void list_kinds(int size)
{
    int count = 0;
    deep = (struct layout){0};
    for (int factor = 2; size > 1 && deep.levels < LAYOUT_LEVELS - 1; factor++)
        for (; size % factor == 0 && deep.levels < LAYOUT_LEVELS - 1; size /= factor)
            deep.sizes[deep.levels++] = factor;
    deep.sizes[deep.levels++] = size;
    for (int i = 0; collectives[i]; i++)
        kinds[count++] = *collectives[i];
    for (int i = 0; collectives[i]; i++)
        if (strstr(collectives[i]->options, "levels")) {
            kinds[count] = *collectives[i];
            kinds[count++].schedule.context = &deep;
        }
    kinds[count] = (struct collective){0};
}

static bool has_rounds(const struct collective *collective, int size, size_t count)
{
    struct round round;
    struct call call = {.size = size, .count = count, .context = collective->schedule.context};
    return collective->schedule.round && collective->schedule.round(&call, 0, &round);
}

/* Every rank computes a while, not all alike, and posts the collective; then a mark. `joined`: most ranks, others
 * each turn, post and wait in one call, which is to come to the same. */
static void post_all(struct rack *rack, struct group *group, const struct collective *collective,
                     size_t count, bool joined, int turn)
{
    for (int i = 0; i < rack_size(rack); i++) {
        struct rank *self = rack_rank(rack, i);
        uint64_t work = (uint64_t)(i * 7 + (int)count) % 13;
        rank_compute_begin(self, (struct work){.fixed_ps = work * work * 40000});
        if (joined && (i + turn) % 3)
            rank_collective(self, group, &collective->schedule, 0, NULL, count);
        else
            rank_wait(self, rank_post_collective(self, group, &collective->schedule, 0, NULL, count));
        rank_mark(self);
    }
    rack_resolve(rack);
}

static int post_each_kind(struct rack *rack, struct group *group, bool joined)
{
    int size = rack_size(rack), posted = 0;
    for (int i = 0; kinds[i].name; i++)
        for (int c = 0; c < counts_at(size); c++)
            if (has_rounds(&kinds[i], size, count_of(size, c))) {
                post_all(rack, group, &kinds[i], count_of(size, c), joined, posted);
                posted++;
            }
    return posted;
}

static struct rack *run_all(const struct cluster *cluster, bool kernels, int *posted)
{
    int size = cluster->nodes, members[SIZE_LARGE];
    for (int i = 0; i < size; i++)
        members[i] = i;
    struct rack *rack = rack_create(cluster, netmodel_named("loggp"), compute_costs[0], size);
    rack_use(rack, &resolver_dataflow, kernels);
    struct group *group = rack_group(rack, members, size, false);
    *posted = post_each_kind(rack, group, kernels);
    for (int i = 0; i < size; i++)
        rank_end(rack_rank(rack, i));
    struct errors errors;
    errors_init(&errors);
    CHECK(rack_finish(rack, &errors));
    errors_release(&errors);
    CHECK(!clock_lost(rack_clock(rack)));
    return rack;
}

/* The collective that the mark belongs to, for a message. */
static void say_which(int size, int mark)
{
    for (int i = 0; kinds[i].name; i++)
        for (int c = 0; c < counts_at(size); c++)
            if (has_rounds(&kinds[i], size, count_of(size, c)) && mark-- == 0)
                printf("    %s %s%s of %zu elements, %d ranks\n", kinds[i].operation, kinds[i].name,
                       kinds[i].schedule.context ? " of many levels" : "", count_of(size, c), size);
}

static void must_be_equal(const struct clock *is, const struct clock *should, int size, int posted)
{
    int wrong = 0;
    for (int mark = 0; mark < posted && !wrong; mark++) {
        wrong = clock_mark_ps(is, mark) != clock_mark_ps(should, mark);
        if (wrong)
            say_which(size, mark);
    }
    CHECK_EQUAL(wrong, 0);
    for (int rank = 0; rank < size; rank++) {
        struct node_record a = clock_record(is, rank), b = clock_record(should, rank);
        CHECK(memcmp(&a, &b, sizeof a) == 0);
    }
    CHECK_EQUAL(clock_messages(is), clock_messages(should));
}

static void compare_at(int size, const char *topology, const char *gap, const char *add,
                       const char *slow)
{
    char nodes[32];
    snprintf(nodes, sizeof nodes, "nodes=%d", size);
    struct cluster *cluster =
        CLUSTER(nodes, topology, gap, add, slow, "cluster.link.latency=1300ns",
                "cluster.link.bandwidth=370MB/s", "cluster.loggp.overhead=700ns",
                "cluster.loggp.ports=program_order");
    int posted;
    list_kinds(size);
    struct rack *whole = run_all(cluster, true, &posted);
    struct rack *single = run_all(cluster, false, &posted);
    must_be_equal(rack_clock(whole), rack_clock(single), size, posted);
    CHECK_EQUAL(clock_kernel_messages(rack_clock(whole)), clock_messages(rack_clock(whole)));
    CHECK_EQUAL(clock_kernel_messages(rack_clock(single)), 0);
    rack_free(whole);
    rack_free(single);
    cluster_free(cluster);
}

/* o covers the gap, so that send ports are free after the first round; all pay alike. */
static void equal_where_all_pay_alike(void)
{
    for (int size = SIZES_FROM; size <= SIZES_TO; size++)
        compare_at(size, "cluster.topology=star", "cluster.loggp.gap=200ns",
                   "cluster.device.add_bandwidth=1GB/s", "cluster.slow.fraction=0");
}

static void equal_where_send_ports_are_busy(void)
{
    for (int size = SIZES_FROM; size <= SIZES_TO; size++)
        compare_at(size, "cluster.topology=full_mesh", "cluster.loggp.gap=2100ns",
                   "cluster.device.add_bandwidth=free", "cluster.slow.fraction=0");
}

static void equal_where_paths_differ(void)
{
    for (int size = SIZES_FROM; size <= SIZES_TO; size++)
        compare_at(size, "cluster.topology=ring", "cluster.loggp.gap=200ns",
                   "cluster.device.add_bandwidth=1GB/s", "cluster.slow.fraction=0");
}

static void equal_where_devices_differ(void)
{
    for (int size = SIZES_FROM; size <= SIZES_TO; size++)
        compare_at(size, "cluster.topology=star", "cluster.loggp.gap=200ns",
                   "cluster.device.add_bandwidth=1GB/s", "cluster.slow.fraction=0.4");
}

/* Members at large distances are swept where they are. */
static void equal_in_large_groups(void)
{
    static const int sizes[] = {300, SIZE_LARGE};
    for (int i = 0; i < 2; i++) {
        compare_at(sizes[i], "cluster.topology=star", "cluster.loggp.gap=200ns",
                   "cluster.device.add_bandwidth=1GB/s", "cluster.slow.fraction=0");
        compare_at(sizes[i], "cluster.topology=ring", "cluster.loggp.gap=2100ns",
                   "cluster.device.add_bandwidth=1GB/s", "cluster.slow.fraction=0.4");
    }
}

/* Which operations have rounds, so that none loses them unseen. */
static void rounds_are_there(void)
{
    int with = 0;
    for (int i = 0; collectives[i]; i++)
        with += has_rounds(collectives[i], 16, 160);
    CHECK_EQUAL(with, 18);
}

SUITE("comm: kernels", TEST(rounds_are_there), TEST(equal_where_all_pay_alike),
      TEST(equal_where_send_ports_are_busy), TEST(equal_where_paths_differ),
      TEST(equal_where_devices_differ), TEST(equal_in_large_groups));
