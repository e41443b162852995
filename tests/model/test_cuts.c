/* However a model is cut, it is the same network: the parts tile it, begin from the same weights,
 * and together have the gradients of the whole. */
#include "tests/check.h"

#include "threadrack/math/math.h"
#include "threadrack/model/checkpoint.h"
#include "threadrack/model/optimizer.h"

#include <pthread.h>
#include <stdlib.h>

enum { ROWS = 12, POSITIONS = 4, MOST = 4 };

static struct model_spec *parse(const char *text)
{
    struct errors errors;
    errors_init(&errors);
    CHECK_FATAL(math_start("auto", &errors));
    struct model_spec *spec = model_parse(text, "model", &errors);
    errors_print(&errors, stderr);
    CHECK_FATAL(spec != NULL);
    return spec;
}

static double difference(const struct checkpoint *a, const struct checkpoint *b)
{
    double most = 0;
    for (int i = 0; i < checkpoint_tensor_count(a); i++) {
        const char *name;
        size_t count;
        const float *left = checkpoint_tensor(a, i, &name, &count);
        const float *right = checkpoint_tensor(b, i, &name, &count);
        for (size_t j = 0; j < count; j++)
            most = fmax(most, fabs((double)left[j] - (double)right[j]));
    }
    return most;
}

static void parts_tile_the_whole(void)
{
    static const char *const texts[] = {"mlp:9-8-7-6-5-3",
                                        "mlp:64-128-64-10",
                                        "mlp:4-16x7-10:gelu",
                                        "mlp:100-5-5-5-2",
                                        "cnn:2-3:5,input=2x7x5,outputs=4",
                                        "gpt:layers=3,heads=5,width=10,context=3,hidden=7",
                                        "gpt:layers=1,heads=4,width=8,context=3,tied",
                                        "logistic:inputs=3,outputs=2"};
    for (int t = 0; t < 8; t++) {
        struct model_spec *spec = parse(texts[t]);
        struct checkpoint *whole = checkpoint_create(spec);
        int most_tensors = model_most_tensors(spec) < MOST ? model_most_tensors(spec) : MOST;
        for (int stages = 1; stages <= model_most_stages(spec); stages++)
            for (int tensors = 1; tensors <= most_tensors; tensors++) {
                struct checkpoint *sum = checkpoint_create(spec);
                struct rank *self = rank_observer();
                for (int i = 0; i < stages * tensors; i++) {
                    struct model_place place = {.stage = i / tensors, .stages = stages, .tensor = i % tensors, .tensors = tensors};
                    struct model *m =
                        model_create(self, spec, place, 1, 1, false, (struct model_hooks){0});
                    CHECK(m->part_count > 0 && m->parameter_count > 0);
                    model_init(m, 11);
                    checkpoint_put(sum, m);
                    model_free(m);
                }
                if (stages == 1 && tensors == 1) {
                    checkpoint_free(whole);
                    whole = sum;
                } else {
                    CHECK_NEAR(difference(sum, whole), 0, 0);
                    checkpoint_free(sum);
                }
                rank_observer_free(self);
            }
        checkpoint_free(whole);
        model_spec_free(spec);
    }
}

/* Tensor ranks as threads that add partial sums in rank order. */
struct team {
    pthread_barrier_t barrier;
    int size;
    const float *partial[MOST];
    struct model *models[MOST][MOST]; /* [tensor][stage] */
    const struct model_spec *spec;
    int stages, microbatches;
    const char *optimizer;
    double loss;
    size_t ready_down_to[MOST][MOST];
};
struct member {
    struct team *team;
    int tensor, stage;
};

static void add_up(void *context, struct rank *self, float *partial, size_t count)
{
    struct member *member = context;
    struct team *team = member->team;
    (void)self;
    team->partial[member->tensor] = partial;
    pthread_barrier_wait(&team->barrier);
    float *sum = calloc(count, sizeof *sum);
    for (int i = 0; i < team->size; i++)
        math_add(count, sum, team->partial[i]);
    pthread_barrier_wait(&team->barrier);
    memcpy(partial, sum, count * sizeof *sum);
    free(sum);
}

