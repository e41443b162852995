/* How models and optimizers are named, and what is said when they are named wrongly. */
#include "tests/check.h"

#include "threadrack/model/optimizer.h"

static void refused(bool optimizer, const char *text, const char *expected)
{
    struct errors errors;
    errors_init(&errors);
    CHECK(optimizer ? !optimizer_parse(text, "optimizer", &errors)
                    : !model_parse(text, "model", &errors));
    CHECK(errors.count >= 1);
    if (errors.count && !strstr(errors.messages[0], expected)) {
        fprintf(stderr, "\n%s: said \"%s\", should say \"%s\"\n", text, errors.messages[0],
                expected);
        CU_FAIL("another message");
    }
    errors_release(&errors);
}

static void wrong_models(void)
{
    static const char *const networks[] = {"mlp",
                                           "mlp:",
                                           "mlp:64",
                                           "mlp:64-",
                                           "mlp:0-1",
                                           "mlp:64--1",
                                           "mlp:64-x-1",
                                           "mlp:64-12x0-1",
                                           "mlp:06-10",
                                           "mlp:64-99999999",
                                           "mlp:3-4x99999-2",
                                           "mlp:64-1e2-10",
                                           "mlp:a=3"};
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
        refused(false, networks[i], "model: ");
    refused(false, "mpl:64-10", "did you mean 'mlp'");
    refused(false, "mlp:64-10:rellu", "did you mean 'relu'");
    refused(false, "stages:0", "expected how many layers");
    refused(false, "stages", "expected how many layers");
    refused(false, "stages:4,forward=10", "forward=10");
    refused(false, "stages:4,foward=10us", "did you mean 'forward'");
}

static void wrong_optimizers(void)
{
    refused(true, "sdg", "did you mean 'sgd'");
    refused(true, "sgd:lr=x", "lr=x");
    refused(true, "sgd:lr=-1", "lr=-1");
    refused(true, "sgd:momentum=1", "from 0 to 0.999999");
    refused(true, "sgd:momentun=0.9", "did you mean 'momentum'");
    refused(true, "sgd:lr=nan", "lr=nan");
    refused(true, "sgd:nesterov=on", "needs a momentum");
    refused(true, "sgd:momentum=0.9,nesterov=1", "expected on or off");
    refused(true, "adamw:beta1=1", "from 0 to 0.999999");
    refused(true, "adamw:betal=0.9", "did you mean 'beta1'");
    refused(true, "adamw:0.1", "as in adamw:lr=0.001");
}

static void null_models(void)
{
    struct errors errors;
    errors_init(&errors);
    struct model_spec *spec = model_parse(
        "stages:4,forward=10us,backward_input=10us,backward_weight=10us,width=7", "model", &errors);
    errors_print(&errors, stderr);
    CHECK_FATAL(spec != NULL);
    CHECK_EQUAL(model_input_width(spec), 0);
    CHECK_EQUAL(model_output_width(spec), 7);
    CHECK_EQUAL(model_parameter_count(spec), 0);
    CHECK_EQUAL(model_most_stages(spec), 4);
    CHECK(model_fits(spec, 4, 3, &errors));
    struct rank *self = rank_observer();
    struct share rows = {0, 2};
    struct model *model = model_create(self, spec, (struct model_place){.stage = 1, .stages = 2, .tensor = 0, .tensors = 1}, 2, 2, true,
                                       (struct model_hooks){0});
    CHECK_EQUAL(model->part_count, 2);
    model_forward(self, model, rows);
    CHECK_NEAR(model_loss(self, model, rows, NULL, 1), 0, 0);
    model_backward(self, model, rows, true, true);
    CHECK(model_input(model, rows) && model_input_gradient(model, rows));
    model_free(model);
    rank_observer_free(self);
    model_spec_free(spec);
}

SUITE("model: words", TEST(wrong_models), TEST(wrong_optimizers), TEST(null_models));
