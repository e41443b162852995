/* Loss and accuracy of whole weights over rows, by an observer: off the clock. */
#include "checkpoint.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

enum { CHUNK = 256 };

static size_t count_right(struct model *model, struct share rows, const int32_t *labels)
{
    int32_t guesses[CHUNK];
    size_t right = 0;
    math_argmax(rows.count, model->output_width, model_output(model, rows), guesses);
    for (size_t i = 0; i < rows.count; i++)
        right += guesses[i] == labels[i];
    return right;
}

static void copy_chunk(const struct test_rows *rows, size_t at, size_t count, size_t width,
                       float *input, int32_t *targets)
{
    for (size_t i = 0; i < count; i++)
        rows->copy(rows->context, at + i, input + i * width, targets + i * rows->target_width);
}

struct evaluation checkpoint_evaluate(const struct checkpoint *checkpoint, struct test_rows rows)
{
    const struct model_spec *spec = checkpoint->spec;
    double loss = 0;
    size_t right = 0;
    if (!rows.count || !spec->costs_loss)
        return (struct evaluation){0};
    struct rank *observer = rank_observer();
    struct model_place alone = {.stages = 1, .tensors = 1};
    struct model *model =
        model_create(observer, spec, alone, CHUNK, CHUNK, false, (struct model_hooks){0});
    int32_t *targets = memory_zeroed(CHUNK * rows.target_width, sizeof *targets);
    checkpoint_get(checkpoint, model);
    for (size_t at = 0; at < rows.count; at += CHUNK) {
        struct share chunk = {0, rows.count - at < CHUNK ? rows.count - at : CHUNK};
        copy_chunk(&rows, at, chunk.count, model->input_width, model_input(model, chunk), targets);
        model_forward(observer, model, chunk);
        loss += math_softmax_loss(chunk.count, model->output_width, model_output(model, chunk),
                                  targets, 1, NULL);
        right += count_right(model, chunk, targets);
    }
    free(targets);
    model_free(model);
    rank_observer_free(observer);
    return (struct evaluation){loss / (double)rows.count, (double)right / (double)rows.count};
}
