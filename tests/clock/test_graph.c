/* GOAL on the clock by hand, under LogGP's o = 1500ns, g = 1000ns, G = 6ns/B, L = 2500ns: LogGOPSim's
 * defaults. A message of n bytes alone takes o + L + (n-1)G + o. */
#include "tests/check.h"

#include "fixture.h"
#include "threadrack/clock/graph.h"

#include <stdlib.h>

struct replay {
    struct goal *goal;
    struct cluster *cluster;
    struct clock *clock;
    bool ended;
};

static struct replay replay_with(const char *netmodel, enum graph_rules rules, const char *word,
                                 const char *more, const char *text)
{
    struct errors errors;
    errors_init(&errors);
    struct replay replay = {.goal = goal_parse(text, strlen(text), "text", &errors)};
    errors_print(&errors, stderr);
    CU_ASSERT_PTR_NOT_NULL_FATAL(replay.goal);
    char nodes[32];
    snprintf(nodes, sizeof nodes, "nodes=%d", replay.goal->ranks);
    /* 1 GB over 6 s is 6 ns a byte to within (n-1)G = 0.000000002 ps. */
    replay.cluster = CLUSTER(nodes, "cluster.link.latency=1250ns", "cluster.link.bandwidth=166666667B/s",
                             "cluster.loggp.overhead=1500ns", "cluster.loggp.gap=1000ns", word, more);
    replay.clock = clock_create(replay.cluster, netmodel_named(netmodel), replay.goal->ranks);
    clock_set_graphs(replay.clock, replay.goal, rules);
    for (int rank = 0; rank < replay.goal->ranks; rank++) {
        clock_append(replay.clock, rank, &(struct op){.kind = OP_GRAPH});
        clock_append(replay.clock, rank, &(struct op){.kind = OP_END});
    }
    replay.ended = clock_finish(replay.clock);
    errors_release(&errors);
    return replay;
}

static void replay_release(struct replay replay)
{
    clock_free(replay.clock);
    cluster_free(replay.cluster);
    goal_free(replay.goal);
}

#define PLAIN "cluster.name=x", "cluster.loggp.offload=off"

/* The run's length in ns. */
static uint64_t length_ns(const char *word, const char *text)
{
    struct replay replay = replay_with("loggp", GRAPH_GOAL, word, "cluster.loggp.offload=off", text);
    uint64_t length_ps = clock_length_ps(replay.clock);
    CHECK(replay.ended);
    CHECK_EQUAL(length_ps % 1000, 0);
    for (int rank = 0; rank < replay.goal->ranks; rank++) {
        struct node_record record = clock_record(replay.clock, rank);
        CHECK_EQUAL(record.compute_ps + record.exposed_comm_ps + record.waiting_ps +
                        record.bubble_ps,
                    length_ps);
    }
    replay_release(replay);
    return length_ps / 1000;
}

static void messages(void)
{
    /* One message of 1 byte: o + L + o. */
    CHECK_EQUAL(length_ns("cluster.name=x", "num_ranks 2\nrank 0 {\nsend 1b to 1\n}\n"
                                            "rank 1 {\nrecv 1b from 0\n}\n"),
                5500);
    /* 101 bytes: (n-1)G = 600 more. */
    CHECK_EQUAL(length_ns("cluster.name=x", "num_ranks 2\nrank 0 {\nsend 101b to 1\n}\n"
                                            "rank 1 {\nrecv 101b from 0\n}\n"),
                6100);
    /* There and back: twice that. */
    CHECK_EQUAL(length_ns("cluster.name=x",
                          "num_ranks 2\nrank 0 {\nl1: send 101b to 1\nl2: recv 101b from 1\n"
                          "l2 requires l1\n}\n"
                          "rank 1 {\nl1: recv 101b from 0\nl2: send 101b to 0\nl2 requires l1\n}\n"),
                12200);
    /* Two of 101 bytes, from two processors, so that no o is between: the first leaves its port at
     * 1500, the second g + (n-1)G = 1600 later, at 3100; its first byte comes at 5600, its last at
     * 6200; o. */
    CHECK_EQUAL(length_ns("cluster.name=x",
                          "num_ranks 2\nrank 0 {\nsend 101b to 1\nsend 101b to 1 tag 1 cpu 1\n}\n"
                          "rank 1 {\nrecv 101b from 0\nrecv 101b from 0 tag 1 cpu 1\n}\n"),
                7700);
    /* An eager send has ended with its o, though its bytes take 60000 to leave: the calc ends at
     * 1500 + 100, the message at 1500 + 60000 + 2500 + 1500. */
    struct replay replay =
        replay_with("loggp", GRAPH_GOAL, PLAIN,
                    "num_ranks 2\nrank 0 {\nl1: send 10001b to 1\nl2: calc 100\nl2 requires l1\n}\n"
                    "rank 1 {\nrecv 10001b from 0\n}\n");
    CHECK_EQUAL(clock_length_ps(replay.clock), 65500000);
    struct node_record record = clock_record(replay.clock, 0);
    CHECK_EQUAL(record.exposed_comm_ps, 1500000);
    CHECK_EQUAL(record.compute_ps, 100000);
    replay_release(replay);
}

