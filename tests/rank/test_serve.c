/* Ranks that answer others while they compute: in the order of virtual time, and nothing is lost. */
#include "tests/rank/fixture.h"

#include <string.h>

enum { RANKS = 6, WIDTH = 100, ROUNDS = 40 };

/* Even ranks ask the next ones in turn; odd ranks serve, and compute. All have numbers of their own. */
struct table {
    struct scene scene;
    float values[RANKS][WIDTH], heard[RANKS][WIDTH], begun[RANKS][WIDTH];
    int order[RANKS * ROUNDS]; /* who took the turns */
    uint64_t times[RANKS * ROUNDS];
    int turns;
};

static void halve(float *to, const float *from)
{
    for (int i = 0; i < WIDTH; i++)
        to[i] = 0.5f * (to[i] + from[i]);
}

static void answer(void *context, const void *question, void *answer)
{
    float *own = context;
    memcpy(answer, own, WIDTH * sizeof *own);
    halve(own, question);
}

static void compute(struct rank *self, uint64_t kernels)
{
    if (rank_compute_begin(self, (struct work){.flops = 1000 * kernels, .kernels = kernels}))
        rank_compute_end(self);
}

static void ask(struct table *table, struct rank *self, int round)
{
    int id = rank_id(self), peer = (id + 1 + 2 * (round % (RANKS / 2))) % RANKS;
    struct inquiry inquiry;
    rank_post_inquiry(self, &inquiry, table->scene.all, peer, table->values[id], table->heard[id],
                      sizeof table->values[id]);
    compute(self, (uint64_t)(1 + id + round % 3));
    rank_wait_answer(self, &inquiry);
    rank_hold(self);
    if (rank_is_real(self))
        halve(table->values[id], table->heard[id]);
    rank_let_go(self);
}

static void body(void *argument, struct rank *self)
{
    struct table *table = argument;
    int id = rank_id(self);
    for (int i = 0; i < WIDTH; i++)
        table->values[id][i] = table->begun[id][i] = (float)(i + 1) * (float)(1 + id * id);
    rank_share(self, answer, table->values[id]);
    if (id % 2)
        rank_serve(self, table->scene.all, sizeof table->values[id]);
    for (int round = 0; round < ROUNDS; round++) {
        if (id % 2 == 0)
            ask(table, self, round);
        else
            compute(self, (uint64_t)(2 + id));
        uint64_t now_ps = rank_turn(self);
        table->times[table->turns] = now_ps;
        table->order[table->turns++] = id;
    }
}

static void body_and_end(void *argument, struct rank *self)
{
    body(argument, self);
    rank_end(self);
}

static struct table *run_all(bool real)
{
    struct table *table = calloc(1, sizeof *table);
    table->scene = scene_of(RANKS);
    rack_let_ask(table->scene.rack);
    if (real) {
        scene_run(&table->scene, body, table);
    } else {
        rack_run_in_turns(table->scene.rack, body_and_end, table);
        CHECK(rack_finish(table->scene.rack, &table->scene.errors));
    }
    return table;
}

static void table_free(struct table *table)
{
    scene_release(&table->scene);
    free(table);
}

static double sum(float (*values)[WIDTH])
{
    double sum = 0;
    for (int rank = 0; rank < RANKS; rank++)
        for (int i = 0; i < WIDTH; i++)
            sum += (double)values[rank][i];
    return sum;
}

/* Every average leaves the sum of the two as it was; and all come closer to the mean. */
static void averages_keep_the_mean(void)
{
    struct table *table = run_all(true);
    double before = sum(table->begun), after = sum(table->values), mean = before / RANKS / (WIDTH * (WIDTH + 1) / 2);
    CHECK_NEAR(after, before, 1e-5 * before);
    for (int rank = 0; rank < RANKS; rank++)
        for (int i = 0; i < WIDTH; i++)
            CHECK_NEAR((double)table->values[rank][i], mean * (i + 1), 1e-3 * mean * (i + 1));
    uint64_t answered = 0;
    for (int i = 0; i < RANKS; i++) {
        struct rank *rank = rack_rank(table->scene.rack, i);
        answered += rank_hold(rank);
        rank_let_go(rank);
    }
    CHECK_EQUAL(answered, RANKS / 2 * ROUNDS);
    table_free(table);
}

/* The host's threads say nothing about who is when. */
static void turns_are_in_the_order_of_the_clock(void)
{
    struct table *counted = run_all(false);
    CHECK_EQUAL(counted->turns, RANKS * ROUNDS);
    for (int i = 1; i < counted->turns; i++)
        CHECK(counted->times[i] > counted->times[i - 1] ||
              (counted->times[i] == counted->times[i - 1] && counted->order[i] > counted->order[i - 1]));
    struct table *first = run_all(true);
    for (int again = 0; again < 3; again++) {
        struct table *real = run_all(true);
        CHECK(!memcmp(real->order, counted->order, sizeof real->order));
        CHECK(!memcmp(real->times, counted->times, sizeof real->times));
        CHECK(!memcmp(real->values, first->values, sizeof real->values));
        CHECK_EQUAL(clock_length_ps(rack_clock(real->scene.rack)),
                    clock_length_ps(rack_clock(counted->scene.rack)));
        table_free(real);
    }
    table_free(first);
    table_free(counted);
}

SUITE("rank: serve", TEST(averages_keep_the_mean), TEST(turns_are_in_the_order_of_the_clock));