static void add_up_numbers(void *context, struct rank *self, enum number number, float *partial,
                           size_t count)
{
    (void)number;
    add_up(context, self, partial, count);
}

static void bring_together(void *context, struct rank *self, enum number number, float *blocks,
                           size_t count)
{
    struct member *member = context;
    struct team *team = member->team;
    size_t block = count / (size_t)team->size;
    (void)self, (void)number;
    team->partial[member->tensor] = blocks;
    pthread_barrier_wait(&team->barrier);
    for (int i = 0; i < team->size; i++)
        if (i != member->tensor)
            memcpy(blocks + (size_t)i * block, team->partial[i] + (size_t)i * block,
                   block * sizeof *blocks);
    pthread_barrier_wait(&team->barrier);
}

static void note_ready(void *context, struct rank *self, size_t at, size_t count)
{
    struct member *member = context;
    size_t *down_to = &member->team->ready_down_to[member->tensor][member->stage];
    (void)self;
    if (at + count != *down_to)
        *down_to = SIZE_MAX;
    else
        *down_to = at;
}

/* Tokens are below 3, and so are classes. */
static void fill_input(const struct model_spec *spec, float *x, int32_t *labels)
{
    for (size_t i = 0; i < ROWS * model_input_width(spec); i++) {
        float value = (float)sin(0.7 * (double)i);
        int32_t token = (int32_t)(i * i % 3);
        memcpy(x + i, model_context(spec) ? (const void *)&token : (const void *)&value,
               sizeof value);
    }
    for (size_t i = 0; i < ROWS * model_target_width(spec); i++)
        labels[i] = (int32_t)(i * 5 % 3);
}

static double train_microbatch(struct rank *self, struct model **stages, int count,
                               struct share rows, const int32_t *labels, bool first, bool last)
{
    for (int s = 0; s < count; s++) {
        if (s)
            memcpy(model_input(stages[s], rows), model_output(stages[s - 1], rows),
                   rows.count * stages[s]->input_width * sizeof(float));
        model_forward(self, stages[s], rows);
    }
    double loss = model_loss(self, stages[count - 1], rows, labels + rows.begin * model_target_width(stages[0]->spec), 1.0f / ROWS);
    for (int s = count - 1; s >= 0; s--) {
        model_backward(self, stages[s], rows, first, last);
        if (s)
            memcpy(model_output_gradient(stages[s - 1], rows),
                   model_input_gradient(stages[s], rows),
                   rows.count * stages[s]->input_width * sizeof(float));
    }
    return loss;
}

/* Of a model that is tied, in stages: both ends have the sum, and keep their tables alike. */
static void sum_tied_ends(struct model **parts, int stages)
{
    struct model *first = parts[0], *last = parts[stages - 1];
    struct share a = model_tied_range(first), b = model_tied_range(last);
    CHECK_EQUAL(a.count, b.count);
    for (size_t i = 0; i < a.count; i++) {
        CHECK(first->parameters[a.begin + i] == last->parameters[b.begin + i]);
        first->gradients[a.begin + i] += last->gradients[b.begin + i];
        last->gradients[b.begin + i] = first->gradients[a.begin + i];
    }
}