/* 100 messages of 1 byte from as many processors: g apart, not o. The last leaves at o + 99g. */
static void bound_by_gap(void)
{
    char text[16384] = "num_ranks 2\nrank 0 {\n", *end = text + strlen(text);
    for (int i = 0; i < 100; i++)
        end += sprintf(end, "send 1b to 1 tag %d cpu %d\n", i, i);
    end += sprintf(end, "}\nrank 1 {\n");
    for (int i = 0; i < 100; i++)
        end += sprintf(end, "recv 1b from 0 tag %d cpu %d\n", i, i);
    sprintf(end, "}\n");
    CHECK_EQUAL(length_ns("cluster.name=x", text), 1500 + 99 * 1000 + 2500 + 1500);
    /* One processor each, g = 5000 above o: as before, g apart. */
    char *at = text;
    while ((at = strstr(at, " cpu ")))
        memset(at, ' ', strcspn(at, "\n"));
    CHECK_EQUAL(length_ns("cluster.name=x", text), 1500 + 99 * 1500 + 2500 + 1500);
}

/* Eight senders of 101 bytes at once: the port takes them g + (n-1)G = 1600 apart, in order of
 * arrival: rank 8, which computes for 100ns less than the others, is first. The receives' o on as
 * many processors: the last ends at 200 + o + L + 7 * 1600 + 600 + o, but the first port time is rank
 * 8's, 100 earlier. */
static void incast(void)
{
    char text[4096] = "num_ranks 9\nrank 0 {\n", *end = text + strlen(text);
    for (int i = 1; i <= 8; i++)
        end += sprintf(end, "l%d: recv 101b from %d cpu %d\n", i, i, i);
    end += sprintf(end, "last: calc 10000\nlast requires l8\n}\n");
    for (int i = 1; i <= 8; i++)
        end += sprintf(end, "rank %d {\nl1: calc %d\nl2: send 101b to 0\nl2 requires l1\n}\n", i,
                       i == 8 ? 100 : 200);
    CHECK_EQUAL(length_ns("cluster.name=x", text), 100 + 1500 + 2500 + 7 * 1600 + 600 + 1500);
    /* What follows rank 8's message begins at 100 + 1500 + 2500 + 600 + 1500 = 6200. */
    char *calc = strstr(text, "calc 10000");
    memcpy(calc, "calc 90000", strlen("calc 90000"));
    CHECK_EQUAL(length_ns("cluster.name=x", text), 6200 + 90000);
}

static void overhead_a_byte(void)
{
    static const char one[] = "num_ranks 2\nrank 0 {\nl1: send 101b to 1\nl2: calc 10000\n"
                              "l2 requires l1\n}\nrank 1 {\nrecv 101b from 0\n}\n";
    /* O = 2 < G: the sender's processor is busy for 1500 + 200, the receiver's hidden. */
    CHECK_EQUAL(length_ns("cluster.loggp.overhead_per_byte=2ns/B", one), 1700 + 10000);
    /* O = 200 > G: the receiver's 20000 begin with the first byte at 4000: 4000 + 20000 + o. */
    CHECK_EQUAL(length_ns("cluster.loggp.overhead_per_byte=200ns/B", one), 1500 + 20000 + 10000);
    struct replay replay = replay_with("loggp", GRAPH_GOAL, "cluster.loggp.overhead_per_byte=200ns/B",
                                       "cluster.loggp.offload=off", one);
    CHECK_EQUAL(clock_record(replay.clock, 1).exposed_comm_ps, 25500000);
    replay_release(replay);
}

