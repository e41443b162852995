/* Checkpoints: what is saved is what is loaded, and whatever is wrong with a file is said. */
#include "tests/check.h"

#include "threadrack/math/math.h"
#include "threadrack/model/checkpoint.h"

#include <stdlib.h>
#include <unistd.h>

static char path[64];

static struct model_spec *small_spec(void)
{
    struct errors errors;
    errors_init(&errors);
    CHECK_FATAL(math_start("auto", &errors));
    snprintf(path, sizeof path, "/tmp/threadrack-model-%d.safetensors", (int)getpid());
    return model_parse("mlp:2-3-1", "model", &errors);
}

static void write_file(const char *header, size_t length, size_t data_bytes)
{
    FILE *stream = fopen(path, "wb");
    CHECK_FATAL(stream != NULL);
    for (int i = 0; i < 8; i++)
        fputc((int)(length >> (8 * i)) & 255, stream);
    fputs(header, stream);
    for (size_t i = 0; i < data_bytes; i++)
        fputc(0, stream);
    fclose(stream);
}

static void round_trip(void)
{
    struct model_spec *spec = small_spec();
    struct errors errors;
    errors_init(&errors);
    struct rank *self = rank_observer();
    struct model *model = model_create(self, spec, (struct model_place){.stage = 0, .stages = 1, .tensor = 0, .tensors = 1}, 1, 1, false,
                                       (struct model_hooks){0});
    struct checkpoint *a = checkpoint_create(spec), *b = checkpoint_create(spec);
    model_init(model, 4);
    model->parameters[6] = -0.0f; /* a bias, to see that bits are kept */
    checkpoint_put(a, model);
    CHECK(checkpoint_save(a, path, &errors));
    CHECK(checkpoint_load(b, path, "init", &errors));
    errors_print(&errors, stderr);
    CHECK_EQUAL(checkpoint_tensor_count(b), 4);
    for (int i = 0; i < 4; i++) {
        const char *name;
        size_t count;
        const float *left = checkpoint_tensor(a, i, &name, &count);
        CHECK(!memcmp(left, checkpoint_tensor(b, i, &name, &count), count * sizeof(float)));
    }
    CHECK(!checkpoint_save(a, "/nowhere/at/all.safetensors", &errors));
    CHECK(strstr(errors.messages[0], "/nowhere/at/all.safetensors") != NULL);
    errors_release(&errors);
    unlink(path);
    checkpoint_free(a);
    checkpoint_free(b);
    model_free(model);
    rank_observer_free(self);
    model_spec_free(spec);
}

#define W0 "\"0.weight\":{\"dtype\":\"F32\",\"shape\":[3,2],\"data_offsets\":[0,24]}"
#define B0 "\"0.bias\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[24,36]}"
#define W2 "\"2.weight\":{\"dtype\":\"F32\",\"shape\":[1,3],\"data_offsets\":[36,48]}"
#define B2 "\"2.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[48,52]}"

static const struct {
    const char *header;
    size_t length, data_bytes; /* length 0: the header's own */
    const char *expected;
} cases[] = {
    {"{" W0 "," B0 "," W2 "," B2 "}", 0, 52, NULL},
    {"{\"__metadata__\":{\"format\":\"pt\"}," B2 "," W2 "," B0 "," W0 "}   ", 0, 52, NULL},
    {"{" W0 "," B0 "," W2 "," B2 "}", 0, 51, "is truncated: tensor '2.bias'"},
    {"{" W0 "," B0 "," W2 "," B2 "}", 0, 56, "has 4 bytes behind"},
    {"{" W0 "," B0 "," W2 "," B2 "}", 5000, 52, "would have 5000 bytes"},
    {"{" W0 "," B0 "," W2 "," B2 "}", (size_t)1 << 62, 52, "is truncated or no safetensors file"},
    {"{" W0 "," B0 "," W2 "," B2 "}", 40, 52, "not valid JSON"},
    {"", 0, 0, "would have 0 bytes"},
    {"[1,2,3]", 0, 0, "does not begin with '{'"},
    {"{}", 0, 0, "has no tensor '0.weight'"},
    {"{" W0 "," W0 "}", 0, 24, "not valid JSON"},
    {"{" W0 "," B0 "," W2 "}", 0, 48, "has no tensor '2.bias'"},
    {"{" W0 "," B0 "," W2 "," B2
     ",\"x\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[52,52]}}",
     0, 52, "has a tensor 'x'"},
    {"{" W0 "," B0 "," W2 ",\"2.bias\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[48,52]}}",
     0, 52, "expected dtype F32, not F16"},
    {"{" W0 "," B0 "," W2 ",\"2.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[48,52]}}",
     0, 52, "expected shape [1], not [2]"},
    {"{" W0 "," B0 "," W2
     ",\"2.bias\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[48,52]}}",
     0, 52, "expected shape [1], not [-1]"},
    {"{" W0 "," B0 "," W2 ",\"2.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[48,56]}}",
     0, 56, "8 bytes are not 1 floats"},
    {"{" W0 "," B0 "," W2 ",\"2.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[44,48]}}",
     0, 48, "overlaps another"},
    {"{" W0 "," B0 "," W2 ",\"2.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[52,56]}}",
     0, 56, "follows a gap"},
    {"{" W0 "," B0 "," W2 ",\"2.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[52,48]}}",
     0, 52, "expected data_offsets"},
    {"{" W0 "," B0 "," W2
     ",\"2.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[48.0,52]}}",
     0, 52, "expected data_offsets"},
    {"{" W0 "," B0 "," W2 ",\"2.bias\":7}", 0, 52, "expected data_offsets"},
};