static void *train_member(void *argument)
{
    struct member *me = argument, members[MOST];
    struct team *team = me->team;
    struct model **parts = team->models[me->tensor];
    struct rank *self = rank_observer();
    struct errors errors;
    errors_init(&errors);
    struct optimizer_spec *how = optimizer_parse(team->optimizer, "optimizer", &errors);
    struct optimizer *updates[MOST];
    int32_t labels[ROWS * POSITIONS];
    double loss = 0;
    for (int s = 0; s < team->stages; s++) {
        members[s] = (struct member){team, me->tensor, s};
        struct model_hooks hooks = {.context = &members[s],
                                    .gradient_ready = note_ready,
                                    .after_forward = add_up,
                                    .before_backward = add_up,
                                    .sum_over_tensor = add_up_numbers,
                                    .gather_over_tensor = bring_together};
        parts[s] = model_create(self, team->spec,
                                (struct model_place){.stage = s, .stages = team->stages, .tensor = me->tensor, .tensors = team->size}, ROWS, ROWS,
                                true, hooks);
        model_init(parts[s], 3);
        team->ready_down_to[me->tensor][s] = parts[s]->parameter_count;
        updates[s] = optimizer_create(self, how, parts[s]);
    }
    fill_input(team->spec, model_input(parts[0], (struct share){0, ROWS}), labels);
    for (int m = 0; m < team->microbatches; m++)
        loss += train_microbatch(self, parts, team->stages,
                                 share_of(ROWS, (size_t)team->microbatches, (size_t)m), labels,
                                 m == 0, m == team->microbatches - 1);
    sum_tied_ends(parts, team->stages);
    for (int s = 0; s < team->stages; s++)
        optimizer_step(self, updates[s], parts[s]);
    if (me->tensor == 0)
        team->loss = loss;
    for (int s = 0; s < team->stages; s++)
        optimizer_free(updates[s]);
    optimizer_spec_free(how);
    return self;
}

static struct checkpoint *train_cut(const struct model_spec *spec, int stages, int tensors,
                                    int microbatches, double *loss)
{
    struct team team = {.size = tensors,
                        .spec = spec,
                        .stages = stages,
                        .microbatches = microbatches,
                        .optimizer = "sgd:lr=1"};
    struct member members[MOST];
    pthread_t threads[MOST];
    struct checkpoint *checkpoint = checkpoint_create(spec);
    pthread_barrier_init(&team.barrier, NULL, (unsigned)tensors);
    for (int i = 0; i < tensors; i++) {
        members[i] = (struct member){&team, i, 0};
        pthread_create(&threads[i], NULL, train_member, &members[i]);
    }
    for (int i = 0; i < tensors; i++) {
        void *observer;
        pthread_join(threads[i], &observer);
        for (int s = 0; s < stages; s++) {
            CHECK_EQUAL(team.ready_down_to[i][s], 0);
            checkpoint_put(checkpoint, team.models[i][s]);
            model_free(team.models[i][s]);
        }
        rank_observer_free(observer);
    }
    pthread_barrier_destroy(&team.barrier);
    *loss = team.loss;
    return checkpoint;
}

static void every_cut_learns_the_same(void)
{
    static const char *const texts[] = {"mlp:9-8-7-6-5-3",
                                        "mlp:6-13-11-9-4:tanh",
                                        "mlp:5-7-6-8:gelu",
                                        "cnn:2-3:5,input=2x7x5,outputs=4",
                                        "gpt:layers=2,heads=5,width=10,context=4,hidden=7",
                                        "gpt:layers=1,heads=4,width=8,context=4,tied"};
    for (int t = 0; t < 6; t++) {
        struct model_spec *spec = parse(texts[t]);
        int most_stages = model_most_stages(spec) < 3 ? model_most_stages(spec) : 3;
        double expected, loss;
        struct checkpoint *whole = train_cut(spec, 1, 1, 1, &expected);
        for (int stages = 1; stages <= most_stages; stages++)
            for (int tensors = 1; tensors <= MOST; tensors++)
                for (int microbatches = 1; microbatches <= 5; microbatches += 2) {
                    struct checkpoint *cut = train_cut(spec, stages, tensors, microbatches, &loss);
                    CHECK_NEAR(loss, expected, 1e-5 * expected);
                    CHECK_NEAR(difference(cut, whole), 0, 1e-5);
                    checkpoint_free(cut);
                }
        checkpoint_free(whole);
        model_spec_free(spec);
    }
}