static void rendezvous(void)
{
    static const char early[] = "num_ranks 2\nrank 0 {\nl1: send 101b to 1\nl2: calc 10000\n"
                                "l2 requires l1\n}\nrank 1 {\nrecv 101b from 0\n}\n";
    /* Request 5500, answer 5500, then the data's o: the send has ended at 12500. */
    CHECK_EQUAL(length_ns("cluster.loggp.rendezvous=100B", early), 12500 + 10000);
    CHECK_EQUAL(length_ns("cluster.loggp.rendezvous=101B", early), 1500 + 10000);
    /* 3 (o + L + o) + (n-1)G. */
    CHECK_EQUAL(length_ns("cluster.loggp.rendezvous=100B",
                          "num_ranks 2\nrank 0 {\nsend 101b to 1\n}\n"
                          "rank 1 {\nrecv 101b from 0\n}\n"),
                3 * 5500 + 600);
    /* The receiver posts at 20000, when its processor is free again: the request came at 4000 and had
     * to wait for the calc; its o until 21500, the answer's o until 23000, in at 25500, o: 27000; the
     * data out at 28500, all in at 31600, o. */
    CHECK_EQUAL(length_ns("cluster.loggp.rendezvous=100B",
                          "num_ranks 2\nrank 0 {\nsend 101b to 1\n}\n"
                          "rank 1 {\nl1: calc 20000\nl2: recv 101b from 0\nl2 requires l1\n}\n"),
                33100);
    /* An eager message to a late receiver was taken in at 20000 to 21500, before it was asked for at
     * 20000: the calc on another processor lets it be taken in at once. */
    CHECK_EQUAL(length_ns("cluster.name=x",
                          "num_ranks 2\nrank 0 {\nsend 101b to 1\n}\n"
                          "rank 1 {\nl1: calc 20000 cpu 1\nl2: recv 101b from 0\nl2 requires l1\n}\n"),
                20000);
}

static void processors_and_order(void)
{
    /* Two calcs on one processor, and on two. */
    CHECK_EQUAL(length_ns("cluster.name=x", "num_ranks 1\nrank 0 {\ncalc 100\ncalc 200\n}\n"), 300);
    CHECK_EQUAL(length_ns("cluster.name=x", "num_ranks 1\nrank 0 {\ncalc 100\ncalc 200 cpu 1\n}\n"),
                200);
    /* Requires waits for the end, irequires for the beginning. */
    CHECK_EQUAL(length_ns("cluster.name=x", "num_ranks 1\nrank 0 {\nl1: calc 100\nl2: calc 200 cpu 1\n"
                                            "l2 requires l1\n}\n"),
                300);
    CHECK_EQUAL(length_ns("cluster.name=x", "num_ranks 1\nrank 0 {\nl1: calc 100\nl2: calc 200 cpu 1\n"
                                            "l2 irequires l1\n}\n"),
                200);
    /* A chain of beginnings behind a calc of 50 on the same processor. */
    CHECK_EQUAL(length_ns("cluster.name=x",
                          "num_ranks 1\nrank 0 {\nl0: calc 50\nl1: calc 100\nl2: calc 200 cpu 1\n"
                          "l2 irequires l1\n}\n"),
                250);
    /* A calc that is ready with a send goes behind it: 1500 + 100000. Were it first, the message
     * would end at 100000 + 5500. */
    CHECK_EQUAL(length_ns("cluster.name=x", "num_ranks 2\nrank 0 {\ncalc 100000\nsend 1b to 1\n}\n"
                                            "rank 1 {\nrecv 1b from 0\n}\n"),
                101500);
    /* What waited longer is first, also behind a busy processor: at 10 the send is taken before the
     * calc of 500, and keeps the processor for its o. */
    CHECK_EQUAL(length_ns("cluster.name=x",
                          "num_ranks 2\nrank 0 {\nl1: calc 10\nl2: calc 500\nl3: send 1b to 1 cpu 0\n"
                          "l2 irequires l1\nl3 irequires l1\n}\nrank 1 {\nrecv 1b from 0\n}\n"),
                10 + 5500);
    /* First sent, first received, by source and tag. The first takes 600 longer. */
    CHECK_EQUAL(length_ns("cluster.name=x",
                          "num_ranks 2\nrank 0 {\nsend 1b to 1 tag 7\nsend 101b to 1 tag 8\n}\n"
                          "rank 1 {\nl1: recv 101b from 0 tag 8\nl2: recv 1b from 0 tag 7 cpu 1\n"
                          "l3: calc 50000\nl3 requires l1\nl4: calc 50000 cpu 1\nl4 requires l2\n}\n"),
                1500 + 1500 + 2500 + 600 + 1500 + 50000);
}

