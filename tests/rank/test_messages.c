/* Messages between real ranks, each on a thread of its own: they arrive, in order, and no order in
 * which the ranks post can lock them up. */
#include "tests/check.h"

#include "tests/rank/fixture.h"

#include <stdatomic.h>
#include <unistd.h>

/* Ten thousand times as long as it takes. */
enum { PATIENCE_S = 60 };

static uint64_t messages_of(const struct rack *rack)
{
    return clock_messages(rack_clock(rack));
}

/* ---- Order. ---- */

enum { PEERS = 5, LETTERS = 200 };

struct letters {
    struct group *groups[2]; /* of the same members */
    int wrong[PEERS];
};

static int letter(int from, int to, int group, int number)
{
    return ((from * PEERS + to) * 2 + group) * LETTERS + number;
}

/* Letters have one to four words, so that one in place of another would be noticed. */
static size_t letter_bytes(int number)
{
    return (size_t)(1 + number % 4) * sizeof(int);
}

static void send_letters(struct rank *self, const struct letters *letters)
{
    int me = rank_id(self);
    for (int number = 0; number < LETTERS; number++)
        for (int peer = 0; peer < PEERS; peer++)
            for (int g = 0; g < 2 && peer != me; g++) {
                int words[4];
                for (int i = 0; i < 4; i++)
                    words[i] = letter(me, peer, g, number);
                rank_wait(self, rank_post_send(self, letters->groups[g], peer, words,
                                               letter_bytes(number)));
            }
}

/* The second group's letters first: groups do not wait for each other. */
static void read_letters(struct rank *self, struct letters *letters)
{
    int me = rank_id(self);
    for (int g = 1; g >= 0; g--)
        for (int peer = 0; peer < PEERS; peer++)
            for (int number = 0; number < LETTERS && peer != me; number++) {
                int words[4] = {-1, -1, -1, -1}, last = number % 4;
                rank_wait(self, rank_post_receive(self, letters->groups[g], peer, words,
                                                  letter_bytes(number)));
                letters->wrong[me] += words[0] != letter(peer, me, g, number) ||
                                      words[last] != words[0] ||
                                      (last < 3 && words[last + 1] != -1);
            }
}

static void correspond(void *argument, struct rank *self)
{
    struct letters *letters = argument;
    send_letters(self, letters);
    read_letters(self, letters);
}

static void letters_keep_their_order(void)
{
    struct scene scene = scene_of(PEERS);
    const int everybody[PEERS] = {0, 1, 2, 3, 4};
    struct letters letters = {
        .groups = {scene.all, rack_group(scene.rack, everybody, PEERS, true)}};
    scene_run(&scene, correspond, &letters);
    for (int i = 0; i < PEERS; i++)
        CHECK_EQUAL(letters.wrong[i], 0);
    CHECK_EQUAL(messages_of(scene.rack), 2 * PEERS * (PEERS - 1) * LETTERS);
    CHECK(rack_mailbox_bytes(scene.rack) > 0);
    scene_release(&scene);
}

/* ---- Buffered sends. ---- */

enum { WORDS = 10000 };

struct parcel_post {
    struct group *group;
    bool receive_first; /* the receive is posted before anything is sent */
    int sum;
};

static void silence(void *argument)
{
    (void)argument;
}

static void send_parcel(struct rank *self, struct group *group)
{
    int words[WORDS];
    for (int i = 0; i < WORDS; i++)
        words[i] = i % 7;
    rank_wait(self, rank_post_send(self, group, 1, words, sizeof words));
    memset(words, 0, sizeof words); /* the buffer is the sender's again */
}

static void post_parcel(void *argument, struct rank *self)
{
    struct parcel_post *post = argument;
    static int words[WORDS];
    struct request request = {0};
    if (post->receive_first && rank_id(self) == 1)
        request = rank_post_receive(self, post->group, 0, words, sizeof words);
    rank_meet(self, silence, NULL);
    if (rank_id(self) == 0)
        send_parcel(self, post->group);
    rank_meet(self, silence, NULL);
    if (rank_id(self) == 0)
        return;
    if (!post->receive_first)
        request = rank_post_receive(self, post->group, 0, words, sizeof words);
    rank_wait(self, request);
    for (int i = 0; i < WORDS; i++)
        post->sum += words[i];
}

