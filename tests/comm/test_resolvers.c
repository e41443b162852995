/* Every resolver gives the integers of `events`, on random programs under random parameters. */
#include "tests/check.h"

#include "tests/clock/fixture.h"
#include "threadrack/base/memory.h"
#include "threadrack/base/philox.h"
#include "threadrack/comm/collective.h"
#include "threadrack/rank/post.h"

#include <stdlib.h>
#include <string.h>

/* Draws of one program: the i-th number that it asks for. */
struct dice {
    uint64_t seed, at;
};

static uint64_t draw(struct dice *dice, uint64_t below)
{
    uint64_t x = (dice->seed << 32 | dice->at++) * 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 31) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return (x ^ x >> 31) % below;
}

enum { RANKS_LEAST = 2, RANKS_MORE = 14, GROUPS = 4 };

/* What a rack is made of, the same for every resolver. */
struct scenario {
    uint64_t seed;
    bool tidy; /* every post is followed by its wait; sends may stay under way */
    const char *netmodel;
    struct cluster *cluster;
    struct noise noise;
    int ranks;
    int phases;
};

static struct cluster *random_cluster(struct dice *dice, const char *ports)
{
    static const char *const topologies[] = {"star", "two_level", "ring", "full_mesh"};
    char words[12][64];
    const char *list[12];
    int ranks = RANKS_LEAST + (int)draw(dice, RANKS_MORE);
    snprintf(words[0], 64, "nodes=%d", ranks);
    snprintf(words[1], 64, "cluster.link.latency=%dns", (int)draw(dice, 4) * 700 + 1);
    snprintf(words[2], 64, "cluster.link.bandwidth=%dMB/s", 100 + (int)draw(dice, 3) * 450);
    snprintf(words[3], 64, "cluster.loggp.overhead=%dns", (int)draw(dice, 4) * 300);
    snprintf(words[4], 64, "cluster.loggp.gap=%dns", (int)draw(dice, 4) * 500);
    snprintf(words[5], 64, "cluster.loggp.offload=%s", draw(dice, 4) ? "off" : "on");
    snprintf(words[6], 64, "cluster.loggp.ports=%s", ports);
    snprintf(words[7], 64, "cluster.topology=%s", topologies[draw(dice, 4)]);
    snprintf(words[8], 64, "cluster.device.add_bandwidth=%s", draw(dice, 2) ? "free" : "1GB/s");
    snprintf(words[9], 64, "cluster.slow.fraction=%s", draw(dice, 2) ? "0" : "0.3");
    for (int i = 0; i < 10; i++)
        list[i] = words[i];
    return cluster_of(list, 10);
}

/* Speeds that change now and then, of some nodes. */
static void random_traces(struct cluster *cluster, struct dice *dice)
{
    size_t nodes = (size_t)cluster->nodes;
    cluster->speed_traces = memory_zeroed(nodes, sizeof *cluster->speed_traces);
    for (size_t node = 0; node < nodes; node++) {
        struct trace *trace = &cluster->speed_traces[node];
        int count = (int)draw(dice, 5);
        trace->begin_ps = memory_zeroed(8, sizeof *trace->begin_ps);
        trace->factor = memory_zeroed(8, sizeof *trace->factor);
        for (uint64_t begin_ps = 0; trace->count < count; trace->count++) {
            trace->begin_ps[trace->count] = begin_ps += 1 + draw(dice, 20000000);
            trace->factor[trace->count] = 0.25 * (double)(1 + draw(dice, 7));
        }
    }
}

static struct noise random_noise(struct dice *dice)
{
    static const char *const words[] = {"none", "lognormal:sigma=0.5",
                                        "periodic:period=5us,length=1us"};
    struct noise noise;
    struct errors errors;
    errors_init(&errors);
    CHECK(noise_parse(&noise, words[draw(dice, 3)], 7, "test", &errors));
    errors_release(&errors);
    return noise;
}

