/* LogGP by hand: two nodes on a switch, L = 2 x 3us, G of 1 GB/s, o = 2us, g = 10us. */
#include "tests/check.h"

#include "tests/clock/fixture.h"
#include "threadrack/rank/post.h"

enum { O = 2000000, L = 6000000, SMALL_GAP = 10000000 };

static uint64_t time_of(const char *offload, int messages, size_t bytes)
{
    struct cluster *cluster =
        CLUSTER("nodes=2", "cluster.link.latency=3us", "cluster.link.bandwidth=1GB/s",
                "cluster.loggp.overhead=2us", "cluster.loggp.gap=10us", offload);
    struct rack *rack = rack_create(cluster, netmodel_named("loggp"), compute_costs[0], 2);
    struct group *group = rack_group(rack, (const int[]){0, 1}, 2, false);
    struct rank *sender = rack_rank(rack, 0), *receiver = rack_rank(rack, 1);
    for (int i = 0; i < messages; i++) {
        rank_post_send(sender, group, 1, NULL, bytes);
        rank_wait(receiver, rank_post_receive(receiver, group, 0, NULL, bytes));
    }
    rank_end(sender);
    rank_end(receiver);
    struct errors errors;
    errors_init(&errors);
    CHECK(rack_finish(rack, &errors));
    uint64_t length = clock_length_ps(rack_clock(rack));
    errors_release(&errors);
    rack_free(rack);
    cluster_free(cluster);
    return length;
}

static void by_hand(void)
{
    const char *off = "cluster.loggp.offload=off", *on = "cluster.loggp.offload=on";
    CHECK_EQUAL(time_of(off, 1, 1), 2 * O + L);
    CHECK_EQUAL(time_of(off, 1, 5001), 2 * O + L + 5000000);
    CHECK_EQUAL(time_of(on, 1, 5001), L + 5000000);
    /* The second waits for the port: g after the first. */
    CHECK_EQUAL(time_of(off, 2, 1), 2 * O + SMALL_GAP + L);
    CHECK_EQUAL(time_of(on, 2, 1), SMALL_GAP + L);
    /* Long ones follow each other at g + (n-1)G. */
    CHECK_EQUAL(time_of(on, 2, 50001), 2 * 50000000 + SMALL_GAP + L);
}

/* ---- O and S: two nodes, o = 1us, L = 2 x 1us, G = 1ns/B, g = 3us. ---- */

enum { US = 1000000, NS = 1000 };

/* What one rank does before and after it posts its one receive or send. */
struct pair {
    uint64_t sender_computes_ps, receiver_computes_ps;
    size_t bytes;
    uint64_t sender_ends_ps, receiver_ends_ps; /* filled in */
};

static void compute(struct rank *self, uint64_t duration_ps)
{
    rank_compute_begin(self, (struct work){.fixed_ps = duration_ps});
}

static void send_one(struct pair *pair, const char *word)
{
    struct cluster *cluster =
        CLUSTER("nodes=2", "cluster.link.latency=1us", "cluster.link.bandwidth=1GB/s",
                "cluster.loggp.overhead=1us", "cluster.loggp.gap=3us", word);
    struct rack *rack = rack_create(cluster, netmodel_named("loggp"), compute_costs[0], 2);
    struct group *group = rack_group(rack, (const int[]){0, 1}, 2, false);
    struct rank *sender = rack_rank(rack, 0), *receiver = rack_rank(rack, 1);
    compute(sender, pair->sender_computes_ps);
    rank_wait(sender, rank_post_send(sender, group, 1, NULL, pair->bytes));
    rank_end(sender);
    compute(receiver, pair->receiver_computes_ps);
    rank_wait(receiver, rank_post_receive(receiver, group, 0, NULL, pair->bytes));
    rank_end(receiver);
    struct errors errors;
    errors_init(&errors);
    CHECK(rack_finish(rack, &errors));
    /* What a rank does not wait after its end is until then. */
    uint64_t length_ps = clock_length_ps(rack_clock(rack));
    struct node_record records[2] = {clock_record(rack_clock(rack), 0),
                                     clock_record(rack_clock(rack), 1)};
    pair->sender_ends_ps = records[0].compute_ps + records[0].exposed_comm_ps;
    pair->receiver_ends_ps = length_ps;
    for (int i = 0; i < 2; i++)
        CHECK_EQUAL(records[i].compute_ps + records[i].exposed_comm_ps + records[i].waiting_ps +
                        records[i].bubble_ps,
                    length_ps);
    errors_release(&errors);
    rack_free(rack);
    cluster_free(cluster);
}

