#include "words.h"

#include "threadrack/base/memory.h"

#include <string.h>

struct share microbatch(const struct training *training, int i)
{
    int count = training->plan->microbatches;
    return share_of(training->rows.count, (size_t)count, (size_t)(i % count));
}

size_t rows_of_mean(const struct training *training)
{
    const struct plan *plan = training->plan;
    return plan->strategy->updates_alone ? training->rows.count : plan->batch;
}

struct share slot_rows(const struct training *training, int chunk, int i)
{
    int slot = i % training->slots[chunk], before = slot / training->plan->microbatches;
    return (struct share){(size_t)before * training->rows.count + microbatch(training, slot).begin,
                          microbatch(training, i).count};
}

size_t own_targets(const struct training *training)
{
    return training->plan->target_width / (size_t)training->plan->mesh->shape.context;
}

static void load_whole(const struct training *training, size_t step, struct share rows, void *inputs,
                       void *targets)
{
    const struct plan *plan = training->plan;
    if (plan->partition)
        loader_fill_part(plan->loader, training->point.replica - plan->servers,
                         step * training->rows.count + rows.begin, rows.count, inputs, targets);
    else
        loader_fill(plan->loader, step,
                    (struct share){training->rows.begin + rows.begin, rows.count}, inputs, targets);
}

/* Chunks of the model take it from the whole. */
void key_dropout(struct training *training, size_t step, int i)
{
    training->model->dropout =
        (struct dropout_key){.seed = training->plan->exchange.seed,
                             .step = (uint32_t)step,
                             .row = training->rows.begin + microbatch(training, i).begin};
}

/* Of a row of `width` elements what lies at the slice's positions; returns where the next row's goes. */
static char *cut_slice(const struct training *training, const char *row, size_t width, char *to)
{
    int contexts = training->plan->mesh->shape.context;
    struct slice slice = model_slice(training->plan->model, contexts, training->point.chunk);
    size_t of_position = width / (slice_positions(&slice) * (size_t)contexts) * sizeof(int32_t);
    for (int i = 0; i < slice.count; i++) {
        size_t bytes = slice.runs[i].count * of_position;
        memcpy(to, row + slice.runs[i].begin * of_position, bytes);
        to += bytes;
    }
    return to;
}

static void load_slices(const struct training *training, size_t step, struct share rows, char *inputs,
                        char *targets)
{
    const struct plan *plan = training->plan;
    char *input = training->whole_row, *target = input + plan->input_width * sizeof(int32_t);
    for (size_t i = rows.begin; i < rows.begin + rows.count; i++) {
        load_whole(training, step, (struct share){i, 1}, inputs ? input : NULL, targets ? target : NULL);
        if (inputs)
            inputs = cut_slice(training, input, plan->input_width, inputs);
        if (targets)
            targets = cut_slice(training, target, plan->target_width, targets);
    }
}

void load_rows(struct rank *self, const struct training *training, size_t step, struct share rows,
               void *inputs, void *targets)
{
    if (!rank_is_real(self) || !training->plan->loader)
        return;
    if (training->whole_row)
        load_slices(training, step, rows, inputs, targets);
    else
        load_whole(training, step, rows, inputs, targets);
}

double microbatch_loss(struct rank *self, struct training *training, int i)
{
    struct share rows = microbatch(training, i);
    const int32_t *targets =
        training->targets ? training->targets + rows.begin * own_targets(training) : NULL;
    size_t batch = training->plan->batch, mean_over = rows_of_mean(training);
    int last = training->chunks - 1;
    double loss = model_loss(self, model_chunk(training->model, last), slot_rows(training, last, i),
                             targets, 1.0f / (float)mean_over);
    return training->point.shard == 0 ? loss * (double)mean_over / (double)batch : 0;
}

double train_in_turn(struct rank *self, struct training *training, size_t step)
{
    int last = training->plan->microbatches - 1;
    double loss = 0;
    load_rows(self, training, step, (struct share){0, training->rows.count}, NULL,
              training->targets);
    for (int i = 0; i <= last; i++) {
        struct share rows = slot_rows(training, 0, i);
        load_rows(self, training, step, microbatch(training, i),
                  model_input(training->model, rows), NULL);
        key_dropout(training, step, i);
        model_forward(self, training->model, rows);
        loss += microbatch_loss(self, training, i);
        model_backward(self, training->model, rows, i == 0, i == last);
    }
    return loss;
}
