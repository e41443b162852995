/* A training that is saved and resumed is the training that was never interrupted: bit for bit under
 * the same strategy, and up to rounding under another mesh. */
#include "tests/check.h"

#include "tests/strategy/fixture.h"

#include <unistd.h>

static const char network[] = "mlp:64-48-32-10:tanh";
static const char *const others[] = {
    "cnn:4-6:12 data.test_rows=64 batch=64",
    "gpt:layers=2,heads=4,width=16,context=8 data=devils-dictionary data.test_rows=64 batch=16",
    "gpt:layers=1,heads=2,width=16,context=8,tied data=devils-dictionary data.test_rows=64 batch=16"};

/* 20 steps of 128 rows pass the end of an epoch of 1,437 rows. */
#define COMMON                                                                                     \
    "eval_every=7 lr_schedule=cosine:warmup=4,steps=30 clip=1 optimizer=%s model=%s "

#define MESH(n, d, t, p)                                                                           \
    "strategy=hybrid nodes=" #n " mesh.data=" #d " mesh.tensor=" #t " mesh.pipeline=" #p

static const char *const ways[] = {"strategy=single",
                                   "strategy=single microbatches=3",
                                   "strategy=data nodes=3",
                                   "strategy=tensor nodes=4",
                                   "strategy=pipeline nodes=3",
                                   MESH(8, 2, 2, 2)};
enum { WAYS = sizeof ways / sizeof *ways };

/* Files of a test: x.safetensors and x.state.safetensors, in a folder of their own. */
static char folder[64];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/threadrack-resume-XXXXXX");
    CHECK_FATAL(mkdtemp(folder) != NULL);
}

static void remove_folder(void)
{
    char command[96];
    snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK_EQUAL(system(command), 0);
}

/* Of `model`, with more words behind it. */
static struct result *train_model(const char *model, const char *optimizer, const char *way,
                                  const char *words)
{
    char at[256];
    snprintf(at, sizeof at, words, folder, folder);
    return run(COMMON "%s %s", optimizer, model, way, at);
}

static struct result *train(const char *optimizer, const char *way, const char *words)
{
    char model[64];
    snprintf(model, sizeof model, "%s batch=128", network);
    return train_model(model, optimizer, way, words);
}

static bool same_file(const char *a, const char *b)
{
    char command[256];
    snprintf(command, sizeof command, "cmp %s/%s %s/%s", folder, a, folder, b);
    return system(command) == 0;
}

static void same_steps(const struct result *whole, const struct result *rest, double tolerance)
{
    CHECK_EQUAL(rest->begun_steps, 10);
    CHECK_EQUAL(rest->steps, 10);
    for (int i = 0; i < 10; i++) {
        const struct step_record *was = &rest->step[i], *should = &whole->step[10 + i];
        CHECK_NEAR(was->loss, should->loss, tolerance * should->loss);
        CHECK_NEAR(was->lr, should->lr, 0);
        CHECK_NEAR(was->gradient_norm, should->gradient_norm, tolerance * should->gradient_norm);
        CHECK_EQUAL(isnan(was->accuracy), isnan(should->accuracy));
    }
}

/* ---- The same strategy. ---- */

static void goes_on_bit_for_bit(const char *model, const char *optimizer, const char *way)
{
    struct result *whole = train_model(model, optimizer, way, "steps=20 save=%s/whole.safetensors");
    struct result *first = train_model(model, optimizer, way, "steps=10 save=%s/half.safetensors");
    struct result *rest = train_model(model, optimizer, way,
                                      "steps=20 resume=%s/half.safetensors "
                                      "save=%s/both.safetensors");
    same_steps(whole, rest, 0);
    CHECK(first->step[9].loss != whole->final_loss);
    CHECK(same_file("whole.state.safetensors", "both.state.safetensors"));
    result_free(whole);
    result_free(first);
    result_free(rest);
}

static void every_strategy(void)
{
    make_folder();
    for (int i = 0; i < WAYS; i++)
        goes_on_bit_for_bit("mlp:64-48-32-10:tanh batch=128", "adamw:lr=0.01", ways[i]);
    remove_folder();
}

static void every_optimizer(void)
{
    make_folder();
    for (int i = 0; optimizers[i]; i++)
        goes_on_bit_for_bit(network, optimizers[i]->name, MESH(4, 1, 2, 2));
    goes_on_bit_for_bit(network, "sgd:lr=0.1,momentum=0.9", "strategy=single");
    goes_on_bit_for_bit(network, "sgd:lr=0.1,momentum=0.9,nesterov=on", "strategy=data nodes=2");
    remove_folder();
}

