/* Rank programs that cannot come to their end: each ends, real and timing-only, in one line that says
 * who waits for whom, for what and where, or who disagrees. A program that hung would be ended by
 * the alarm. */
#include "tests/check.h"

#include "tests/rank/fixture.h"

#include <unistd.h>

enum { RANKS = 4, PATIENCE_S = 60 };

/* Everybody sends to the next member, and receives from the one before, until all depend on all. */
static bool pass_on(const struct call *call, int index, struct step *step)
{
    *step = (struct step){.send_to = (call->rank + 1) % call->size,
                          .recv_from = (call->rank + call->size - 1) % call->size,
                          .send = {0, call->count},
                          .recv = {0, call->count}};
    return index < call->size - 1;
}

/* All send to member 0, which takes one after the other. */
static bool collect(const struct call *call, int index, struct step *step)
{
    bool first = call->rank == 0;
    *step = (struct step){.send_to = first ? -1 : 0,
                          .recv_from = first ? index + 1 : -1,
                          .send = {0, call->count},
                          .recv = {0, call->count}};
    return index < (first ? call->size - 1 : 1);
}

static const struct schedule ring = {.name = "a ring", .step = pass_on},
                             other = {.name = "another ring", .step = pass_on},
                             gathering = {.name = "a gathering", .step = collect};

struct groups {
    struct group *all, *all_again, *two; /* of everybody, twice; of ranks 0 and 1 */
};

static void collective(struct rank *self, struct group *group, const struct schedule *schedule,
                       int root, size_t count)
{
    float vector[8] = {0};
    rank_wait(self, rank_post_collective(self, group, schedule, root, vector, count));
}

static void receive(struct rank *self, struct group *group, int peer, size_t bytes)
{
    char room[16];
    rank_wait(self, rank_post_receive(self, group, peer, room, bytes));
}

static void send_to(struct rank *self, struct group *group, int peer, size_t bytes)
{
    static const char letters[16] = "";
    rank_wait(self, rank_post_send(self, group, peer, letters, bytes));
}

/* ---- The programs. ---- */

static void circle(struct rank *self, const struct groups *groups)
{
    receive(self, groups->all, (rank_id(self) + 1) % RANKS, 4);
    send_to(self, groups->all, (rank_id(self) + RANKS - 1) % RANKS, 4);
}

static void too_few_sends(struct rank *self, const struct groups *groups)
{
    if (rank_id(self) == 0)
        send_to(self, groups->all, 1, 4);
    for (int i = 0; i < 2 && rank_id(self) == 1; i++)
        receive(self, groups->all, 0, 4);
}

static void other_size(struct rank *self, const struct groups *groups)
{
    if (rank_id(self) == 0)
        send_to(self, groups->all, 1, 8);
    if (rank_id(self) == 1)
        receive(self, groups->all, 0, 12);
}

/* The receive is posted long before the send, so that in a real run the sender may be second. */
static void other_size_late(struct rank *self, const struct groups *groups)
{
    if (rank_id(self) == 1) {
        send_to(self, groups->all, 0, 4);
        send_to(self, groups->all, 2, 12);
    }
    if (rank_id(self) == 2)
        receive(self, groups->all, 1, 8);
    if (rank_id(self) == 0)
        receive(self, groups->all, 1, 4);
}

static void wrong_peer(struct rank *self, const struct groups *groups)
{
    if (rank_id(self) == 0)
        send_to(self, groups->all, 1, 4);
    if (rank_id(self) == 2)
        receive(self, groups->all, 0, 4);
}

static void wrong_group(struct rank *self, const struct groups *groups)
{
    if (rank_id(self) == 0)
        send_to(self, groups->all, 1, 4);
    if (rank_id(self) == 1)
        receive(self, groups->two, 0, 4);
}

static void other_order(struct rank *self, const struct groups *groups)
{
    bool odd = rank_id(self) == 2;
    collective(self, groups->all, odd ? &other : &ring, 0, 8);
    collective(self, groups->all, odd ? &ring : &other, 0, 8);
}

