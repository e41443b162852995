/* Which rows a step uses.
 *
 * Ranks run apart by a step or two, so at an epoch's end two permutations are in use at once. A few
 * are kept, each made once by whichever rank comes first, under a lock that others take only to
 * look up a pointer; a rank holds the permutation by a count while it copies rows, so that it is
 * not replaced under its hands.
 */
#include "dataset.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/philox.h"

#include <pthread.h>
#include <stdlib.h>

struct permutation {
    struct permutation *next;
    size_t epoch;
    int users;
    uint32_t rows[];
};

enum { KEPT = 4 };

struct loader {
    const struct dataset *data;
    bool shuffled;
    size_t batch;
    uint64_t seed;
    pthread_mutex_t lock;
    struct permutation *kept; /* the latest used first */
};

struct loader *loader_create(const struct dataset *dataset, bool shuffled, size_t batch,
                             uint64_t seed)
{
    struct loader *loader = memory_zeroed(1, sizeof *loader);
    *loader = (struct loader){.data = dataset, .shuffled = shuffled, .batch = batch, .seed = seed};
    pthread_mutex_init(&loader->lock, NULL);
    return loader;
}

void loader_free(struct loader *loader)
{
    if (!loader)
        return;
    while (loader->kept) {
        struct permutation *next = loader->kept->next;
        free(loader->kept);
        loader->kept = next;
    }
    pthread_mutex_destroy(&loader->lock);
    free(loader);
}

/* Fisher and Yates, from the end. */
static struct permutation *shuffle(const struct loader *loader, size_t epoch)
{
    size_t count = loader->data->train_rows;
    struct permutation *made = memory_zeroed(1, sizeof *made + count * sizeof *made->rows);
    struct draw draw = {.seed = loader->seed, .purpose = PURPOSE_SHUFFLE, .step = (uint32_t)epoch};
    made->epoch = epoch;
    for (size_t i = 0; i < count; i++)
        made->rows[i] = (uint32_t)i;
    for (size_t i = count - 1; i > 0; i--) {
        size_t j = draw_below(draw, i, (uint32_t)(i + 1));
        uint32_t row = made->rows[i];
        made->rows[i] = made->rows[j];
        made->rows[j] = row;
    }
    return made;
}

/* Frees those that nobody uses beyond the first few. */
static void drop_old(struct loader *loader)
{
    struct permutation **place = &loader->kept;
    for (int i = 0; *place; i++) {
        struct permutation *old = *place;
        if (i < KEPT || old->users) {
            place = &old->next;
        } else {
            *place = old->next;
            free(old);
        }
    }
}

static struct permutation *hold(struct loader *loader, size_t epoch)
{
    pthread_mutex_lock(&loader->lock);
    struct permutation **place = &loader->kept, *found;
    while (*place && (*place)->epoch != epoch)
        place = &(*place)->next;
    found = *place ? *place : shuffle(loader, epoch);
    if (*place)
        *place = found->next;
    found->next = loader->kept;
    loader->kept = found;
    found->users++;
    drop_old(loader);
    pthread_mutex_unlock(&loader->lock);
    return found;
}

static void let_go(struct loader *loader, struct permutation *permutation)
{
    if (!permutation)
        return;
    pthread_mutex_lock(&loader->lock);
    permutation->users--;
    pthread_mutex_unlock(&loader->lock);
}

static void copy_row(const struct dataset *data, size_t row, size_t to, char *inputs, char *targets)
{
    if (inputs)
        dataset_copy_input(data, row, inputs + to * data->width * ELEMENT_BYTES);
    if (targets)
        dataset_copy_targets(data, row, targets + to * data->target_width * ELEMENT_BYTES);
}

void loader_fill(struct loader *loader, size_t step, struct share share, void *inputs,
                 void *targets)
{
    size_t rows = loader->data->train_rows, done = 0;
    while (done < share.count) {
        size_t position = step * loader->batch + share.begin + done, at = position % rows;
        size_t count = share.count - done < rows - at ? share.count - done : rows - at;
        struct permutation *order = loader->shuffled ? hold(loader, position / rows) : NULL;
        for (size_t i = 0; i < count; i++)
            copy_row(loader->data, order ? order->rows[at + i] : at + i, done + i, inputs, targets);
        let_go(loader, order);
        done += count;
    }
}

size_t loader_row(struct loader *loader, size_t position)
{
    size_t rows = loader->data->train_rows, row = position % rows;
    if (!loader->shuffled)
        return row;
    struct permutation *order = hold(loader, position / rows);
    row = order->rows[row];
    let_go(loader, order);
    return row;
}
