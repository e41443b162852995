/* A pipeline's stage, in any order of its tasks. A rank holds v chunks of layers: chunk c of stage s is
 * the (c p + s)-th of v p virtual stages, so the last stage's neighbour is the first. A microbatch has
 * a slot of the chunk, which another had before it and has left. Receives are posted in the order of
 * the tasks, which is the neighbours' order too, each as soon as its place is free. Behind a step test rows
 * may go forward through the same slots (evaluation.c). */
#include "words.h"

static int count_of(const struct training *training)
{
    return training->plan->microbatches;
}

static bool is_first(const struct training *training, int chunk)
{
    return training->point.stage == 0 && chunk == 0;
}

static bool is_last(const struct training *training, int chunk)
{
    return training->point.stage == training->plan->mesh->shape.pipeline - 1 &&
           chunk == training->chunks - 1;
}

/* The rank of the next virtual stage, or of the one before. */
static int neighbour(const struct training *training, int way)
{
    int stages = training->plan->mesh->shape.pipeline;
    return (training->point.stage + stages + way) % stages;
}

/* Of the microbatches whose gradients are added up. */
static bool begins_sum(const struct training *training, struct stage_task task)
{
    return task.microbatch % count_of(training) == 0;
}

static bool ends_sum(const struct training *training, struct stage_task task)
{
    return (task.microbatch + 1) % count_of(training) == 0;
}

/* A task's requests: what comes in and goes out, forward and back, by the slot of its microbatch. */
enum crossing { INPUT, OUTPUT, OUTPUT_GRADIENT, INPUT_GRADIENT };

static struct request *request_of(struct training *training, enum crossing way, struct stage_task task)
{
    int most = training->slots_most, slot = task.microbatch % training->slots[task.chunk];
    return &training->requests[(way * training->chunks + task.chunk) * most + slot];
}

static void wait_for(struct rank *self, struct request *request)
{
    rank_wait(self, *request);
    *request = (struct request){0};
}

/* Whose rows the task has, while the rank takes `step`. */
static size_t own_step(const struct training *training, struct stage_task task, size_t step)
{
    return flows(training) ? step - (size_t)training->taken + (size_t)task.microbatch : step;
}

/* Asks for rows of a chunk's input, in their place; the first chunk's come from nobody. */
static void expect_input(struct rank *self, struct training *training, struct stage_task task, struct share rows)
{
    struct model *model = model_chunk(training->model, task.chunk);
    if (!is_first(training, task.chunk))
        *request_of(training, INPUT, task) = rank_post_receive_numbers(
            self, training->pipeline, neighbour(training, -1), NUMBER_VALUE, model_input(model, rows),
            rows.count * model->input_width);
}

static void take_slot(struct rank *self, struct training *training, struct stage_task task,
                      size_t step)
{
    struct share rows = slot_rows(training, task.chunk, task.microbatch);
    if (is_first(training, task.chunk))
        load_rows(self, training, own_step(training, task, step), microbatch(training, task.microbatch),
                  model_input(model_chunk(training->model, task.chunk), rows), NULL);
    expect_input(self, training, task, rows);
}

static bool is_task(struct stage_task task, bool forward)
{
    return forward ? task.work == WORK_FORWARD
                   : task.work == WORK_BACKWARD || task.work == WORK_BACKWARD_INPUT;
}

/* The next task that goes forward, or back, and whose receive is not posted yet; NULL at the end. */
static const struct stage_task *next_of(const struct training *training, int *next, bool forward)
{
    const struct stage_order *order = &training->order;
    while (*next < order->count && !is_task(order->tasks[*next], forward))
        ++*next;
    return *next < order->count ? &order->tasks[*next] : NULL;
}

/* Inputs whose slots are free. */
static void take_free_slots(struct rank *self, struct training *training, size_t step)
{
    const struct stage_task *task;
    while ((task = next_of(training, &training->next_input, true)) &&
           task->microbatch < training->ended[task->chunk] + training->slots[task->chunk]) {
        take_slot(self, training, *task, step);
        training->next_input++;
    }
}

