/* Every layer's forward pass is that of plain loops in double precision, and its gradients are their
 * finite differences: in one microbatch and in several, by every kernel, and as a fused update. */
#include "tests/check.h"

#include "tests/model/reference.h"
#include "threadrack/model/checkpoint.h"
#include "threadrack/model/optimizer.h"

#include <unistd.h>

enum { ROWS = 3, MOST_LAYERS = 10 };
static const char *const kernels[] = {"reference", "auto"};

struct network {
    const char *text;
    const char *yaml; /* the file that "file:" stands for; NULL: none */
    struct plain_layer layers[MOST_LAYERS];
    struct plain_shape shape; /* of an input */
    bool tokens, squared, values;
};

#define OF(plain, first, ...) {.kind = PLAIN_##plain, .a = first, __VA_ARGS__}
#define RELU .activation = ACTIVATION_RELU
#define TANH .activation = ACTIVATION_TANH
#define ERF .activation = ACTIVATION_GELU
#define GELU .activation = ACTIVATION_GELU_TANH
#define NO_BIAS .b = 1
#define CONV(channels, kernel, padding, kind)                                                      \
    OF(CONV, channels, .b = kernel, .c = padding, kind)
#define POOL OF(POOL, 0, .b = 0)
#define NORM OF(NORM, 0, .b = 0)
#define DROP(p) .dropout = p
#define BLOCK(heads, hidden) OF(ATTENTION, heads, .b = 0), OF(FEED, hidden, GELU)
#define LAYERS(...) .layers = {__VA_ARGS__}
#define VALUES(n) .shape = {.positions = 1, .width = n}
#define IMAGE(c, h, w)                                                                             \
    .shape = {.positions = 1, .width = c * h * w, .channels = c, .height = h, .breadth = w}
#define TOKENS(n) .shape = {.positions = n, .width = 1}, .tokens = true

