/* How long layers take on this host: the whole model by an observer, whose hooks around each part read the thread's
 * own CPU time. The least of a few passes counts, behind one that finds caches and pages cold. */
#include "checkpoint.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>
#include <time.h>

enum { PASSES = 4 };

struct stopwatch {
    uint64_t begun_ns;
    uint64_t *pass_ns; /* of each layer, in this pass */
};

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void begin(void *context, struct rank *self, int i, enum way way, bool first)
{
    struct stopwatch *watch = context;
    (void)self, (void)i, (void)way, (void)first;
    watch->begun_ns = now_ns();
}

static void end(void *context, struct rank *self, int i, enum way way)
{
    struct stopwatch *watch = context;
    (void)self, (void)way;
    watch->pass_ns[i] += now_ns() - watch->begun_ns;
}

static void load(struct model *model, struct test_rows rows, int32_t *targets)
{
    float *input = model_input(model, (struct share){0, rows.count});
    for (size_t i = 0; i < rows.count; i++)
        rows.copy(rows.context, i, input + i * model->input_width, targets + i * rows.target_width);
}

/* Forward, loss and backward; the loss is the last layer's. */
static void pass(struct rank *observer, struct model *model, size_t count, const int32_t *targets,
                 struct stopwatch *watch)
{
    struct share all = {0, count};
    int last = model->part_count - 1;
    model_forward(observer, model, all);
    begin(watch, observer, last, WAY_BACKWARD, true);
    model_loss(observer, model, all, targets, 1.0f / (float)count);
    end(watch, observer, last, WAY_BACKWARD);
    model_backward(observer, model, all, true, true);
}

static void keep_least(uint64_t *least, const uint64_t *pass_ns, int count)
{
    for (int i = 0; i < count; i++)
        least[i] = pass_ns[i] < least[i] ? pass_ns[i] : least[i];
}

uint64_t *model_measure(const struct model_spec *spec, struct test_rows rows, uint64_t seed)
{
    int count = spec->layer_count;
    struct stopwatch watch = {.pass_ns = NULL};
    struct rank *observer = rank_observer();
    struct model *model = model_create(
        observer, spec, (struct model_place){.stages = 1, .tensors = 1}, rows.count, rows.count, MODEL_TRAINS,
        (struct model_hooks){.context = &watch, .part_begins = begin, .part_ends = end});
    int32_t *targets = memory_zeroed(rows.count * rows.target_width, sizeof *targets);
    uint64_t *least = memory_zeroed((size_t)count, sizeof *least);
    model_init(model, seed);
    load(model, rows, targets);
    for (int i = 0; i < PASSES; i++) {
        watch.pass_ns = memory_zeroed((size_t)count, sizeof *watch.pass_ns);
        pass(observer, model, rows.count, targets, &watch);
        if (i <= 1) /* the first is cold */
            for (int l = 0; l < count; l++)
                least[l] = watch.pass_ns[l];
        keep_least(least, watch.pass_ns, count);
        free(watch.pass_ns);
    }
    free(targets);
    model_free(model);
    rank_observer_free(observer);
    return least;
}
