/* One rank trains what PyTorch trains (tests/oracle, see ../shared/oracle/README.md). Run from the
 * top of the source tree. */
#include "tests/check.h"

#include "threadrack/data/data.h"
#include "threadrack/math/math.h"
#include "threadrack/model/checkpoint.h"
#include "threadrack/model/optimizer.h"

#include <stdlib.h>

struct oracle {
    const char *folder, *model, *optimizer;
    size_t batch;
    int steps;
    bool fused;
};

static void read_losses(const char *folder, int steps, double *losses)
{
    char path[128], line[128];
    snprintf(path, sizeof path, "tests/oracle/%s/loss.csv", folder);
    FILE *stream = fopen(path, "r");
    CHECK_FATAL(stream != NULL);
    for (int i = 0; i < steps && fgets(line, sizeof line, stream);) {
        const char *comma = strchr(line, ',');
        const char *value = comma ? comma + 1 : line;
        if (value[0] >= '0' && value[0] <= '9')
            losses[i++] = strtod(value, NULL);
    }
    fclose(stream);
}

static struct checkpoint *load(const struct model_spec *spec, const char *folder, const char *file)
{
    char path[128];
    struct errors errors;
    errors_init(&errors);
    snprintf(path, sizeof path, "tests/oracle/%s/%s.safetensors", folder, file);
    struct checkpoint *checkpoint = checkpoint_create(spec);
    bool good = checkpoint_load(checkpoint, path, "init", &errors);
    errors_print(&errors, stderr);
    CHECK_FATAL(good);
    return checkpoint;
}

static void compare_weights(const struct checkpoint *was, const struct checkpoint *should)
{
    for (int i = 0; i < checkpoint_tensor_count(was); i++) {
        const char *name;
        size_t count;
        double most = 0;
        const float *a = checkpoint_tensor(was, i, &name, &count);
        const float *b = checkpoint_tensor(should, i, &name, &count);
        for (size_t j = 0; j < count; j++)
            most = fmax(most, fabs((double)a[j] - (double)b[j]));
        CHECK_NEAR(most, 0, 2e-4);
    }
}

static void train(const struct oracle *o, struct rank *self, struct model *model,
                  struct optimizer *optimizer)
{
    struct errors errors;
    errors_init(&errors);
    struct dataset *data = dataset_open(
        &(struct dataset_request){.text = "digits", .where = "data", .train_rows = 1536}, &errors);
    struct loader *loader = loader_create(data, false, o->batch, 1);
    struct share all = {0, o->batch};
    int32_t *labels = malloc(o->batch * sizeof *labels);
    double expected[200] = {0};
    read_losses(o->folder, o->steps, expected);
    for (int step = 0; step < o->steps; step++) {
        loader_fill(loader, (size_t)step, all, model_input(model, all), labels);
        model_forward(self, model, all);
        double loss = model_loss(self, model, all, labels, 1.0f / (float)o->batch);
        CHECK_NEAR(loss, expected[step], 1e-4 * expected[step]);
        model_backward(self, model, all, true, true);
        optimizer_step(self, optimizer, model);
    }
    free(labels);
    loader_free(loader);
    dataset_free(data);
}

static void reproduce(const struct oracle *o)
{
    struct errors errors;
    errors_init(&errors);
    CHECK_FATAL(math_start("auto", &errors));
    struct model_spec *spec = model_parse(o->model, "model", &errors);
    struct optimizer_spec *how = optimizer_parse(o->optimizer, "optimizer", &errors);
    CHECK_FATAL(spec && how);
    struct rank *self = rank_observer();
    struct model *model = model_create(self, spec, (struct model_place){.stage = 0, .stages = 1, .tensor = 0, .tensors = 1}, o->batch, o->batch, true,
                                       (struct model_hooks){0});
    struct optimizer *optimizer = optimizer_create(self, how, model);
    struct checkpoint *init = load(spec, o->folder, "init"),
                      *final = load(spec, o->folder, "final");
    checkpoint_get(init, model);
    if (o->fused)
        CHECK(optimizer_fuse(optimizer, model));
    train(o, self, model, optimizer);
    checkpoint_put(init, model);
    compare_weights(init, final);
    checkpoint_free(init);
    checkpoint_free(final);
    optimizer_free(optimizer);
    model_free(model);
    rank_observer_free(self);
    optimizer_spec_free(how);
    model_spec_free(spec);
}

static void plain_sgd(void)
{
    reproduce(&(struct oracle){"mlp_sgd", "mlp:64-128-64-10", "sgd:lr=0.1", 64, 60, false});
}

static void the_fused_update(void)
{
    reproduce(&(struct oracle){"mlp_sgd", "mlp:64-128-64-10", "sgd:lr=0.1", 64, 60, true});
}

static void momentum_and_decay(void)
{
    reproduce(&(struct oracle){"mlp_momentum", "mlp:64-96-10:tanh",
                               "sgd:lr=0.05,momentum=0.9,weight_decay=1e-4", 32, 60, false});
}

SUITE("model: oracle", TEST(plain_sgd), TEST(the_fused_update), TEST(momentum_and_decay));