static void other_count(struct rank *self, const struct groups *groups)
{
    collective(self, groups->all, &ring, 0, rank_id(self) == 3 ? 5 : 8);
}

static void other_root(struct rank *self, const struct groups *groups)
{
    collective(self, groups->all, &ring, rank_id(self) == 1, 8);
}

static void missing_member(struct rank *self, const struct groups *groups)
{
    collective(self, groups->all, &ring, 0, 8);
    if (rank_id(self) != 3)
        collective(self, groups->all, &ring, 0, 6);
}

/* Virtual time would not notice: nobody receives from member 0. */
static void missing_root(struct rank *self, const struct groups *groups)
{
    if (rank_id(self) != 0)
        collective(self, groups->all, &gathering, 0, 8);
}

static void across_two_groups(struct rank *self, const struct groups *groups)
{
    if (rank_id(self) == 0)
        collective(self, groups->two, &ring, 0, 8);
    collective(self, groups->all, &ring, 0, 8);
    if (rank_id(self) == 1)
        collective(self, groups->two, &ring, 0, 8);
}

static void message_before_collective(struct rank *self, const struct groups *groups)
{
    if (rank_id(self) == 1)
        receive(self, groups->two, 0, 4);
    collective(self, groups->all, &ring, 0, 8);
    if (rank_id(self) == 0)
        send_to(self, groups->two, 1, 4);
}

static const struct mistake {
    void (*program)(struct rank *self, const struct groups *groups);
    const char *words[4];
} mistakes[] = {
    {circle,
     {"in a circle", "rank 3 waits for rank 0 (receive 1 in the group of 4 ranks from rank 0 on, of 4 "
                     "bytes), rank 0 waits for rank 1",
      "4 of 4 ranks wait"}},
    {too_few_sends,
     {"rank 1 waits for rank 0 (receive 2 in the group of 4 ranks from rank 0 on, of 4 bytes)",
      "never comes: rank 0 has no more operations", "1 of 4 ranks wait"}},
    {other_size, {"rank 0 sends 8 bytes to rank 1, which wants 12"}},
    {other_size_late, {"rank 1 sends 12 bytes to rank 2, which wants 8"}},
    {wrong_peer, {"rank 2 waits for rank 0 (receive 1", "rank 0 has no more operations"}},
    {wrong_group,
     {"rank 1 waits for rank 0 (receive 1 in the group of 2 ranks", "rank 0 has no more"}},
    {other_order, {"rank 2 post", "a ring of 8", "another ring of 8", "collective 1 of"}},
    {other_count, {"rank 3 post", "of 5", "of 8", "collective 1 of the group of 4 ranks from rank 0"}},
    {other_root, {"rank 1 post", "root 1", "root 0"}},
    {missing_member,
     {"rank 0 waits for rank 3 (collective 2 in the group of 4 ranks from rank 0 on, a ring of 6 "
      "elements, step 1)",
      "never comes: rank 3 has no more operations"}},
    {missing_root, {"rank 0 never posts a gathering of 8 elements, collective 1", "3 of them have"}},
    {across_two_groups,
     {"in a circle", "rank 0 waits for rank 1 (collective 1 in the group of 2 ranks",
      "rank 1 waits for rank 0 (collective 1 in the group of 4 ranks"}},
    {message_before_collective,
     {"rank 0 waits for rank 3", "rank 1 waits for rank 0 (receive 1 in the group of 2 ranks"}},
};

/* ---- Running one. ---- */

struct stage {
    struct scene scene;
    struct groups groups;
    void (*program)(struct rank *self, const struct groups *groups);
};

static struct stage stage_of(void (*program)(struct rank *self, const struct groups *groups))
{
    static const int members[RANKS] = {0, 1, 2, 3};
    struct stage stage = {.scene = scene_of(RANKS), .program = program};
    stage.groups = (struct groups){stage.scene.all, rack_group(stage.scene.rack, members, RANKS, false),
                                   rack_group(stage.scene.rack, members, 2, false)};
    return stage;
}