/* Output gradients of what has gone forward. */
static void expect_gradients(struct rank *self, struct training *training)
{
    const struct stage_task *task;
    while ((task = next_of(training, &training->next_gradient, false)) &&
           task->microbatch < training->begun[task->chunk]) {
        struct model *model = model_chunk(training->model, task->chunk);
        struct share rows = slot_rows(training, task->chunk, task->microbatch);
        if (!is_last(training, task->chunk))
            *request_of(training, OUTPUT_GRADIENT, *task) = rank_post_receive_numbers(
                self, training->back, neighbour(training, 1), NUMBER_VALUE,
                model_output_gradient(model, rows), rows.count * model->output_width);
        training->next_gradient++;
    }
}

/* Rows of a chunk, once they are there, and on to the next chunk. */
static void pass_on(struct rank *self, struct training *training, struct stage_task task, struct share rows)
{
    struct model *model = model_chunk(training->model, task.chunk);
    bool last = is_last(training, task.chunk);
    if (!is_first(training, task.chunk))
        wait_for(self, request_of(training, INPUT, task));
    if (!last)
        wait_for(self, request_of(training, OUTPUT, task)); /* who had the slot before has sent it */
    model_forward(self, model, rows);
    if (!last)
        *request_of(training, OUTPUT, task) = rank_post_send_numbers(
            self, training->pipeline, neighbour(training, 1), NUMBER_VALUE, model_output(model, rows),
            rows.count * model->output_width);
}

static void forward(struct rank *self, struct training *training, struct stage_task task)
{
    pass_on(self, training, task, slot_rows(training, task.chunk, task.microbatch));
    training->begun[task.chunk]++;
    expect_gradients(self, training);
}

static void look_back(struct training *training, struct stage_task task)
{
    staleness_count(&training->staleness, (uint64_t)(training->taken - stash_seen(training, task.microbatch)));
    stash_look_back(training, task.microbatch);
}

/* Backward of a microbatch to its input, by either of the model's words for it. */
typedef void backward_word(struct rank *self, struct model *model, struct share rows, bool first,
                           bool last);

static double backward(struct rank *self, struct training *training, struct stage_task task,
                       backward_word *word)
{
    struct model *model = model_chunk(training->model, task.chunk);
    struct share rows = slot_rows(training, task.chunk, task.microbatch);
    bool first = is_first(training, task.chunk);
    double loss = 0;
    if (is_last(training, task.chunk))
        loss = microbatch_loss(self, training, task.microbatch);
    else
        wait_for(self, request_of(training, OUTPUT_GRADIENT, task));
    if (!first)
        wait_for(self, request_of(training, INPUT_GRADIENT, task));
    if (flows(training))
        look_back(training, task);
    word(self, model, rows, begins_sum(training, task), ends_sum(training, task));
    if (flows(training))
        stash_look_at_latest(training);
    if (!first)
        *request_of(training, INPUT_GRADIENT, task) = rank_post_send_numbers(
            self, training->back, neighbour(training, -1), NUMBER_VALUE,
            model_input_gradient(model, rows), rows.count * model->input_width);
    return loss;
}

static double do_task(struct rank *self, struct training *training, struct stage_task task,
                      size_t step)
{
    double loss = 0;
    key_dropout(training, own_step(training, task, step), task.microbatch);
    if (task.work == WORK_FORWARD)
        forward(self, training, task);
    else if (task.work == WORK_BACKWARD)
        loss = backward(self, training, task, model_backward);
    else if (task.work == WORK_BACKWARD_INPUT)
        loss = backward(self, training, task, model_backward_input);
    else
        model_backward_weight(self, model_chunk(training->model, task.chunk),
                              slot_rows(training, task.chunk, task.microbatch),
                              begins_sum(training, task), ends_sum(training, task));
    if (task.work == WORK_BACKWARD || task.work == WORK_BACKWARD_WEIGHT) {
        training->ended[task.chunk]++;
        take_free_slots(self, training, step);
    }
    return loss;
}

bool flows(const struct training *training)
{
    return training->plan->strategy->spreads_pipeline && training->plan->pipeline->flows;
}

void order_tasks(struct training *training)
{
    const struct plan *plan = training->plan;
    training->order.count = 0;
    plan->pipeline->order((struct stage_place){.stages = plan->mesh->shape.pipeline,
                                               .stage = training->point.stage,
                                               .microbatches = plan->microbatches,
                                               .chunks = plan->chunks,
                                               .step = training->taken,
                                               .steps = (int)plan->steps},
                          &training->order);
}