static const struct network networks[] = {
    {.text = "mlp:5-7-6-3", VALUES(5),
     LAYERS(OF(LINEAR, 7, RELU), OF(LINEAR, 6, RELU), OF(LINEAR, 3, .b = 0))},
    {.text = "mlp:5-7-3:tanh", VALUES(5), LAYERS(OF(LINEAR, 7, TANH), OF(LINEAR, 3, .b = 0))},
    {.text = "mlp:5-7-3:gelu", VALUES(5), LAYERS(OF(LINEAR, 7, ERF), OF(LINEAR, 3, .b = 0))},
    {.text = "mlp:5-7-3:gelu_tanh", VALUES(5), LAYERS(OF(LINEAR, 7, GELU), OF(LINEAR, 3, .b = 0))},
    {.text = "cnn:2-3:5,input=2x7x5,outputs=4", IMAGE(2, 7, 5),
     LAYERS(CONV(2, 3, 1, RELU), POOL, CONV(3, 3, 1, RELU), POOL, OF(LINEAR, 5, RELU),
            OF(LINEAR, 4, .b = 0))},
    {.text = "gpt:layers=2,heads=2,width=6,context=5,vocabulary=7", TOKENS(5),
     LAYERS(OF(EMBEDDING, 6, .b = 7), BLOCK(2, 24), BLOCK(2, 24), NORM, OF(LINEAR, 7, NO_BIAS))},
    {.text = "gpt:layers=1,heads=3,width=6,context=4,vocabulary=5,hidden=7,tied", TOKENS(4),
     LAYERS(OF(EMBEDDING, 6, .b = 5), BLOCK(3, 7), NORM, OF(BORROWED, 5, .b = 0))},
    {.text = "linear:inputs=5,outputs=3", VALUES(5), LAYERS(OF(LINEAR, 3, .b = 0)),
     .squared = true},
    {.text = "linear:inputs=5,outputs=2", VALUES(5), LAYERS(OF(LINEAR, 2, .b = 0)),
     .squared = true, .values = true},
    {.text = "logistic:inputs=5,outputs=3", VALUES(5), LAYERS(OF(LINEAR, 3, .b = 0))},
    {.text = "file:",
     .yaml = "input: 2x5x4\n"
             "layers: [conv: {channels: 3, kernel: 2, padding: 0}, gelu, max_pool, tanh, flatten,\n"
             "         norm, relu, linear: {out: 5, bias: off}, tanh, linear: 3]\n",
     IMAGE(2, 5, 4),
     LAYERS(CONV(3, 2, 0, ERF), POOL, OF(ACTIVATION, 0, TANH), NORM, OF(ACTIVATION, 0, RELU),
            OF(LINEAR, 5, NO_BIAS, TANH), OF(LINEAR, 3, .b = 0))},
    {.text = "file:",
     .yaml = "input: tokens\ncontext: 4\nloss: cross_entropy\n"
             "layers:\n  - embedding: {width: 4, vocabulary: 6}\n"
             "  - feed_forward: {hidden: 3, activation: relu, dropout: 0.25}\n"
             "  - repeat: {times: 2, layers: [attention: {heads: 1, dropout: 0.125}]}\n"
             "  - feed_forward: {hidden: 5, activation: gelu}\n  - linear: 6\n",
     TOKENS(4),
     LAYERS(OF(EMBEDDING, 4, .b = 6), OF(FEED, 3, RELU, DROP(0.25)), OF(ATTENTION, 1, .b = 0, DROP(0.125)),
            OF(ATTENTION, 1, .b = 0, DROP(0.125)), OF(FEED, 5, ERF), OF(LINEAR, 6, .b = 0))},
    {.text = "gpt:layers=1,heads=2,width=6,context=7,vocabulary=5,hidden=4,experts=3,top=2,"
             "capacity=0.8,balance=0.1",
     TOKENS(7),
     LAYERS(OF(EMBEDDING, 6, .b = 5), OF(ATTENTION, 2, .b = 0),
            OF(EXPERTS, 4, .b = 3, .c = 2, GELU, .capacity = 0.8, .balance = 0.1), NORM,
            OF(LINEAR, 5, NO_BIAS))},
    {.text = "file:",
     .yaml = "input: tokens\ncontext: 6\nloss: cross_entropy\n"
             "layers:\n  - embedding: {width: 4, vocabulary: 6}\n"
             "  - experts: {hidden: 5, count: 4, top: 1, activation: relu, balance: 0.3}\n"
             "  - experts: {hidden: 3, count: 2, top: 2, activation: tanh, capacity: 0.5}\n"
             "  - linear: 6\n",
     TOKENS(6),
     LAYERS(OF(EMBEDDING, 4, .b = 6),
            OF(EXPERTS, 5, .b = 4, .c = 1, RELU, .capacity = 1.25, .balance = 0.3),
            OF(EXPERTS, 3, .b = 2, .c = 2, TANH, .capacity = 0.5, .balance = 0.01),
            OF(LINEAR, 6, .b = 0))},
    {.text = "gpt:layers=2,heads=2,width=6,context=5,vocabulary=7,dropout=0.3", TOKENS(5),
     LAYERS(OF(EMBEDDING, 6, .b = 7, DROP(0.3)), OF(ATTENTION, 2, .b = 0, DROP(0.3)),
            OF(FEED, 24, GELU, DROP(0.3)), OF(ATTENTION, 2, .b = 0, DROP(0.3)),
            OF(FEED, 24, GELU, DROP(0.3)), NORM, OF(LINEAR, 7, NO_BIAS))},
    {.text = "gpt:layers=1,heads=2,width=6,context=7,vocabulary=5,hidden=4,experts=3,top=2,"
             "capacity=0.8,balance=0.1,dropout=0.2",
     TOKENS(7),
     LAYERS(OF(EMBEDDING, 6, .b = 5, DROP(0.2)), OF(ATTENTION, 2, .b = 0, DROP(0.2)),
            OF(EXPERTS, 4, .b = 3, .c = 2, GELU, .capacity = 0.8, .balance = 0.1, DROP(0.2)), NORM,
            OF(LINEAR, 5, NO_BIAS))},
    {.text = "file:",
     .yaml = "input: 4\nloss: squared_error\nlayers: [norm, feed_forward: 3, linear: 2]\n",
     VALUES(4), LAYERS(NORM, OF(FEED, 3, GELU), OF(LINEAR, 2, .b = 0)), .squared = true},
};
enum { NETWORKS = sizeof networks / sizeof *networks };

static struct model_spec *spec_of(const struct network *network)
{
    char path[] = "/tmp/threadrack-gradients-XXXXXX", text[128];
    struct errors errors;
    errors_init(&errors);
    snprintf(text, sizeof text, "%s", network->text);
    if (network->yaml) {
        int file = mkstemp(path);
        CHECK_EQUAL(write(file, network->yaml, strlen(network->yaml)),
                    (ssize_t)strlen(network->yaml));
        close(file);
        snprintf(text, sizeof text, "file:%s", path);
    }
    struct model_spec *spec = model_parse(text, "model", &errors);
    if (spec && network->values) {
        struct model_data data = {.name = "values", .width = 5, .target_width = 2};
        CHECK(model_bind(spec, &data, "model", &errors));
    } else if (spec) {
        CHECK(model_bind(spec, NULL, "model", &errors));
    }
    if (network->yaml)
        unlink(path);
    errors_print(&errors, stderr);
    CHECK_FATAL(spec != NULL);
    return spec;
}

/* What a network is tried on, the same in floats and doubles. */
struct trial {
    const struct network *network;
    struct model_spec *spec;
    struct rank *self;
    struct model *model;
    size_t width, target_width;
    double *weights, *x;
    int32_t *classes;
    float *aims;
};