static void parcel(bool receive_first, uint64_t mailbox_bytes)
{
    struct scene scene = scene_of(2);
    struct parcel_post post = {.group = scene.all, .receive_first = receive_first};
    int should = 0;
    for (int i = 0; i < WORDS; i++)
        should += i % 7;
    scene_run(&scene, post_parcel, &post);
    CHECK_EQUAL(post.sum, should);
    CHECK_EQUAL(rack_mailbox_bytes(scene.rack), mailbox_bytes);
    scene_release(&scene);
}

/* The sender has waited before anybody asks for the message, so a copy is kept. */
static void a_send_is_buffered(void)
{
    parcel(false, WORDS * sizeof(int));
}

static void a_receive_in_time_needs_no_copy(void)
{
    parcel(true, 0);
}

static void send_unread(void *argument, struct rank *self)
{
    struct scene *scene = argument;
    if (rank_id(self) == 0)
        send_parcel(self, scene->all);
}

/* What nobody ever reads is no reason to hang or to leak. */
static void a_message_may_stay_unread(void)
{
    struct scene scene = scene_of(2);
    scene_run(&scene, send_unread, &scene);
    CHECK_EQUAL(rack_mailbox_bytes(scene.rack), WORDS * sizeof(int));
    scene_release(&scene);
}

/* Both send before either receives. */
static void cross(void *argument, struct rank *self)
{
    struct letters *letters = argument;
    int me = rank_id(self), mine = me + 40, other = 0;
    rank_wait(self, rank_post_send(self, letters->groups[0], 1 - me, &mine, sizeof mine));
    rank_wait(self, rank_post_receive(self, letters->groups[0], 1 - me, &other, sizeof other));
    letters->wrong[me] = other != 41 - me;
}

static void sends_may_cross(void)
{
    struct scene scene = scene_of(2);
    struct letters letters = {.groups = {scene.all}};
    scene_run(&scene, cross, &letters);
    CHECK_EQUAL(letters.wrong[0] + letters.wrong[1], 0);
    scene_release(&scene);
}

/* ---- Collectives. Two schedules in a line: down to member 0 with additions, and up again. ---- */

static bool down_step(const struct call *call, int index, struct step *step)
{
    struct share all = {0, call->count};
    bool last = call->rank == call->size - 1;
    *step = (struct step){.send_to = -1, .recv_from = -1, .send = all, .recv = all, .reduce = true};
    if (!last && index == 0)
        step->recv_from = call->rank + 1;
    else if (call->rank > 0 && index == !last)
        step->send_to = call->rank - 1;
    else
        return false;
    return true;
}

static bool up_step(const struct call *call, int index, struct step *step)
{
    struct share all = {0, call->count};
    bool first = call->rank == 0;
    *step = (struct step){.send_to = -1, .recv_from = -1, .send = all, .recv = all};
    if (!first && index == 0)
        step->recv_from = call->rank - 1;
    else if (call->rank < call->size - 1 && index == !first)
        step->send_to = call->rank + 1;
    else
        return false;
    return true;
}

static const struct schedule down = {.name = "down", .step = down_step};
static const struct schedule up = {.name = "up", .step = up_step};

enum { MEMBERS = 7, ROUNDS = 50, LENGTH = 3000 };

struct sums {
    struct group *groups[2];
    int wrong[MEMBERS];
};

static void fill(float *vector, float value)
{
    for (int i = 0; i < LENGTH; i++)
        vector[i] = value + (float)(i % 3);
}

static int count_wrong(const float *vector, float value, int members)
{
    int wrong = 0;
    for (int i = 0; i < LENGTH; i++)
        wrong += vector[i] != value + (float)(i % 3 * members);
    return wrong;
}