static void wrong_files_are_refused(void)
{
    struct model_spec *spec = small_spec();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct errors errors;
        errors_init(&errors);
        struct checkpoint *checkpoint = checkpoint_create(spec);
        const char *header = cases[i].header, *expected = cases[i].expected;
        write_file(header, cases[i].length ? cases[i].length : strlen(header), cases[i].data_bytes);
        CHECK(checkpoint_load(checkpoint, path, "init", &errors) == !expected);
        if (expected && (!errors.count || !strstr(errors.messages[0], expected))) {
            fprintf(stderr, "\ncase %zu: said \"%s\", should say \"%s\"\n", i,
                    errors.count ? errors.messages[0] : "nothing", expected);
            CU_FAIL("another message");
        }
        errors_release(&errors);
        checkpoint_free(checkpoint);
    }
    unlink(path);
    model_spec_free(spec);
}

static void missing_and_tiny_files(void)
{
    struct model_spec *spec = small_spec();
    struct checkpoint *checkpoint = checkpoint_create(spec);
    struct errors errors;
    errors_init(&errors);
    CHECK(!checkpoint_load(checkpoint, "/nowhere.safetensors", "init", &errors));
    CHECK(!checkpoint_load(checkpoint, "/tmp", "init", &errors));
    CHECK(!checkpoint_load(checkpoint, "/dev/zero", "init", &errors));
    FILE *stream = fopen(path, "wb");
    fputs("abc", stream);
    fclose(stream);
    CHECK(!checkpoint_load(checkpoint, path, "init", &errors));
    CHECK_EQUAL(errors.count, 4);
    unlink(path);
    errors_release(&errors);
    checkpoint_free(checkpoint);
    model_spec_free(spec);
}

static void copy_sign(const void *context, size_t row, void *input, void *targets)
{
    (void)context;
    *(float *)input = row % 2 ? 2 : -2;
    *(int32_t *)targets = row < 75 ? !(row % 2) : row % 2;
}

/* A network that copies its input's sign cannot be wrong about it. */
static void evaluation_counts_right_answers(void)
{
    struct errors errors;
    errors_init(&errors);
    struct model_spec *spec = model_parse("mlp:1-2", "model", &errors);
    struct checkpoint *checkpoint = checkpoint_create(spec);
    const char *name;
    size_t count;
    float *weight = (float *)checkpoint_tensor(checkpoint, 0, &name, &count);
    weight[0] = -1;
    weight[1] = 1;
    struct evaluation seen = checkpoint_evaluate(
        checkpoint, (struct test_rows){.copy = copy_sign, .count = 300, .target_width = 1});
    CHECK_NEAR(seen.accuracy, 0.75, 1e-12);
    CHECK_NEAR(seen.loss, log(1 + exp(-4.0)) + 0.25 * 4, 1e-6);
    checkpoint_free(checkpoint);
    model_spec_free(spec);
}

/* A tied table under both of PyTorch's names; one of them is enough, but they must be one. */
static void a_tied_table_has_two_names(void)
{
    static const char *const gpt = "gpt:layers=1,heads=1,width=4,context=2,vocabulary=8,tied";
    struct errors errors;
    errors_init(&errors);
    model_spec_free(small_spec()); /* for the path */
    struct model_spec *spec = model_parse(gpt, "model", &errors);
    CHECK_FATAL(spec != NULL);
    struct checkpoint *a = checkpoint_create(spec), *b = checkpoint_create(spec);
    const char *name;
    size_t count;
    float *table = (float *)checkpoint_tensor(a, 0, &name, &count), *read = (float *)checkpoint_tensor(b, 0, &name, &count);
    CHECK_TEXT(name, "transformer.wte.weight");
    for (size_t i = 0; i < count; i++)
        table[i] = (float)i - 3;
    CHECK(checkpoint_save(a, path, &errors));
    CHECK(checkpoint_load(b, path, "init", &errors) && !memcmp(table, read, count * sizeof *table));
    FILE *stream = fopen(path, "r+b");
    char header[1 << 14];
    size_t length = fread(header, 1, sizeof header - 1, stream);
    CHECK(memmem(header, length, "\"lm_head.weight\":{", 18) != NULL);
    fseek(stream, -4, SEEK_END); /* the twin's last value */
    fwrite("\0\0\0\0", 1, 4, stream);
    fclose(stream);
    CHECK(!checkpoint_load(b, path, "init", &errors));
    CHECK(errors.count && strstr(errors.messages[0], "'lm_head.weight' is not 'transformer.wte.weight'"));
    errors_release(&errors);
    unlink(path);
    checkpoint_free(a);
    checkpoint_free(b);
    model_spec_free(spec);
}

SUITE("model: checkpoints", TEST(round_trip), TEST(a_tied_table_has_two_names), TEST(wrong_files_are_refused),
      TEST(missing_and_tiny_files), TEST(evaluation_counts_right_answers));
