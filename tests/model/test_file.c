/* Networks from a file: what they are made of, and what is said when the file is wrong. */
#include "tests/check.h"

#include "threadrack/model/checkpoint.h"

#include <stdlib.h>
#include <unistd.h>

static const struct model_data images = {.name = "images",
                                         .width = 64,
                                         .channels = 1,
                                         .height = 8,
                                         .image_width = 8,
                                         .target_width = 1,
                                         .classes = 10};

static struct model_spec *spec_of(const char *yaml, struct errors *errors)
{
    char path[] = "/tmp/threadrack-model-XXXXXX", text[64];
    int file = mkstemp(path);
    CHECK_FATAL(file >= 0);
    CHECK_EQUAL(write(file, yaml, strlen(yaml)), (ssize_t)strlen(yaml));
    close(file);
    snprintf(text, sizeof text, "file:%s", path);
    struct model_spec *spec = model_parse(text, "model", errors);
    if (spec && !model_bind(spec, model_context(spec) ? NULL : &images, "model", errors)) {
        model_spec_free(spec);
        spec = NULL;
    }
    unlink(path);
    return spec;
}

/* `expected` begins with the place, behind the file's name. */
static void refused(const char *yaml, const char *expected)
{
    struct errors errors;
    errors_init(&errors);
    CHECK(!spec_of(yaml, &errors));
    CHECK_EQUAL(errors.count, 1);
    if (errors.count && !strstr(errors.messages[0], expected)) {
        fprintf(stderr, "\n%s: said \"%s\", should say \"%s\"\n", yaml, errors.messages[0],
                expected);
        CU_FAIL("another message");
    }
    errors_release(&errors);
}

static void wrong_files(void)
{
    refused("", "the file is empty");
    refused("- relu\n", ":1:1: expected a mapping with `layers`");
    refused("loss: cross_entropy\n", ":1:1: the model has no `layers`");
    refused("layers: relu\n", ":1:9: layers: expected a list");
    refused("layers: []\n", ":1:9: layers: expected a list");
    refused("layrs: [relu]\nlayers: [relu]\n",
            ":1:1: a model has no 'layrs'; it has input, context, loss and layers; did you mean "
            "'layers'?");
    refused("layers: [flatten, liner: 3]\n", ":1:19: no layer is called 'liner'");
    refused("layers:\n  - flatten\n  - linear: {ot: 3, out: 3}\n",
            ":3:14: linear has no option 'ot'; did you mean 'out'?");
    refused("layers:\n  - flatten\n  - linear\n", ":3:5: linear needs out, as in `linear: {out: 8}`");
    refused("layers: [conv: {channels: many}]\n", ":1:27: channels: expected a whole number");
    refused("layers: [conv: {channels: 0}]\n", "channels: expected a whole number from 1");
    refused("layers: [flatten, linear: -3]\n", "out: expected a whole number from 1");
    refused("layers: [flatten, linear: [3]]\n", ":1:27: expected a value or a mapping of options");
    refused("layers: [flatten, linear: {out: 3, bias: maybe}]\n", "bias: expected on or off");
    refused("input: tokens\ncontext: 4\nlayers: [embedding: 6, linear: {out: 127, bias: off, tied: on}]\n",
            ":3:24: linear: tied: expected an embedding as the first layer");
    refused("input: tokens\ncontext: 4\nlayers: [embedding: 6, linear: {out: 128, tied: on}]\n", "and bias: off");
    refused("layers: [flatten, linear: {out: 8, bias: off, tied: on}]\n", "expected an embedding");
    refused("input: tokens\ncontext: 4\nlayers: [embedding: 6, linear: {out: 128, bias: off, tied: on}, relu]\n",
            "the layer before it is tied, and must be the last");
    refused("layers: [relu: 3]\n", "no layer is called 'relu'");
    refused("layers: [max_pool: 3]\n", ":1:20: max_pool takes no value");
    refused("layers: [flatten, activation: swish]\n", ":1:31: 'swish' is no activation");
    refused("layers: [{flatten: , relu: }]\n", ":1:10: expected a layer");
    refused("layers: [[relu]]\n", ":1:10: expected a layer");
    refused("layers: [repeat: 3]\n", ":1:10: repeat needs times and layers");
    refused("layers: [repeat: {times: 2, layers: [norm], at: 3}]\n", "repeat has no option 'at'");
    refused("layers: [repeat: {times: 70000, layers: [norm]}]\n", ":1:26: times: expected");
    refused("layers: [flatten, repeat: {times: 40000, layers: [relu, norm]}]\n",
            "more than 65536 layers");
    refused("loss: hinge\nlayers: [flatten]\n", ":1:7: loss: expected cross_entropy or squared_error");
    refused("input: 8x8\nlayers: [flatten]\n", ":1:8: input: expected an image such as 3x32x32");
    refused("input: tokens\nlayers: [norm]\n", "`input: tokens` and `context`");
    refused("context: 4\nlayers: [norm]\n", "`input: tokens` and `context`");
    refused("input: tokens\ncontext: 4\nlayers: [norm]\n", ":3:10: norm: tokens come in");
    refused("input: tokens\ncontext: 4\nlayers: [embedding: 6, attention: 4]\n",
            ":3:24: attention: 4 heads do not divide a width of 6");
    refused("layers: [linear: 3]\n", ":1:10: linear: an image of 1 channels comes in: flatten it");
    refused("layers: [flatten, feed_forward: {hidden: 3, dropout: 1}]\n",
            ":1:19: feed_forward: a dropout of 1 leaves nothing: expected a share from 0 to below 1");
    refused("layers: [flatten, feed_forward: {hidden: 3, dropout: -1}]\n", "dropout: expected a number from 0");
    refused("layers: [flatten, linear: {out: 3, dropout: 0.1}]\n", "linear has no option 'dropout'");
    refused("layers: [flatten, conv: 3]\n", ":1:19: conv: no image comes in");
    refused("layers: [conv: {channels: 3, kernel: 11, padding: 1}]\n",
            ":1:10: conv: a kernel of 11x11 with padding 1 does not fit an image of 8x8");
    refused("layers: [max_pool, max_pool, max_pool, max_pool]\n",
            ":1:40: max_pool: an image of 1x1 is too small");
    refused("layers: [flatten, embedding: 3]\n", "embedding: real values come in");
    refused("layers: [flatten, linear: 3]\n", "the model has 3 outputs, but data set images has 10");
    refused("input: 65\nlayers: [linear: 10]\n", "the model takes 65 inputs");
}