/* LogGOPSim's README gives 22000 ns for its own dissemination_16.goal under these parameters. */
static void what_loggopsim_says(void)
{
    char text[8192] = "num_ranks 16\n", *end = text + strlen(text);
    for (int rank = 0; rank < 16; rank++) {
        end += sprintf(end, "rank %d {\n", rank);
        for (int round = 0; round < 4; round++) {
            end += sprintf(end, "s%d: send 1b to %d\nr%d: recv 1b from %d\n", round,
                           (rank + (1 << round)) % 16, round, (rank + 16 - (1 << round)) % 16);
            if (round)
                end += sprintf(end, "s%d requires r%d\nr%d requires r%d\ns%d requires s%d\n", round,
                               round - 1, round, round - 1, round, round - 1);
        }
        end += sprintf(end, "}\n");
    }
    CHECK_EQUAL(length_ns("cluster.name=x", text), 22000);
}

/* Every netmodel goes through a graph; those without overheads charge a message as they do. */
static void under_every_netmodel(void)
{
    static const char text[] = "num_ranks 3\nrank 0 {\nl1: calc 100\nl2: send 1000b to 1\n"
                               "l2 requires l1\n}\n"
                               "rank 1 {\nl1: recv 1000b from 0\nl2: calc 200\nl2 requires l1\n}\n";
    for (int i = 0; netmodels[i]; i++)
        for (int rules = GRAPH_GOAL; rules <= GRAPH_RACK; rules++) {
            struct replay replay = replay_with(netmodels[i]->name, (enum graph_rules)rules, PLAIN, text);
            struct path path = cluster_path(replay.cluster, 0, 1);
            uint64_t message_ps = hockney_ps(path, 1000);
            if (netmodels[i]->free_of_cost)
                message_ps = 0;
            if (netmodels[i]->overhead)
                message_ps = 3000000 + path.latency_ps + transfer_ps(999, path.bandwidth_Bps);
            CHECK(replay.ended);
            CHECK_EQUAL(clock_length_ps(replay.clock), 300000 + message_ps);
            CHECK_EQUAL(clock_messages(replay.clock), 1);
            replay_release(replay);
        }
}

/* ---- What does not end. ---- */

static void check_report(const char *word, const char *text, const char *says, const char *says_too)
{
    struct replay replay =
        replay_with("loggp", GRAPH_GOAL, word, "cluster.loggp.offload=off", text);
    char *report = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&report, &length);
    clock_report(replay.clock, stream);
    fclose(stream);
    bool good = !replay.ended && strstr(report, says) && strstr(report, says_too);
    if (!good)
        fprintf(stderr, "\nthe report was \"%s\", should have \"%s\" and \"%s\"\n", report, says,
                says_too);
    CHECK(good);
    CHECK(!strchr(report, '\n')); /* one line */
    free(report);
    replay_release(replay);
}