static void begin_step(struct rank *self, struct training *training, size_t step)
{
    training->next_input = training->next_gradient = 0;
    for (int c = 0; c < training->chunks && !flows(training); c++)
        training->begun[c] = training->ended[c] = 0;
    if (flows(training))
        order_tasks(training);
    if (is_last(training, training->chunks - 1))
        load_rows(self, training, step, (struct share){0, training->rows.count}, NULL,
                  training->targets);
    take_free_slots(self, training, step);
    expect_gradients(self, training); /* of what has gone forward in earlier steps */
}

/* From the oldest to the newest. */
static void wait_for_all(struct rank *self, struct training *training, enum crossing way)
{
    for (int c = 0; c < training->chunks; c++)
        for (int i = training->ended[c] - training->slots[c]; i < training->ended[c]; i++)
            wait_for(self, request_of(training, way, (struct stage_task){.microbatch = i, .chunk = c}));
}

static void wait_for_sends(struct rank *self, struct training *training)
{
    wait_for_all(self, training, OUTPUT);
    wait_for_all(self, training, INPUT_GRADIENT);
}

double train_in_stages(struct rank *self, struct training *training, size_t step)
{
    double loss = 0;
    int begun = training->begun[0];
    begin_step(self, training, step);
    for (int t = 0; t < training->order.count; t++)
        loss += do_task(self, training, training->order.tasks[t], step);
    if (flows(training)) {
        training->rows_done = (size_t)(training->begun[0] - begun) * training->rows.count;
        stash_keep(self, training);
    }
    if (!flows(training) || training->taken + 1 == (int)training->plan->steps)
        wait_for_sends(self, training);
    return loss;
}

/* Test rows go in pieces of the smallest microbatch, which fits every slot. */
static size_t piece_most(const struct training *training)
{
    return microbatch(training, count_of(training) - 1).count;
}

/* Of `rows` test rows, where a piece lies; the last may be shorter. */
static struct share piece_rows(const struct training *training, struct stage_task piece, size_t rows)
{
    size_t most = piece_most(training), left = rows - (size_t)piece.microbatch * most;
    return (struct share){slot_rows(training, piece.chunk, piece.microbatch).begin, left < most ? left : most};
}

static void expect_piece(struct rank *self, struct training *training, struct stage_task piece, size_t rows)
{
    expect_input(self, training, piece, piece_rows(training, piece, rows));
}

static void test_piece(struct rank *self, struct training *training, struct stage_task piece, size_t rows)
{
    struct share own = piece_rows(training, piece, rows);
    pass_on(self, training, piece, own);
    if (is_last(training, piece.chunk))
        model_loss(self, model_chunk(training->model, piece.chunk), own, training->targets, 1);
}

/* A piece is asked for while the one before it is computed, where that has another slot. */
void test_in_stages(struct rank *self, struct training *training, size_t rows)
{
    size_t most = piece_most(training);
    struct stage_place place = {.stages = training->plan->mesh->shape.pipeline,
                                .microbatches = (int)((rows + most - 1) / most),
                                .chunks = training->chunks};
    int all = place.microbatches * place.chunks;
    bool expected = false;
    for (int k = 0; k < all; k++) {
        struct stage_task piece = order_in_groups(place, WORK_FORWARD, k);
        if (!expected)
            expect_piece(self, training, piece, rows);
        struct stage_task next = k + 1 < all ? order_in_groups(place, WORK_FORWARD, k + 1) : piece;
        expected = request_of(training, INPUT, next) != request_of(training, INPUT, piece);
        if (expected)
            expect_piece(self, training, next, rows);
        test_piece(self, training, piece, rows);
    }
    wait_for_sends(self, training);
}

void sum_tied(struct training *training)
{
    struct model *model = training->model;
    struct share table = model_tied_range(model);
    float *gradients = model->gradients ? model->gradients + table.begin : NULL;
    if (table.count)
        allreduce_numbers(&training->tied, NUMBER_GRADIENT, gradients, table.count);
}