/* Members by a mask of a pattern; always the first and the last rank. */
static struct group *random_group(struct rack *rack, struct dice *dice, int ranks, int number)
{
    int members[RANKS_LEAST + RANKS_MORE], size = 0;
    for (int rank = 0; rank < ranks; rank++)
        if (number == 0 || rank == 0 || rank == ranks - 1 || draw(dice, 2))
            members[size++] = rank;
    return rack_group(rack, members, size, draw(dice, 2));
}

static bool is_member(const struct group *group, int rank)
{
    for (int i = 0; i < group_size(group); i++)
        if (group_member_rank(group, i) == rank)
            return true;
    return false;
}

static void work_a_while(struct rank *rank, struct dice *dice, int id)
{
    struct dice own = {dice->seed + 77, dice->at * 1000 + (uint64_t)id};
    uint64_t kind = draw(&own, 4);
    if (kind)
        rank_compute_begin(rank, (struct work){.fixed_ps = draw(&own, 3000) * (kind == 1 ? 1000 : 1)});
}

/* Whether the program at work has posted a collective of several strands, which only events resolve.
 */
static bool has_strands;

/* In three of four programs there are no strands. */
static const struct collective *random_collective(struct dice *dice)
{
    int count = 0;
    while (collectives[count])
        count++;
    const struct collective *found = collectives[draw(dice, (uint64_t)count)];
    if (found->schedule.strands && dice->seed % 4)
        return random_collective(dice);
    has_strands = has_strands || found->schedule.strands;
    return found;
}

/* All members post one collective; those who are not tidy compute between post and wait. */
static void collective_phase(struct rack *rack, struct group *group, struct dice *dice, bool tidy)
{
    const struct collective *collective = random_collective(dice);
    size_t count = draw(dice, 3) ? draw(dice, 400) : draw(dice, 4) * 64 * (size_t)group_size(group);
    bool overlaps = !tidy && draw(dice, 2);
    if (!strcmp(collective->operation, "barrier"))
        count = 0;
    for (int i = 0; i < group_size(group); i++) {
        struct rank *self = rack_rank(rack, group_member_rank(group, i));
        work_a_while(self, dice, rank_id(self));
        struct request request =
            rank_post_collective(self, group, &collective->schedule, 0, NULL, count);
        if (overlaps)
            work_a_while(self, dice, rank_id(self) + 100);
        rank_wait(self, request);
    }
}

/* Messages along a random shift; a send is waited for at once, or after some more computing. */
static void shift_phase(struct rack *rack, struct group *group, struct dice *dice, bool tidy)
{
    int size = group_size(group), shift = 1 + (int)draw(dice, (uint64_t)size);
    size_t bytes = draw(dice, 3000);
    bool early = !tidy && draw(dice, 2), late = draw(dice, 2);
    for (int i = 0; i < size && shift % size; i++) {
        struct rank *self = rack_rank(rack, group_member_rank(group, i));
        struct request receive = {0};
        int source = (i + size - shift % size) % size;
        size_t coming = bytes + (size_t)source;
        work_a_while(self, dice, rank_id(self));
        if (early)
            receive = rank_post_receive(self, group, source, NULL, coming);
        struct request send =
            rank_post_send(self, group, (i + shift) % size, NULL, bytes + (size_t)i);
        if (!tidy)
            work_a_while(self, dice, rank_id(self) + 100);
        if (!early)
            receive = rank_post_receive(self, group, source, NULL, coming);
        rank_wait(self, receive);
        if (late)
            work_a_while(self, dice, rank_id(self) + 200);
        rank_wait(self, send);
    }
}

/* Everyone sends to the first member, who takes them in ascending or descending order. */
static void funnel_phase(struct rack *rack, struct group *group, struct dice *dice)
{
    int size = group_size(group);
    bool ascending = draw(dice, 2);
    size_t bytes = draw(dice, 2000);
    struct rank *root = rack_rank(rack, group_member_rank(group, 0));
    for (int i = 1; i < size; i++) {
        struct rank *self = rack_rank(rack, group_member_rank(group, i));
        work_a_while(self, dice, rank_id(self));
        rank_wait(self, rank_post_send(self, group, 0, NULL, bytes));
    }
    for (int i = 1; i < size; i++)
        rank_wait(root, rank_post_receive(root, group, ascending ? i : size - i, NULL, bytes));
}