static void deadlocks(void)
{
    /* Each receives before it sends. */
    check_report("cluster.name=x",
                 "num_ranks 2\nrank 0 {\nl1: recv 8b from 1\nl2: send 8b to 1\nl2 requires l1\n}\n"
                 "rank 1 {\nl1: recv 8b from 0\nl2: send 8b to 0\nl2 requires l1\n}\n",
                 "in a circle: rank 0 waits for rank 1 (to receive tag 0, line 3), ",
                 "rank 1 waits for rank 0 (to receive tag 0, line 8); 2 of 2 ranks wait");
    /* Each sends before it receives: only a rendezvous minds. */
    static const char sends[] =
        "num_ranks 2\nrank 0 {\nl1: send 8b to 1\nl2: recv 8b from 1\nl2 requires l1\n}\n"
        "rank 1 {\nl1: send 8b to 0\nl2: recv 8b from 0\nl2 requires l1\n}\n";
    check_report("cluster.loggp.rendezvous=7B", sends,
                 "in a circle: rank 0 waits for rank 1 (to send tag 0, line 3), ",
                 "rank 1 waits for rank 0 (to send tag 0, line 8)");
    CHECK_EQUAL(length_ns("cluster.loggp.rendezvous=8B", sends), 1500 + 2500 + 42 + 1500);
    /* Another tag. */
    check_report("cluster.name=x",
                 "num_ranks 2\nrank 0 {\nsend 8b to 1 tag 1\n}\nrank 1 {\nrecv 8b from 0 tag 2\n}\n",
                 "for ever: rank 1 waits for rank 0 (to receive tag 2, line 6), which never comes: rank 0 has no more",
                 "; 1 of 2 ranks wait");
}

static void unreceived(void)
{
    struct replay replay = replay_with("loggp", GRAPH_GOAL, PLAIN,
                                       "num_ranks 2\nrank 0 {\nsend 8b to 1\nsend 8b to 1 tag 9\n}\n"
                                       "rank 1 {\nrecv 8b from 0 tag 9\n}\n");
    uint32_t line;
    CHECK(replay.ended);
    CHECK_EQUAL(clock_unreceived(replay.clock, &line), 1);
    CHECK_EQUAL(line, 3);
    replay_release(replay);
}

/* Each of many ranks waits for the next: the circle is found from any of them, and cut short. */
static void long_circles(void)
{
    enum { RANKS = 3000 };
    char *text = malloc((size_t)RANKS * 100), *end = text;
    end += sprintf(end, "num_ranks %d\n", RANKS);
    for (int i = 0; i < RANKS; i++)
        end += sprintf(end, "rank %d {\nl1: recv 8b from %d\nl2: send 8b to %d\nl2 requires l1\n}\n", i,
                       i < 10 || i == RANKS - 1 ? 10 : i + 1, (i + 1) % RANKS);
    check_report("cluster.name=x", text, "in a circle: rank ", ", and so on; 3000 of 3000 ranks wait");
    free(text);
}

/* A chain of 200,000 operations and as many labels takes no stack and little time. */
static void long_chains(void)
{
    enum { OPS = 200000 };
    char *text = malloc((size_t)OPS * 80), *end = text;
    end += sprintf(end, "num_ranks 2\nrank 0 {\n");
    for (int i = 0; i < OPS; i++)
        end += sprintf(end, i ? "l%d: calc %d\nl%d requires l%d\n" : "l%d: calc 0\n", i, i % 2, i, i - 1);
    end += sprintf(end, "}\nrank 1 {\n");
    for (int i = 0; i < OPS; i++)
        end += sprintf(end, "recv 1b from 0 tag %d\n", i);
    sprintf(end, "}\n");
    struct replay replay = replay_with("ideal", GRAPH_GOAL, PLAIN, text);
    CHECK(!replay.ended);
    CHECK_EQUAL(clock_record(replay.clock, 0).compute_ps, OPS / 2 * 1000);
    replay_release(replay);
    free(text);
}

SUITE("clock: graphs", TEST(messages), TEST(bound_by_gap), TEST(incast), TEST(overhead_a_byte),
      TEST(rendezvous), TEST(processors_and_order), TEST(what_loggopsim_says),
      TEST(under_every_netmodel), TEST(deadlocks), TEST(long_circles), TEST(unreceived), TEST(long_chains));
