/* Two arrays that NumPy saved: features, a row each (of three dimensions images of one channel, of
 * four channels, height and width), and targets. Whole numbers are classes, others values to be
 * predicted. Features are taken as they are, or divided by `scale`. A second pair of files tests. */
#include "../npy.h"
#include "../pairs.h"

enum { AS_TYPED = -1 };

static enum target_kind kind_of(const struct pairs *pairs, int target)
{
    if (target != AS_TYPED)
        return target;
    return pairs->targets[0].type.kind == ARRAY_FLOAT ? TARGET_REAL : TARGET_CLASS;
}

static struct dataset *open(const struct dataset_request *request, struct errors *errors)
{
    int target = AS_TYPED;
    double scale = 1;
    struct data_option options[] = {
        {.key = "target", .choice = &target, .words = target_words},
        {.key = "scale", .real = &scale, .low = 1e-30, .high = 1e30},
        {0},
    };
    struct data_words words = {.usage = "npy:FEATURES,LABELS[,TEST_FEATURES,TEST_LABELS]",
                               .least = 2,
                               .most = 4,
                               .step = 2,
                               .options = options};
    struct pairs *pairs =
        data_words_read(&words, request, errors) ? pairs_create(&words, request, errors) : NULL;
    data_words_release(&words);
    if (!pairs || !pairs_read(pairs, npy_read, errors)) {
        pairs_free(pairs);
        return NULL;
    }
    pairs->scale = (float)scale;
    pairs->kind = kind_of(pairs, target);
    return pairs_finish(pairs, "npy", errors);
}

const struct dataset_ops dataset_npy = {
    .name = "npy",
    .summary = "arrays saved by NumPy: features, and labels or values; the second pair tests",
    .options = "FEATURES,LABELS[,TEST_FEATURES,TEST_LABELS][,target=class|real][,scale=1]",
    .open = open,
};