/* What every member posts before it waits for any of it, as overlapping gradient buckets and pipelines
 * do: collectives of several groups, or several of one, then waits in another order. */
enum { POSTS_MOST = 6 };
static void crowd_phase(struct rack *rack, struct group *const *groups, struct dice *dice)
{
    int posts = 2 + (int)draw(dice, POSTS_MOST - 1), count[RANKS_LEAST + RANKS_MORE] = {0};
    struct request requests[RANKS_LEAST + RANKS_MORE][POSTS_MOST];
    for (int post = 0; post < posts; post++) {
        struct group *group = groups[draw(dice, GROUPS)];
        const struct collective *collective = random_collective(dice);
        bool barrier = !strcmp(collective->operation, "barrier");
        size_t length = barrier ? 0 : draw(dice, 900);
        for (int i = 0; i < group_size(group); i++) {
            struct rank *self = rack_rank(rack, group_member_rank(group, i));
            int id = rank_id(self);
            work_a_while(self, dice, id);
            requests[id][count[id]++] =
                rank_post_collective(self, group, &collective->schedule, 0, NULL, length);
        }
    }
    bool backwards = draw(dice, 2);
    for (int id = 0; id < rack_size(rack); id++)
        for (int i = 0; i < count[id]; i++) {
            rank_wait(rack_rank(rack, id), requests[id][backwards ? count[id] - 1 - i : i]);
            work_a_while(rack_rank(rack, id), dice, id + 300);
        }
}

static void run_program(struct rack *rack, const struct scenario *scenario)
{
    struct dice dice = {scenario->seed, 1000};
    struct group *groups[GROUPS];
    for (int i = 0; i < GROUPS; i++)
        groups[i] = random_group(rack, &dice, scenario->ranks, i);
    for (int phase = 0; phase < scenario->phases; phase++) {
        struct group *group = groups[draw(&dice, GROUPS)];
        uint64_t kind = draw(&dice, 5);
        if (!scenario->tidy && draw(&dice, 3) == 0)
            crowd_phase(rack, groups, &dice);
        else if (kind < 3)
            collective_phase(rack, group, &dice, scenario->tidy);
        else if (kind == 3)
            shift_phase(rack, group, &dice, scenario->tidy);
        else
            funnel_phase(rack, group, &dice);
        for (int rank = 0; rank < scenario->ranks; rank++)
            if (phase % 3 == 2 && is_member(groups[0], rank))
                rank_mark(rack_rank(rack, rank));
        if (draw(&dice, 2))
            rack_resolve(rack);
    }
    for (int rank = 0; rank < scenario->ranks; rank++)
        rank_end(rack_rank(rack, rank));
}

static struct rack *resolved(const struct scenario *scenario, const struct resolver_ops *resolver,
                             bool kernels)
{
    struct rack *rack = rack_create(scenario->cluster, netmodel_named(scenario->netmodel),
                                    compute_costs[0], scenario->ranks);
    struct errors errors;
    errors_init(&errors);
    rack_use(rack, resolver, kernels);
    rack_set_noise(rack, &scenario->noise);
    has_strands = false;
    run_program(rack, scenario);
    bool good = rack_finish(rack, &errors);
    if (!clock_lost(rack_clock(rack)))
        CHECK(good);
    errors_release(&errors);
    return rack;
}

static int differences(const struct clock *is, const struct clock *should, int ranks)
{
    int wrong = clock_length_ps(is) != clock_length_ps(should);
    wrong += clock_messages(is) != clock_messages(should);
    wrong += clock_mark_count(is) != clock_mark_count(should);
    for (int i = 0; i < clock_mark_count(should) && !wrong; i++)
        wrong += clock_mark_ps(is, i) != clock_mark_ps(should, i) ||
                 clock_mark_bytes(is, i) != clock_mark_bytes(should, i);
    for (int rank = 0; rank < ranks; rank++) {
        struct node_record a = clock_record(is, rank), b = clock_record(should, rank);
        wrong += memcmp(&a, &b, sizeof a) != 0;
    }
    return wrong;
}

