/* Which rows a step uses.
 *
 * Long epochs are permuted by arithmetic (scatter.h), shorter ones by a list. Ranks run apart by a
 * step or two, so at an epoch's end two lists are in use at once. A few are kept, each made once by
 * whichever rank comes first, under a lock that others take only to look up a pointer; a rank holds
 * the list by a count while it copies rows, so that it is not replaced under its hands.
 */
#include "dataset.h"
#include "scatter.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/philox.h"
#include "threadrack/data/partition.h"

#include <pthread.h>
#include <stdlib.h>

struct permutation {
    struct permutation *next;
    int part; /* whose rows they are; WHOLE: all */
    size_t epoch;
    int users;
    uint32_t rows[];
};

enum { KEPT = 4, WHOLE = -1, LISTED_MOST = 1 << 24 };

struct loader {
    const struct dataset *data;
    const struct partition *partition; /* NULL: there are no parts */
    bool shuffled;
    size_t batch;
    size_t origin; /* position of step 0, modulo 2^64 */
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

void loader_begin(struct loader *loader, uint64_t step, uint64_t rows)
{
    loader->origin = rows - step * loader->batch;
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

void loader_part(struct loader *loader, const struct partition *partition)
{
    loader->partition = partition;
}

static size_t rows_of(const struct loader *loader, int part)
{
    return part == WHOLE ? loader->data->train_rows : partition_rows(loader->partition, part);
}

static size_t row_of(const struct loader *loader, int part, size_t i)
{
    return part == WHOLE ? i
                         : loader->partition->rows[loader->partition->begin[part] + i];
}

/* Fisher and Yates, from the end. */
static struct permutation *shuffle(const struct loader *loader, int part, size_t epoch)
{
    size_t count = rows_of(loader, part);
    struct permutation *made = memory_zeroed(1, sizeof *made + count * sizeof *made->rows);
    struct draw draw = {.seed = loader->seed,
                        .purpose = PURPOSE_SHUFFLE,
                        .rank = (uint32_t)(part + 1),
                        .step = (uint32_t)epoch};
    made->part = part;
    made->epoch = epoch;
    for (size_t i = 0; i < count; i++)
        made->rows[i] = (uint32_t)row_of(loader, part, i);
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
    int kept = loader->partition ? 2 * loader->partition->parts : KEPT;
    for (int i = 0; *place; i++) {
        struct permutation *old = *place;
        if (i < kept || old->users) {
            place = &old->next;
        } else {
            *place = old->next;
            free(old);
        }
    }
}

/* The epoch's list; NULL where it has none: rows in order, or permuted by arithmetic. */
static struct permutation *hold(struct loader *loader, int part, size_t epoch)
{
    if (!loader->shuffled || rows_of(loader, part) > LISTED_MOST)
        return NULL;
    pthread_mutex_lock(&loader->lock);
    struct permutation **place = &loader->kept, *found;
    while (*place && ((*place)->epoch != epoch || (*place)->part != part))
        place = &(*place)->next;
    found = *place ? *place : shuffle(loader, part, epoch);
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

/* The row at a place of an epoch, whose list is `order` where it has one. */
static size_t row_at(const struct loader *loader, int part, const struct permutation *order,
                     size_t epoch, size_t at)
{
    if (order)
        return order->rows[at];
    if (loader->shuffled)
        at = scatter(loader->seed, epoch, rows_of(loader, part), at);
    return row_of(loader, part, at);
}

/* Normal noise of the part's deviation, the same for a row whenever it comes. */
static void add_noise(const struct loader *loader, int part, size_t row, float *input)
{
    struct draw draw = {.seed = loader->partition->seed, .purpose = PURPOSE_PARTITION,
                        .rank = UINT32_MAX, .step = (uint32_t)row};
    for (size_t i = 0; i < loader->data->width; i++)
        input[i] += (float)(loader->partition->deviation[part] * draw_normal(draw, i));
}

/* `count` rows from the position on of the part's endless sequence. */
static void fill(struct loader *loader, int part, size_t position, size_t count, char *inputs,
                 char *targets)
{
    size_t rows = rows_of(loader, part), done = 0;
    bool noisy = part != WHOLE && loader->partition->deviation && inputs;
    while (done < count) {
        size_t at = (position + done) % rows, epoch = (position + done) / rows;
        size_t here = count - done < rows - at ? count - done : rows - at;
        struct permutation *order = hold(loader, part, epoch);
        for (size_t i = 0; i < here; i++, done++) {
            size_t row = row_at(loader, part, order, epoch, at + i);
            copy_row(loader->data, row, done, inputs, targets);
            if (noisy)
                add_noise(loader, part, row, (float *)inputs + done * loader->data->width);
        }
        let_go(loader, order);
    }
}

void loader_fill(struct loader *loader, size_t step, struct share share, void *inputs,
                 void *targets)
{
    fill(loader, WHOLE, loader->origin + step * loader->batch + share.begin, share.count, inputs,
         targets);
}

void loader_fill_part(struct loader *loader, int part, size_t position, size_t count, void *inputs,
                      void *targets)
{
    fill(loader, part, position, count, inputs, targets);
}

size_t loader_row(struct loader *loader, size_t position)
{
    size_t rows = loader->data->train_rows, epoch = position / rows;
    struct permutation *order = hold(loader, WHOLE, epoch);
    size_t row = row_at(loader, WHOLE, order, epoch, position % rows);
    let_go(loader, order);
    return row;
}