static void play(void *argument, struct rank *self)
{
    const struct stage *stage = argument;
    stage->program(self, &stage->groups);
}

static bool run_real(struct stage *stage)
{
    struct scene *scene = &stage->scene;
    CHECK_FATAL(rack_open(scene->rack, scene->host, 0, host_core_count(scene->host), 0,
                          &scene->errors));
    CHECK(rack_run(scene->rack, play, stage, &scene->errors));
    return rack_finish(scene->rack, &scene->errors);
}

static bool run_timing_only(struct stage *stage)
{
    for (int id = 0; id < RANKS; id++) {
        play(stage, rack_rank(stage->scene.rack, id));
        rank_end(rack_rank(stage->scene.rack, id));
    }
    return rack_finish(stage->scene.rack, &stage->scene.errors);
}

static void check_words(const char *text, const char *const *words)
{
    for (int i = 0; i < 4 && words[i]; i++) {
        if (!strstr(text, words[i]))
            fprintf(stderr, "\nno \"%s\" in: %s\n", words[i], text);
        CHECK(strstr(text, words[i]) != NULL);
    }
    CHECK(!strchr(text, '\n'));
}

static void check_mistakes(bool (*run)(struct stage *stage))
{
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct stage stage = stage_of(mistakes[i].program);
        alarm(PATIENCE_S);
        CHECK(!run(&stage));
        alarm(0);
        CHECK_EQUAL(stage.scene.errors.count, 1);
        CHECK_EQUAL(stage.scene.errors.status, STATUS_FAILED);
        if (stage.scene.errors.count)
            check_words(stage.scene.errors.messages[0], mistakes[i].words);
        scene_release(&stage.scene);
    }
}

static void real_runs_say_who_waits(void)
{
    check_mistakes(run_real);
}

static void timing_only_runs_say_who_waits(void)
{
    check_mistakes(run_timing_only);
}

/* ---- Off the clock: only real ranks meet. ---- */

static void nothing(void *argument)
{
    (void)argument;
}

static void end_before_the_meeting(struct rank *self, const struct groups *groups)
{
    (void)groups;
    if (rank_id(self) != 2)
        rank_meet(self, nothing, NULL);
}

static void a_missed_meeting_is_said(void)
{
    struct stage stage = stage_of(end_before_the_meeting);
    alarm(PATIENCE_S);
    CHECK(!run_real(&stage));
    alarm(0);
    CHECK(stage.scene.errors.count == 1 && strstr(stage.scene.errors.messages[0], "off the clock"));
    scene_release(&stage.scene);
}

/* ---- What must not lock up. ---- */

/* Two groups of the same members, posted in different orders: every group has lanes of its own. */
static void posts_in_different_orders(struct rank *self, const struct groups *groups)
{
    float vectors[2][8] = {{0}};
    bool odd = rank_id(self) % 2;
    struct request first = rank_post_collective(self, odd ? groups->all_again : groups->all, &ring, 0,
                                                vectors[0], 8);
    struct request second = rank_post_collective(self, odd ? groups->all : groups->all_again, &ring,
                                                 0, vectors[1], 8);
    rank_wait(self, first);
    rank_wait(self, second);
}

static void different_orders_of_groups_are_right(void)
{
    bool (*const ways[])(struct stage *stage) = {run_real, run_timing_only};
    for (int i = 0; i < 2; i++) {
        struct stage stage = stage_of(posts_in_different_orders);
        alarm(PATIENCE_S);
        CHECK(ways[i](&stage));
        alarm(0);
        errors_print(&stage.scene.errors, stderr);
        CHECK_EQUAL(clock_messages(rack_clock(stage.scene.rack)), 2 * RANKS * (RANKS - 1));
        scene_release(&stage.scene);
    }
}

SUITE("rank: deadlock", TEST(real_runs_say_who_waits), TEST(timing_only_runs_say_who_waits),
      TEST(a_missed_meeting_is_said), TEST(different_orders_of_groups_are_right));
