#include "tests/check.h"

#include "threadrack/base/memory.h"
#include "src/data/scatter.h"
#include "threadrack/data/data.h"

#include <pthread.h>
#include <stdlib.h>

enum { ROWS = 37, WIDTH = 3, BATCH = 10, STEPS = 40, THREADS = 8 };

static void numbered_input(const struct dataset *set, size_t row, void *to)
{
    for (size_t i = 0; i < set->width; i++)
        ((float *)to)[i] = (float)(row * set->width + i);
}

static void numbered_target(const struct dataset *set, size_t row, void *to)
{
    (void)set;
    *(int32_t *)to = (int32_t)row;
}

static struct dataset numbered_rows(void)
{
    return (struct dataset){.rows = ROWS,
                            .train_rows = ROWS,
                            .width = WIDTH,
                            .classes = ROWS,
                            .target_width = 1,
                            .input = numbered_input,
                            .targets = numbered_target};
}

static void every_epoch_is_a_permutation_of_its_own(void)
{
    struct dataset data = numbered_rows();
    struct loader *loader = loader_create(&data, true, BATCH, 9);
    bool differs = false;
    for (size_t epoch = 0; epoch < 8; epoch++) {
        int seen[ROWS] = {0};
        for (size_t i = 0; i < ROWS; i++) {
            size_t row = loader_row(loader, epoch * ROWS + i);
            seen[row]++;
            differs |= row != loader_row(loader, i);
        }
        for (int i = 0; i < ROWS; i++)
            CHECK_EQUAL(seen[i], 1);
    }
    CHECK(differs);
    loader_free(loader);
}

static void sequential_is_file_order(void)
{
    struct dataset data = numbered_rows();
    struct loader *loader = loader_create(&data, false, BATCH, 9);
    int32_t got[BATCH];
    float rows[BATCH * WIDTH];
    loader_fill(loader, 3, (struct share){2, 7}, rows, got);
    for (int i = 0; i < 7; i++) {
        CHECK_EQUAL(got[i], (32 + i) % ROWS);
        CHECK_EQUAL(rows[i * WIDTH + 1], got[i] * WIDTH + 1);
    }
    loader_free(loader);
}

/* Long epochs: a permutation for every size, and one of its own for every epoch and seed. */
static void scattering_permutes(void)
{
    static const size_t counts[] = {1, 2, 3, 4, 5, 16, 17, 63, 64, 1000, 4097};
    static bool seen[4097];
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        memset(seen, 0, sizeof seen);
        for (size_t at = 0; at < counts[i]; at++) {
            size_t row = scatter(9, 3, counts[i], at);
            CHECK(row < counts[i] && !seen[row]);
            seen[row] = true;
        }
    }
    size_t same = 0;
    for (size_t at = 0; at < 1000; at++)
        same += scatter(9, 3, 1000, at) == scatter(9, 4, 1000, at);
    CHECK(same < 20);
}

static void long_epochs_need_no_list(void)
{
    struct dataset data = numbered_rows();
    data.rows = data.train_rows = (size_t)1 << 41;
    data.width = 1;
    struct loader *loader = loader_create(&data, true, BATCH, 9);
    int32_t got[BATCH];
    size_t large = 0;
    loader_fill(loader, (size_t)1 << 35, (struct share){0, BATCH}, NULL, got);
    for (size_t i = 0; i < BATCH; i++) {
        size_t row = loader_row(loader, ((size_t)1 << 35) * BATCH + i);
        CHECK(row < data.rows);
        CHECK_EQUAL(got[i], (int32_t)row);
        large += row > data.rows / 4;
    }
    CHECK(large > BATCH / 4);
    loader_free(loader);
}

struct member {
    struct loader *loader;
    int index, wrong;
};

/* Each rank at its own pace: shares of all steps must be the rows of their positions. */
static void *fill_all(void *argument)
{
    struct member *member = argument;
    struct share share = share_of(BATCH, THREADS, (size_t)member->index);
    for (size_t step = 0; step < STEPS; step++) {
        int32_t got[BATCH];
        float rows[BATCH * WIDTH];
        loader_fill(member->loader, step, share, rows, got);
        for (size_t i = 0; i < share.count; i++) {
            size_t row = loader_row(member->loader, step * BATCH + share.begin + i);
            member->wrong += got[i] != (int32_t)row || rows[i * WIDTH] != (float)(row * WIDTH);
        }
    }
    return NULL;
}

static void many_ranks_fill_at_once(void)
{
    struct dataset data = numbered_rows();
    struct loader *loader = loader_create(&data, true, BATCH, 9);
    struct member members[THREADS];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        members[i] = (struct member){.loader = loader, .index = i};
        pthread_create(&threads[i], NULL, fill_all, &members[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        CHECK_EQUAL(members[i].wrong, 0);
    }
    loader_free(loader);
}

/* Four steps of another size have been taken, of 88 rows in all. */
static void a_resumed_training_goes_on_from_its_row(void)
{
    struct dataset data = numbered_rows();
    for (int shuffled = 0; shuffled < 2; shuffled++) {
        struct loader *loader = loader_create(&data, shuffled, BATCH, 9);
        int32_t got[BATCH];
        loader_begin(loader, 4, 88);
        for (size_t step = 4; step < 12; step++) {
            loader_fill(loader, step, (struct share){0, BATCH}, NULL, got);
            for (size_t i = 0; i < BATCH; i++)
                CHECK_EQUAL(got[i], loader_row(loader, 88 + (step - 4) * BATCH + i));
        }
        loader_free(loader);
    }
}

SUITE("data: loader", TEST(every_epoch_is_a_permutation_of_its_own), TEST(sequential_is_file_order),
      TEST(scattering_permutes), TEST(long_epochs_need_no_list), TEST(many_ranks_fill_at_once),
      TEST(a_resumed_training_goes_on_from_its_row));