/* Draws go on where they were; what feedback keeps is lost, and that is said. */
static void compressed_gradients(void)
{
    char path[96];
    make_folder();
    goes_on_bit_for_bit(network, "adamw", "strategy=data nodes=3 compress=qsgd:bits=4");
    goes_on_bit_for_bit(network, "sgd", "strategy=data nodes=2 partition=iid");
    snprintf(path, sizeof path, "save=%s/x.safetensors", folder);
    struct result *result = run("strategy=data nodes=2 compress=topk steps=2 %s", path);
    bool said = false;
    for (int i = 0; i < result->note_count; i++)
        said |= strstr(result->notes[i], "is not in a checkpoint") != NULL;
    CHECK(said);
    result_free(result);
    remove_folder();
}

static void every_model(void)
{
    make_folder();
    for (int i = 0; i < 3; i++) {
        goes_on_bit_for_bit(others[i], "adamw", "strategy=single");
        goes_on_bit_for_bit(others[i], "lamb", "strategy=data nodes=3");
        goes_on_bit_for_bit(others[i], "lars", "strategy=tensor nodes=2");
    }
    goes_on_bit_for_bit(others[1], "lamb", MESH(4, 1, 2, 2));
    remove_folder();
}

/* ---- Another mesh. ---- */

static void saved_under_one_resumed_under_another(void)
{
    make_folder();
    struct result *whole = train("lamb:lr=0.02", ways[0], "steps=20 save=%s/whole.safetensors");
    char path[128];
    snprintf(path, sizeof path, "%s/whole.safetensors", folder);
    struct checkpoint *should = weights_in(network, path);
    snprintf(path, sizeof path, "%s/both.safetensors", folder);
    for (int i = 0; i < WAYS; i++) {
        int other = (i + 2) % WAYS;
        result_free(train("lamb:lr=0.02", ways[i], "steps=10 save=%s/half.safetensors"));
        struct result *rest =
            train("lamb:lr=0.02", ways[other],
                  "steps=20 resume=%s/half.safetensors save=%s/both.safetensors");
        struct checkpoint *was = weights_in(network, path);
        same_steps(whole, rest, 1e-4);
        for (int t = 0; t < checkpoint_tensor_count(should); t++) {
            const char *name;
            struct apart apart = tensors_apart(was, should, t, &name);
            CHECK_NEAR(apart.difference, 0, 2e-4 * apart.largest);
        }
        checkpoint_free(was);
        result_free(rest);
    }
    checkpoint_free(should);
    result_free(whole);
    remove_folder();
}

/* The place in the data is a row, so the batch may change. */
static void rows_are_counted_on(void)
{
    struct errors errors;
    errors_init(&errors);
    char path[128];
    make_folder();
    result_free(run("steps=10 batch=128 save=%s/a.safetensors", folder));
    result_free(run("steps=13 batch=50 resume=%s/a.safetensors save=%s/b", folder, folder));
    struct model_spec *spec = spec_of("mlp:64-128-64-10");
    struct optimizer_spec *how = optimizer_parse("sgd", "optimizer", &errors);
    struct checkpoint *state = checkpoint_create_state(spec, how);
    snprintf(path, sizeof path, "%s/b.state.safetensors", folder);
    CHECK(checkpoint_load_state(state, path, "test", &errors));
    CHECK_EQUAL(checkpoint_progress(state)->step, 13);
    CHECK_EQUAL(checkpoint_progress(state)->rows, 1280 + 3 * 50);
    checkpoint_free(state);
    optimizer_spec_free(how);
    model_spec_free(spec);
    errors_release(&errors);
    remove_folder();
}

/* ---- Saves in the midst of a run. ---- */

static void interrupt(void *context, int done, int total)
{
    (void)context;
    (void)total;
    if (done >= 12)
        experiment_interrupted = 1;
}

static void an_interrupted_run_has_its_last_save(void)
{
    char line[512];
    struct errors errors;
    errors_init(&errors);
    make_folder();
    struct result *whole = train("adamw", ways[2], "steps=20 save=%s/whole.safetensors");
    snprintf(line, sizeof line, COMMON "batch=128 %s steps=20 save.every=5 save=%s/part.safetensors", "adamw",
             network, ways[2], folder);
    struct config *config = config_of(line, &errors);
    const struct host *host = this_host();
    struct result *part =
        experiment_run(config, host, (struct seat_range){0, host_core_count(host)},
                       (struct progress_hook){.tell = interrupt}, &errors);
    experiment_interrupted = 0;
    CHECK_EQUAL(part->status, STATUS_FAILED);
    struct result *rest = train("adamw", ways[2],
                                "steps=20 resume=%s/part.state.safetensors "
                                "save=%s/part.safetensors save.every=3");
    CHECK(rest->begun_steps == 10 || rest->begun_steps == 15);
    CHECK_NEAR(rest->final_loss, whole->final_loss, 0);
    CHECK(same_file("whole.state.safetensors", "part.state.safetensors"));
    CHECK(same_file("whole.safetensors", "part.safetensors"));
    result_free(whole);
    result_free(part);
    result_free(rest);
    config_free(config);
    errors_release(&errors);
    remove_folder();
}

