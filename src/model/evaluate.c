/* Loss and accuracy of whole weights over rows, by an observer: off the clock. */
#include "checkpoint.h"

#include "threadrack/base/memory.h"

#include <math.h>
#include <stdlib.h>

enum { CHUNK_POSITIONS = 1024, CHUNK_ROWS = 256 };

static size_t count_right(const struct loss_shape *shape, const float *output, size_t positions,
                          const int32_t *classes, int32_t *guesses)
{
    size_t right = 0;
    math_argmax(positions, shape->width, output, guesses);
    for (size_t i = 0; i < positions; i++)
        right += guesses[i] == classes[i];
    return right;
}

/* What passes through the model at a time. */
struct chunk {
    struct rank *observer;
    struct model *model;
    size_t most; /* rows */
    int32_t *targets, *guesses;
};

static struct chunk chunk_create(const struct checkpoint *checkpoint, struct test_rows rows)
{
    size_t positions = checkpoint->spec->loss_shape.positions;
    size_t most = CHUNK_POSITIONS / positions ? CHUNK_POSITIONS / positions : 1;
    struct chunk chunk = {.observer = rank_observer(),
                          .most = most < CHUNK_ROWS ? most : CHUNK_ROWS};
    chunk.model = model_create(chunk.observer, checkpoint->spec,
                               (struct model_place){.stages = 1, .tensors = 1}, chunk.most,
                               chunk.most, false, (struct model_hooks){0});
    chunk.targets = memory_zeroed(chunk.most * rows.target_width, sizeof *chunk.targets);
    chunk.guesses = memory_zeroed(chunk.most * positions, sizeof *chunk.guesses);
    checkpoint_get(checkpoint, chunk.model);
    return chunk;
}

static void chunk_release(struct chunk *chunk)
{
    free(chunk->targets);
    free(chunk->guesses);
    model_free(chunk->model);
    rank_observer_free(chunk->observer);
}

static void chunk_copy(struct chunk *chunk, const struct test_rows *rows, size_t at, size_t count)
{
    size_t width = chunk->model->input_width;
    float *input = model_input(chunk->model, (struct share){0, count});
    for (size_t i = 0; i < count; i++)
        rows->copy(rows->context, at + i, input + i * width,
                   chunk->targets + i * rows->target_width);
}

struct evaluation checkpoint_evaluate(const struct checkpoint *checkpoint, struct test_rows rows)
{
    const struct model_spec *spec = checkpoint->spec;
    const struct loss_shape *shape = &spec->loss_shape;
    double loss = 0;
    size_t right = 0;
    if (!rows.count || !spec->loss)
        return (struct evaluation){0};
    struct chunk chunk = chunk_create(checkpoint, rows);
    for (size_t at = 0; at < rows.count; at += chunk.most) {
        struct share all = {0, rows.count - at < chunk.most ? rows.count - at : chunk.most};
        chunk_copy(&chunk, &rows, at, all.count);
        model_forward(chunk.observer, chunk.model, all);
        const float *output = model_output(chunk.model, all);
        loss += spec->loss->compute(shape, all.count, output, chunk.targets, 1, NULL);
        if (!shape->values)
            right += count_right(shape, output, all.count * shape->positions, chunk.targets,
                                 chunk.guesses);
    }
    chunk_release(&chunk);
    double positions = (double)(rows.count * shape->positions);
    return (struct evaluation){loss / (double)rows.count,
                               shape->values ? NAN : (double)right / positions};
}