/* Runs where a resolver was exact, by resolver; and those that have strands. */
struct tally {
    int exact[8], lost[8], stranded;
};

static struct tally compare(int scenarios, bool tidy, const char *netmodel, const char *ports,
                            bool kernels)
{
    struct tally tally = {0};
    for (int i = 0; i < scenarios; i++) {
        struct scenario scenario = {.seed = 1 + (uint64_t)i, .tidy = tidy, .netmodel = netmodel};
        struct dice dice = {scenario.seed, 0};
        scenario.cluster = random_cluster(&dice, ports);
        scenario.ranks = scenario.cluster->nodes;
        scenario.phases = 1 + (int)draw(&dice, 12);
        scenario.noise = random_noise(&dice);
        if (draw(&dice, 4) == 0)
            random_traces(scenario.cluster, &dice);
        struct resolver_run run = {
            .cluster = scenario.cluster, .netmodel = netmodel_named(netmodel)};
        struct rack *reference = resolved(&scenario, &resolver_events, false);
        tally.stranded += has_strands;
        for (int r = 0; resolvers[r]; r++) {
            if (resolvers[r]->refuses(&run))
                continue;
            struct rack *rack = resolved(&scenario, resolvers[r], kernels);
            bool lost = clock_lost(rack_clock(rack));
            (lost ? tally.lost : tally.exact)[r]++;
            int wrong = lost ? 0 : differences(rack_clock(rack), rack_clock(reference), scenario.ranks);
            CHECK_EQUAL(wrong, 0);
            if (wrong)
                printf("    %s, seed %d, %s, %s\n", resolvers[r]->name, i + 1, netmodel, ports);
            rack_free(rack);
        }
        rack_free(reference);
        cluster_free(scenario.cluster);
    }
    if (getenv("THREADRACK_TALLY"))
        for (int r = 0; resolvers[r]; r++)
            printf("    %s %s tidy=%d %s: exact %d, lost %d\n", netmodel, ports, tidy,
                   resolvers[r]->name, tally.exact[r], tally.lost[r]);
    return tally;
}

enum { DATAFLOW, WINDOWS, LANES, EVENTS };

static void tidy_programs_equal(void)
{
    struct tally order = compare(150, true, "loggp", "program_order", false);
    CHECK(order.exact[DATAFLOW] > 100);
    struct tally arrival = compare(150, true, "loggp", "arrival", false);
    CHECK(arrival.exact[WINDOWS] > 100);
    struct tally ideal = compare(50, true, "ideal", "arrival", false);
    CHECK(ideal.exact[DATAFLOW] > 40);
}

static void kernels_equal(void)
{
    struct tally order = compare(150, true, "loggp", "program_order", true);
    CHECK(order.exact[DATAFLOW] > 100);
    struct tally arrival = compare(150, true, "loggp", "arrival", true);
    CHECK(arrival.exact[DATAFLOW] > 10);
}

static void untidy_programs_equal(void)
{
    struct tally order = compare(150, false, "loggp", "program_order", true);
    CHECK_EQUAL(order.lost[LANES], order.stranded);
    CHECK(order.exact[LANES] > 100 && order.stranded > 5);
    struct tally arrival = compare(150, false, "loggp", "arrival", true);
    CHECK_EQUAL(arrival.lost[LANES], arrival.stranded);
    CHECK(arrival.exact[LANES] > 100);
    compare(50, false, "ideal", "arrival", true);
}