static void overhead_a_byte(void)
{
    /* O = 0.2ns/B < G: the sender's 2us hide behind the 10us that its bytes take, and so do the
     * receiver's: o + 10us + L + o. */
    struct pair pair = {.bytes = 10001};
    send_one(&pair, "cluster.loggp.overhead_per_byte=200ps/B");
    CHECK_EQUAL(pair.sender_ends_ps, 11 * US);
    CHECK_EQUAL(pair.receiver_ends_ps, 14 * US);
    /* O = 3ns/B > G: the send ends with its 30us, at 31us; the receiver has 20us of its 30us left
     * when the last byte comes at 13us: 13 + 20 + o. */
    send_one(&pair, "cluster.loggp.overhead_per_byte=3ns/B");
    CHECK_EQUAL(pair.sender_ends_ps, 31 * US);
    CHECK_EQUAL(pair.receiver_ends_ps, 34 * US);
    /* Posted behind 100us of computing, when all bytes are there: o then. */
    pair = (struct pair){.bytes = 10001, .receiver_computes_ps = 100 * US};
    send_one(&pair, "cluster.loggp.overhead_per_byte=200ps/B");
    CHECK_EQUAL(pair.receiver_ends_ps, 100 * US + 1 * US);
    /* Rounded half up: 1 more byte at 0.5ps. */
    pair = (struct pair){.bytes = 2};
    send_one(&pair, "cluster.loggp.overhead_per_byte=500fs/B");
    CHECK_EQUAL(pair.receiver_ends_ps, 4 * US + 1 * NS);
}

static void rendezvous(void)
{
    /* S itself is eager: o, 10us, L, o. */
    struct pair pair = {.bytes = 10001};
    send_one(&pair, "cluster.loggp.rendezvous=10001B");
    CHECK_EQUAL(pair.receiver_ends_ps, 14 * US);
    /* The receiver is early. Request: out at 1, in at 3, taken in by 4. Answer: out at 5, in at 7,
     * taken in by 8. Data: out at 9, sent at 19, in at 21, taken in by 22. The ports' g of 3us is
     * over by then: the sender's from 1 to 4, the receiver's from 3 to 6. */
    send_one(&pair, "cluster.loggp.rendezvous=10000B");
    CHECK_EQUAL(pair.sender_ends_ps, 19 * US);
    CHECK_EQUAL(pair.receiver_ends_ps, 22 * US);
    /* The receiver is late, and posts at 51 since the request's o put its compute op off: the answer
     * is out at 52, in at 54, taken in by 55; data: out at 56, sent at 66, taken in by 69. */
    pair = (struct pair){.bytes = 10001, .receiver_computes_ps = 50 * US};
    send_one(&pair, "cluster.loggp.rendezvous=10000B");
    CHECK_EQUAL(pair.sender_ends_ps, 66 * US);
    CHECK_EQUAL(pair.receiver_ends_ps, 69 * US);
    /* The sender is late: all of the early case 50us later. */
    pair = (struct pair){.bytes = 10001, .sender_computes_ps = 50 * US};
    send_one(&pair, "cluster.loggp.rendezvous=10000B");
    CHECK_EQUAL(pair.receiver_ends_ps, 72 * US);
}

/* ---- Two ranks that send first and receive then: a deadlock above S, in both ways to run. ---- */

struct exchange {
    struct group *group;
    size_t bytes;
};

static void send_then_receive(void *argument, struct rank *self)
{
    struct exchange *exchange = argument;
    int peer = 1 - rank_id(self);
    size_t bytes = exchange->bytes;
    float *out = rank_alloc(self, MEMORY_COMMUNICATION, bytes);
    float *in = rank_alloc(self, MEMORY_COMMUNICATION, bytes);
    rank_wait(self, rank_post_send(self, exchange->group, peer, out, bytes));
    rank_wait(self, rank_post_receive(self, exchange->group, peer, in, bytes));
}

static bool exchange_ends(bool real, size_t bytes, struct errors *errors)
{
    struct cluster *cluster = CLUSTER("nodes=2", "cluster.loggp.rendezvous=1KiB");
    struct host *host = host_open(errors);
    struct rack *rack = rack_create(cluster, netmodel_named("loggp"), compute_costs[0], 2);
    struct exchange exchange = {rack_group(rack, (const int[]){0, 1}, 2, false), bytes};
    for (int i = 0; i < 2 && real; i++)
        rank_alloc(rack_rank(rack, i), MEMORY_COMMUNICATION, 2 * bytes + 64);
    for (int i = 0; i < 2 && !real; i++) {
        send_then_receive(&exchange, rack_rank(rack, i));
        rank_end(rack_rank(rack, i));
    }
    if (real)
        CHECK(rack_open(rack, host, 0, host_core_count(host), 0, errors) &&
              rack_run(rack, send_then_receive, &exchange, errors));
    bool ended = rack_finish(rack, errors);
    CHECK(rack_is_stuck(rack) == !ended);
    rack_free(rack);
    host_close(host);
    cluster_free(cluster);
    return ended;
}

static void a_cycle_of_rendezvous_is_a_deadlock(void)
{
    for (int real = 0; real < 2; real++) {
        struct errors errors;
        errors_init(&errors);
        CHECK(exchange_ends(real, 1024, &errors));
        CHECK_EQUAL(errors.count, 0);
        CHECK(!exchange_ends(real, 1028, &errors));
        CHECK(errors.count == 1 && strstr(errors.messages[0], "in a circle"));
        CHECK(errors.count == 1 && strstr(errors.messages[0], "rank 0 waits for rank 1 (send 1"));
        CHECK(errors.count == 1 && strstr(errors.messages[0], "rank 1 waits for rank 0 (send 1"));
        errors_release(&errors);
    }
}

SUITE("comm: loggp", TEST(by_hand), TEST(overhead_a_byte), TEST(rendezvous),
      TEST(a_cycle_of_rendezvous_is_a_deadlock));