static void a_full_disk_ends_the_run(void)
{
    struct errors errors;
    errors_init(&errors);
    char line[512];
    make_folder();
    snprintf(line, sizeof line, "mkdir %s/x.safetensors.%d.part", folder, (int)getpid()); /* written there first */
    CHECK_EQUAL(system(line), 0);
    snprintf(line, sizeof line, "steps=40 save.every=5 save.state=off save=%s/x.safetensors", folder);
    struct config *config = config_of(line, &errors);
    const struct host *host = this_host();
    struct result *result =
        experiment_run(config, host, (struct seat_range){0, host_core_count(host)},
                       (struct progress_hook){0}, &errors);
    CHECK_EQUAL(result->status, STATUS_FAILED);
    CHECK_EQUAL(result->steps, 5);
    CHECK(strstr(result->reason, "cannot write") != NULL);
    result_free(result);
    config_free(config);
    errors_release(&errors);
    remove_folder();
}

/* ---- What cannot be resumed. ---- */

static void refused(const char *words, const char *expected)
{
    char line[512];
    snprintf(line, sizeof line, words, folder, folder);
    struct result *result = run_line(line, true);
    if (!strstr(result->reason, expected))
        fprintf(stderr, "\n%s: said \"%s\", should say \"%s\"\n", line, result->reason, expected);
    CHECK(strstr(result->reason, expected) != NULL);
    result_free(result);
}

/* Of a network with other layers all tensors differ; the first and how many are told. */
static void refused_in_few_words(void)
{
    char line[512];
    struct errors errors;
    errors_init(&errors);
    snprintf(line, sizeof line,
             "strategy=single steps=20 optimizer=adamw model=mlp:64-8-8-8-8-10 resume=%s/a.safetensors", folder);
    struct config *config = config_of(line, &errors);
    result_free(experiment_run(config, this_host(), (struct seat_range){0, 1}, (struct progress_hook){0}, &errors));
    CHECK_EQUAL(errors.count, 6);
    CHECK(errors.count && strstr(errors.messages[errors.count - 1], " more tensors differ, ") != NULL);
    config_free(config);
    errors_release(&errors);
}

static void what_does_not_fit_is_refused(void)
{
    make_folder();
    result_free(run("steps=10 optimizer=adamw save=%s/a.safetensors", folder));
    result_free(run("steps=10 optimizer=adamw save.state=off save=%s/b.safetensors", folder));
    refused("steps=20 resume=%s/a.safetensors", "has the state of optimizer adamw, not sgd");
    refused("steps=20 optimizer=adamw seed=2 resume=%s/a.safetensors", "the training has seed=1");
    refused("steps=10 optimizer=adamw resume=%s/a.safetensors", "none is left");
    refused("steps=20 optimizer=adamw resume=%s/b.safetensors", "b.state.safetensors");
    refused("steps=20 optimizer=adamw resume=%s/a.safetensors init=%s/a.safetensors",
            "init is given as well");
    refused("steps=20 optimizer=adamw init=%s/a.state.safetensors", "optimizer.exp_avg.0.");
    refused("steps=20 optimizer=adamw model=mlp:64-8-10 resume=%s/a.safetensors",
            "has a tensor '4.weight'");
    refused_in_few_words();
    refused("steps=20 optimizer=adamw math=off resume=%s/a.safetensors", "needs math=on");
    refused("steps=20 save=%s/a.state.safetensors", "give another name");
    result_free(run("steps=10 optimizer=adamw save.state=off save=%s/a.safetensors", folder));
    refused("steps=20 optimizer=adamw resume=%s/a.safetensors", "a.state.safetensors"); /* not the older weights' */
    char command[256];
    snprintf(command, sizeof command, "cp %s/b.safetensors %s/b.state.safetensors", folder, folder);
    CHECK_EQUAL(system(command), 0);
    refused("steps=20 optimizer=adamw resume=%s/b.safetensors", "is no state of a training");
    remove_folder();
}

SUITE("strategy: resume", TEST(every_strategy), TEST(every_optimizer), TEST(every_model),
      TEST(compressed_gradients),
      TEST(saved_under_one_resumed_under_another), TEST(rows_are_counted_on), TEST(an_interrupted_run_has_its_last_save),
      TEST(a_full_disk_ends_the_run), TEST(what_does_not_fit_is_refused));
