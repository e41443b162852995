/* Loss and accuracy of whole weights over rows, by an observer: off the clock. */
#include "checkpoint.h"

#include <string.h>

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

struct evaluation checkpoint_evaluate(const struct checkpoint *checkpoint, const float *features,
                                      const int32_t *labels, size_t rows)
{
    const struct model_spec *spec = checkpoint->spec;
    double loss = 0;
    size_t right = 0;
    if (!rows || !spec->costs_loss)
        return (struct evaluation){0};
    struct rank *observer = rank_observer();
    struct model_place alone = {.stages = 1, .tensors = 1};
    struct model *model =
        model_create(observer, spec, alone, CHUNK, CHUNK, false, (struct model_hooks){0});
    checkpoint_get(checkpoint, model);
    for (size_t at = 0; at < rows; at += CHUNK) {
        struct share chunk = {0, rows - at < CHUNK ? rows - at : CHUNK};
        memcpy(model_input(model, chunk), features + at * model->input_width,
               chunk.count * model->input_width * sizeof(float));
        model_forward(observer, model, chunk);
        loss += math_softmax_loss(chunk.count, model->output_width, model_output(model, chunk),
                                  labels + at, 1, NULL);
        right += count_right(model, chunk, labels + at);
    }
    model_free(model);
    rank_observer_free(observer);
    return (struct evaluation){loss / (double)rows, (double)right / (double)rows};
}
