#include "tests/check.h"

#include "threadrack/base/memory.h"
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

SUITE("data: loader", TEST(every_epoch_is_a_permutation_of_its_own), TEST(sequential_is_file_order),
      TEST(many_ranks_fill_at_once));