static void sum_down_and_up(void *argument, struct rank *self)
{
    struct sums *sums = argument;
    float vector[LENGTH];
    for (int round = 0; round < ROUNDS; round++) {
        fill(vector, (float)(rank_id(self) + round));
        rank_wait(self, rank_post_collective(self, sums->groups[0], &down, 0, vector, LENGTH));
        rank_wait(self, rank_post_collective(self, sums->groups[0], &up, 0, vector, LENGTH));
        float sum = MEMBERS * (MEMBERS - 1) / 2 + MEMBERS * round;
        sums->wrong[rank_id(self)] += count_wrong(vector, sum, MEMBERS);
    }
}

static void collectives_deliver(void)
{
    struct scene scene = scene_of(MEMBERS);
    struct sums sums = {.groups = {scene.all}};
    scene_run(&scene, sum_down_and_up, &sums);
    for (int i = 0; i < MEMBERS; i++)
        CHECK_EQUAL(sums.wrong[i], 0);
    CHECK_EQUAL(messages_of(scene.rack), ROUNDS * 2 * (MEMBERS - 1));
    scene_release(&scene);
}

/* Odd ranks post the second group's first, and everybody waits for what it posted first. */
static void post_in_different_orders(void *argument, struct rank *self)
{
    struct sums *sums = argument;
    int me = rank_id(self), first = me % 2;
    float vectors[2][LENGTH];
    for (int round = 0; round < ROUNDS; round++) {
        struct request requests[2];
        fill(vectors[0], (float)me);
        fill(vectors[1], (float)(10 * me));
        for (int i = 0; i < 2; i++) {
            int g = i ? 1 - first : first;
            requests[i] = rank_post_collective(self, sums->groups[g], &down, 0, vectors[g], LENGTH);
        }
        rank_wait(self, requests[0]);
        rank_wait(self, requests[1]);
        if (me == 0)
            sums->wrong[0] +=
                count_wrong(vectors[0], 21, MEMBERS) + count_wrong(vectors[1], 210, MEMBERS);
    }
}

static void groups_do_not_lock_each_other_up(void)
{
    struct scene scene = scene_of(MEMBERS);
    const int everybody[MEMBERS] = {0, 1, 2, 3, 4, 5, 6};
    struct sums sums = {.groups = {scene.all, rack_group(scene.rack, everybody, MEMBERS, false)}};
    alarm(PATIENCE_S);
    scene_run(&scene, post_in_different_orders, &sums);
    alarm(0);
    CHECK_EQUAL(sums.wrong[0], 0);
    CHECK_EQUAL(messages_of(scene.rack), ROUNDS * 2 * (MEMBERS - 1));
    scene_release(&scene);
}

/* One rank may post many collectives before another has posted the first. */
static void post_far_ahead(void *argument, struct rank *self)
{
    struct sums *sums = argument;
    static float vectors[MEMBERS][ROUNDS][LENGTH];
    struct request requests[ROUNDS];
    int me = rank_id(self);
    if (me == MEMBERS - 1) /* the last to begin: all others have posted everything */
        rank_meet(self, silence, NULL);
    for (int round = 0; round < ROUNDS; round++) {
        fill(vectors[me][round], (float)(me * round));
        requests[round] =
            rank_post_collective(self, sums->groups[0], &down, 0, vectors[me][round], LENGTH);
    }
    if (me != MEMBERS - 1)
        rank_meet(self, silence, NULL);
    for (int round = ROUNDS - 1; round >= 0; round--)
        rank_wait(self, requests[round]);
    for (int round = 0; round < ROUNDS && me == 0; round++)
        sums->wrong[0] += count_wrong(vectors[0][round], (float)(21 * round), MEMBERS);
}

static void members_may_post_ahead(void)
{
    struct scene scene = scene_of(MEMBERS);
    struct sums sums = {.groups = {scene.all}};
    scene_run(&scene, post_far_ahead, &sums);
    CHECK_EQUAL(sums.wrong[0], 0);
    scene_release(&scene);
}

SUITE("rank: messages", TEST(letters_keep_their_order), TEST(a_send_is_buffered),
      TEST(a_receive_in_time_needs_no_copy), TEST(a_message_may_stay_unread), TEST(sends_may_cross),
      TEST(collectives_deliver), TEST(groups_do_not_lock_each_other_up),
      TEST(members_may_post_ahead));