static void only_empty_shares_are_refused(void)
{
    struct model_spec *spec = parse("mlp:64-128-64-10");
    struct errors errors;
    errors_init(&errors);
    CHECK_EQUAL(model_most_stages(spec), 3);
    CHECK_EQUAL(model_most_tensors(spec), 128);
    CHECK(model_fits(spec, 3, 1, &errors) && model_fits(spec, 1, 128, &errors));
    CHECK(model_fits(spec, 2, 128, &errors) && errors.count == 0);
    CHECK(!model_fits(spec, 4, 1, &errors) && !model_fits(spec, 1, 129, &errors));
    CHECK_EQUAL(errors.count, 2);
    CHECK(strstr(errors.messages[0], "the largest that fits is 3") != NULL);
    CHECK(strstr(errors.messages[1], "the largest that fits is 128") != NULL);
    errors_release(&errors);
    CHECK_EQUAL(model_parameter_count(spec), 64 * 128 + 128 + 128 * 64 + 64 + 640 + 10);
    CHECK_EQUAL(model_flops_per_sample(spec), 4 * 64 * 128 + 6 * (128 * 64 + 640));
    model_spec_free(spec);
}

static void refused(const char *text, int stages, int tensors, const char *expected)
{
    struct model_spec *spec = parse(text);
    struct errors errors;
    errors_init(&errors);
    CHECK(!model_fits(spec, stages, tensors, &errors));
    CHECK_EQUAL(errors.count, 1);
    CHECK(errors.count && strstr(errors.messages[0], expected));
    errors_release(&errors);
    model_spec_free(spec);
}

static void what_cannot_be_cut_is_refused(void)
{
    refused("gpt:layers=2,heads=4,width=8,context=4", 5, 1, "the largest that fits is 4");
    refused("gpt:layers=2,heads=4,width=8,context=4", 1, 5, "the largest that fits is 4");
    refused("logistic:inputs=3,outputs=2", 1, 2, "nothing to share");
    refused("cnn:4:6,input=1x8x8,outputs=3", 4, 1, "the largest that fits is 3");
    refused("cnn:4:6,input=1x8x8,outputs=3", 1, 7, "the largest that fits is 6");
}

/* What goes from stage to stage is then whole rows of the blocks' width. */
static void blocks_stay_whole(void)
{
    struct model_spec *spec = parse("gpt:layers=6,heads=2,width=8,context=4");
    struct rank *self = rank_observer();
    CHECK_EQUAL(model_most_stages(spec), 8);
    for (int stages = 1; stages <= 8; stages++)
        for (int s = 0; s < stages; s++) {
            struct model *model = model_create(self, spec, (struct model_place){.stage = s, .stages = stages, .tensor = 0, .tensors = 1}, 1,
                                               1, false, (struct model_hooks){0});
            CHECK(s == 0 || model->input_width == 8 * 4);
            CHECK(strstr(model->tensors[0].whole->name, "ln_2") == NULL);
            CHECK(strstr(model->tensors[0].whole->name, "lm_head") == NULL);
            model_free(model);
        }
    rank_observer_free(self);
    model_spec_free(spec);
}

static void equal_layers_are_split_evenly(void)
{
    struct model_spec *spec = parse("mlp:16x17");
    struct rank *self = rank_observer();
    for (int stages = 1; stages <= 16; stages++) {
        int least = 99, most = 0, total = 0;
        for (int s = 0; s < stages; s++) {
            struct model *model = model_create(self, spec, (struct model_place){.stage = s, .stages = stages, .tensor = 0, .tensors = 1}, 1, 1,
                                               false, (struct model_hooks){0});
            least = model->part_count < least ? model->part_count : least;
            most = model->part_count > most ? model->part_count : most;
            total += model->part_count;
            model_free(model);
        }
        CHECK_EQUAL(total, 16);
        CHECK(most - least <= 1);
    }
    rank_observer_free(self);
    model_spec_free(spec);
}

SUITE("model: cuts", TEST(parts_tile_the_whole), TEST(every_cut_learns_the_same),
      TEST(only_empty_shares_are_refused), TEST(what_cannot_be_cut_is_refused),
      TEST(blocks_stay_whole), TEST(equal_layers_are_split_evenly));