static void is_made_of(const char *yaml, const char *const *names, int count)
{
    struct errors errors;
    errors_init(&errors);
    struct model_spec *spec = spec_of(yaml, &errors);
    errors_print(&errors, stderr);
    CHECK_FATAL(spec != NULL);
    struct checkpoint *checkpoint = checkpoint_create(spec);
    CHECK_EQUAL(checkpoint_tensor_count(checkpoint), count);
    for (int i = 0; i < count && i < checkpoint_tensor_count(checkpoint); i++) {
        const char *name;
        size_t elements;
        checkpoint_tensor(checkpoint, i, &name, &elements);
        CHECK(!strcmp(name, names[i]));
    }
    checkpoint_free(checkpoint);
    model_spec_free(spec);
}

#define MADE_OF(yaml, ...)                                                                         \
    is_made_of(yaml, (const char *const[]){__VA_ARGS__},                                           \
               (int)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)))

/* As nn.Sequential counts. */
static void tensors_are_named_by_their_place(void)
{
    MADE_OF("layers: [conv: 2, relu, max_pool, relu, flatten, linear: {out: classes, bias: off}]\n",
            "0.weight", "0.bias", "5.weight");
    MADE_OF("layers: [flatten, repeat: {times: 2, layers: [norm, relu]}, linear: 12]\n", "1.weight",
            "1.bias", "3.weight", "3.bias", "5.weight", "5.bias");
    MADE_OF("input: tokens\ncontext: 4\nlayers: [embedding: {width: 6}, feed_forward: 3, linear: 128]\n",
            "0.wte.weight", "0.wpe.weight", "1.ln_2.weight", "1.ln_2.bias", "1.mlp.c_fc.weight",
            "1.mlp.c_fc.bias", "1.mlp.c_proj.weight", "1.mlp.c_proj.bias", "2.weight", "2.bias");
    MADE_OF("input: tokens\ncontext: 4\nlayers: [embedding: 6, norm, linear: {out: 128, bias: off, tied: on}]\n",
            "0.wte.weight", "0.wpe.weight", "1.weight", "1.bias");
}

/* Run from the top of the source tree. */
static void examples_are_good(void)
{
    static const char *const texts[] = {"file:src/model/files/cnn.yaml", "file:src/model/files/transformer.yaml"};
    static const struct model_data text = {
        .name = "text", .width = 32, .vocabulary = 128, .target_width = 32, .classes = 128};
    for (int i = 0; i < 2; i++) {
        struct errors errors;
        errors_init(&errors);
        struct model_spec *spec = model_parse(texts[i], "model", &errors);
        CHECK(spec && model_bind(spec, i ? &text : &images, "model", &errors));
        CHECK(spec && model_parameter_count(spec) > 1000);
        errors_print(&errors, stderr);
        model_spec_free(spec);
    }
}

SUITE("model: files", TEST(wrong_files), TEST(tensors_are_named_by_their_place),
      TEST(examples_are_good));