static double noise(size_t i, double scale)
{
    return scale * sin(1.7 * (double)i * (double)i + 0.3 * (double)i + 1);
}

static void fill(struct trial *t)
{
    size_t vocabulary = t->network->tokens ? t->network->layers[0].b : 0;
    float *input = model_input(t->model, (struct share){0, ROWS});
    for (size_t i = 0; i < t->model->parameter_count; i++)
        t->model->parameters[i] = (float)noise(i, 0.7);
    for (size_t i = 0; i < t->model->parameter_count; i++)
        t->weights[i] = (double)t->model->parameters[i];
    for (size_t i = 0; i < ROWS * t->width; i++) {
        float value = (float)noise(i + 5, 1);
        int32_t token = vocabulary ? (int32_t)((i * i + 2 * i) % vocabulary) : 0;
        memcpy(input + i, vocabulary ? (const void *)&token : (const void *)&value, sizeof value);
        t->x[i] = vocabulary ? (double)token : (double)value;
    }
    for (size_t i = 0; i < ROWS * t->target_width; i++) {
        t->classes[i] = (int32_t)(i * 5 % 3);
        t->aims[i] = (float)noise(i + 9, 1);
    }
}

static struct trial trial_create(const struct network *network)
{
    struct trial t = {.network = network, .spec = spec_of(network), .self = rank_observer()};
    t.model = model_create(t.self, t.spec, (struct model_place){.stage = 0, .stages = 1, .tensor = 0, .tensors = 1}, ROWS, ROWS, true,
                           (struct model_hooks){0});
    t.model->row_weight = 1.0f / ROWS;
    t.width = model_input_width(t.spec);
    t.target_width = model_target_width(t.spec);
    t.weights = plain_room(t.model->parameter_count);
    t.x = plain_room(ROWS * t.width);
    t.classes = calloc(ROWS * t.target_width, sizeof *t.classes);
    t.aims = calloc(ROWS * t.target_width, sizeof *t.aims);
    fill(&t);
    return t;
}

static void trial_free(struct trial *t)
{
    model_free(t->model);
    model_spec_free(t->spec);
    rank_observer_free(t->self);
    free(t->weights);
    free(t->x);
    free(t->classes);
    free(t->aims);
}

/* The mean loss of all rows by plain loops, with the layers' own or without; `output` gets theirs,
 * unless it is NULL. */
static double plain_mean(const struct trial *t, bool own, double *output)
{
    double loss = 0;
    for (size_t row = 0; row < ROWS; row++) {
        struct plain_shape shape = t->network->shape;
        shape.row = row;
        double *y = plain_forward(t->network->layers, &shape, t->weights, t->x + row * t->width);
        size_t count = shape.positions * shape.width;
        loss += plain_loss(y, &shape, t->classes + row * t->target_width, t->network->squared,
                           t->network->values ? t->aims + row * t->target_width : NULL);
        if (output)
            memcpy(output + row * count, y, count * sizeof *y);
        loss += own ? shape.own_loss : 0;
        free(y);
    }
    return loss / ROWS;
}

/* Losses of the microbatches, and the gradients in the model. */
static double run_model(struct trial *t, int microbatches)
{
    double loss = 0;
    for (int m = 0; m < microbatches; m++) {
        struct share rows = share_of(ROWS, (size_t)microbatches, (size_t)m);
        size_t at = rows.begin * t->target_width;
        const void *targets =
            t->network->values ? (const void *)(t->aims + at) : (const void *)(t->classes + at);
        t->model->dropout.row = rows.begin;
        model_forward(t->self, t->model, rows);
        loss += model_loss(t->self, t->model, rows, targets, 1.0f / ROWS);
        model_backward(t->self, t->model, rows, m == 0, m == microbatches - 1);
    }
    return loss;
}

static void compare_output(struct trial *t)
{
    size_t count = ROWS * model_output_width(t->spec);
    double *expected = plain_room(count), most = 0, largest = 0;
    double loss = plain_mean(t, false, expected);
    CHECK_NEAR(run_model(t, 1), loss, 2e-6 * (1 + loss));
    const float *y = model_output(t->model, (struct share){0, ROWS});
    for (size_t i = 0; i < count; i++) {
        most = fmax(most, fabs((double)y[i] - expected[i]));
        largest = fmax(largest, fabs(expected[i]));
    }
    CHECK_NEAR(most, 0, 2e-6 * (1 + largest));
    free(expected);
}