/* Two that send to each other what is not asked for: of another size, or not at all. */
static void mismatch(const char *ports, bool lacking)
{
    struct cluster *cluster = CLUSTER("nodes=2", ports, "cluster.loggp.overhead=1us");
    struct errors errors;
    errors_init(&errors);
    for (int r = 0; resolvers[r]; r++) {
        struct resolver_run run = {.cluster = cluster, .netmodel = netmodel_named("loggp")};
        if (resolvers[r]->refuses(&run))
            continue;
        struct rack *rack = rack_create(cluster, run.netmodel, compute_costs[0], 2);
        rack_use(rack, resolvers[r], true);
        struct group *both = rack_group(rack, (const int[]){0, 1}, 2, false);
        struct rank *first = rack_rank(rack, 0), *second = rack_rank(rack, 1);
        if (!lacking)
            rank_wait(first, rank_post_send(first, both, 1, NULL, 100));
        rank_wait(second, rank_post_receive(second, both, 0, NULL, 101));
        rank_end(first);
        rank_end(second);
        bool good = rack_finish(rack, &errors);
        CHECK(!good || clock_lost(rack_clock(rack)));
        rack_free(rack);
    }
    errors_release(&errors);
    cluster_free(cluster);
}

static void mismatches_are_never_resolved(void)
{
    static const char *const ports[] = {"cluster.loggp.ports=program_order",
                                        "cluster.loggp.ports=arrival"};
    for (int i = 0; i < 4; i++)
        mismatch(ports[i % 2], i / 2);
}

/* Where each is refused. What holds for the others, too, is asked of one. */
static void what_cannot_be_exact_is_refused(void)
{
    static const struct {
        int resolver;
        const char *netmodel, *word;
        bool real, watched, replayed;
        const char *why;
    } cases[] = {
        {DATAFLOW, "loggp", "cluster.loggp.gap=0s", true, false, false, "math=on"},
        {WINDOWS, "loggp", "cluster.loggp.gap=0s", true, false, false, "math=on"},
        {LANES, "loggp", "cluster.loggp.gap=0s", false, true, false, "one by one"},
        {LANES, "loggp", "cluster.loggp.gap=0s", false, false, true, "strategy=replay"},
        {DATAFLOW, "flow", "cluster.loggp.gap=0s", false, false, false, "only netmodel=loggp"},
        {DATAFLOW, "hockney", "cluster.loggp.gap=0s", false, false, false, "only netmodel=loggp"},
        {WINDOWS, "ideal", "cluster.loggp.gap=0s", false, false, false, "only netmodel=loggp"},
        {LANES, "ideal", "cluster.loggp.gap=0s", false, false, false, "only netmodel=loggp"},
        {LANES, "loggp", "cluster.loggp.rendezvous=1KiB", false, false, false, "rendezvous"},
        {LANES, "loggp", "cluster.loggp.overhead_per_byte=1ps/B", false, false, false, "per_byte"},
        {WINDOWS, "loggp", "cluster.loggp.ports=program_order", false, false, false, "dataflow"},
        {LANES, "loggp", "cluster.link.latency=0s", false, false, false, "would be empty"},
        {WINDOWS, "loggp", "cluster.link.latency=0s", false, false, false, "would be empty"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cluster *cluster = CLUSTER("nodes=2", "cluster.loggp.overhead=0s", cases[i].word);
        struct resolver_run run = {.cluster = cluster,
                                   .netmodel = netmodel_named(cases[i].netmodel),
                                   .real = cases[i].real,
                                   .watched = cases[i].watched,
                                   .replayed = cases[i].replayed};
        const char *why = resolvers[cases[i].resolver]->refuses(&run);
        CHECK(why && strstr(why, cases[i].why));
        if (!why || !strstr(why, cases[i].why))
            printf("    case %zu: %s\n", i, why ? why : "not refused");
        CHECK(!resolver_events.refuses(&run));
        cluster_free(cluster);
    }
}

SUITE("comm: resolvers", TEST(tidy_programs_equal), TEST(kernels_equal),
      TEST(untidy_programs_equal), TEST(mismatches_are_never_resolved),
      TEST(what_cannot_be_exact_is_refused));