static void compare_gradients(struct trial *t, const double *expected, const char *kernel)
{
    double largest = 0;
    for (size_t i = 0; i < t->model->parameter_count; i++)
        largest = fmax(largest, fabs(expected[i]));
    CHECK(largest > 0);
    for (int n = 0; n < t->model->tensor_count; n++) {
        const struct model_tensor *tensor = &t->model->tensors[n];
        double most = 0;
        for (size_t i = tensor->at; i < tensor->at + tensor->count; i++)
            most = fmax(most, fabs((double)t->model->gradients[i] - expected[i]));
        if (!(most <= 5e-6 * largest))
            fprintf(stderr, "\n%s, kernel %s: the gradient of %s is off by %.3g of %.3g\n",
                    t->network->text, kernel, tensor->whole->name, most, largest);
        CHECK(most <= 5e-6 * largest);
    }
}

static double *finite_differences(struct trial *t)
{
    const double step = 1e-5;
    double *found = plain_room(t->model->parameter_count);
    for (size_t i = 0; i < t->model->parameter_count; i++) {
        double was = t->weights[i];
        t->weights[i] = was + step;
        double above = plain_mean(t, true, NULL);
        t->weights[i] = was - step;
        found[i] = (above - plain_mean(t, true, NULL)) / (2 * step);
        t->weights[i] = was;
    }
    return found;
}

/* Leaves the fused update's weights in the model. */
static void compare_fused(struct trial *t, const double *expected)
{
    struct errors errors;
    errors_init(&errors);
    struct optimizer_spec *how = optimizer_parse("sgd:lr=0.5", "optimizer", &errors);
    struct optimizer *optimizer = optimizer_create(t->self, how, t->model);
    double most = 0, largest = 0;
    CHECK(optimizer_fuse(optimizer, t->model));
    run_model(t, 1);
    optimizer_step(t->self, optimizer, t->model);
    for (size_t i = 0; i < t->model->parameter_count; i++) {
        double should = t->weights[i] - 0.5 * expected[i];
        most = fmax(most, fabs((double)t->model->parameters[i] - should));
        largest = fmax(largest, fabs(should));
    }
    CHECK_NEAR(most, 0, 5e-6 * largest);
    optimizer_free(optimizer);
    optimizer_spec_free(how);
}

static void gradients_are_finite_differences(void)
{
    struct errors errors;
    errors_init(&errors);
    for (int n = 0; n < NETWORKS; n++) {
        struct trial t = trial_create(&networks[n]);
        double *expected = finite_differences(&t);
        for (int k = 0; k < 2; k++) {
            CHECK_FATAL(math_start(kernels[k], &errors));
            compare_output(&t);
            compare_gradients(&t, expected, kernels[k]);
            run_model(&t, 2);
            compare_gradients(&t, expected, kernels[k]);
        }
        compare_fused(&t, expected);
        free(expected);
        trial_free(&t);
    }
}

/* Of a step, a row or a seed the model has seen before, the same; of others others. */
static void dropout_depends_on_its_key(void)
{
    struct trial t = trial_create(&(struct network){
        .text = "gpt:layers=1,heads=2,width=6,context=5,vocabulary=7,dropout=0.3", TOKENS(5),
        LAYERS(OF(EMBEDDING, 6, .b = 7, DROP(0.3)))});
    const struct dropout_key keys[] = {{.step = 0}, {.step = 1}, {.row = ROWS}, {.seed = 1}, {.step = 0}};
    double loss[5];
    for (int i = 0; i < 5; i++) {
        t.model->dropout = keys[i];
        model_forward(t.self, t.model, (struct share){0, ROWS});
        loss[i] = model_loss(t.self, t.model, (struct share){0, ROWS}, t.classes, 1.0f / ROWS);
        for (int before = 0; before < i; before++)
            CHECK((loss[before] == loss[i]) == (before == 0 && i == 4));
    }
    trial_free(&t);
}

/* What does not train drops nothing: its outputs are the bits of the network without. */
static void only_training_drops(void)
{
    static const char *const texts[] = {"gpt:layers=1,heads=2,width=6,context=5,vocabulary=7,dropout=0.3",
                                        "gpt:layers=1,heads=2,width=6,context=5,vocabulary=7"};
    float output[2][ROWS * 5 * 7];
    const struct share all = {0, ROWS};
    for (int i = 0; i < 2; i++) {
        struct model_spec *spec = spec_of(&(struct network){.text = texts[i]});
        struct rank *self = rank_observer();
        struct model *model = model_create(self, spec, (struct model_place){.stages = 1, .tensors = 1}, ROWS,
                                           ROWS, MODEL_FORWARD, (struct model_hooks){0});
        model_init(model, 1);
        memset(model_input(model, all), 0, ROWS * 5 * sizeof(int32_t));
        model_forward(self, model, all);
        memcpy(output[i], model_output(model, all), sizeof output[i]);
        model_free(model);
        model_spec_free(spec);
        rank_observer_free(self);
    }
    CHECK(!memcmp(output[0], output[1], sizeof output[0]));
}

SUITE("model: gradients", TEST(gradients_are_finite_differences), TEST(dropout_depends_on_its_key),
      TEST(only_training_drops));
