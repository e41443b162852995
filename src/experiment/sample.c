#include "threadrack/experiment/sample.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/philox.h"
#include "threadrack/math/math.h"
#include "threadrack/model/checkpoint.h"

#include <stdlib.h>
#include <string.h>

static size_t vocabulary_of(const struct model_spec *spec)
{
    return model_output_width(spec) / model_target_width(spec);
}

static bool takes_text(const struct model_spec *spec, const struct config *point,
                       struct errors *errors)
{
    const char *where = config_where(point, "model");
    if (!model_context(spec))
        return errors_add(errors, "%s: only a model of tokens goes on with a text, such as "
                                  "gpt:layers=2,heads=4,width=64,context=32", where);
    if (!model_bind((struct model_spec *)spec, NULL, where, errors))
        return false;
    return config_is_set(point, "init") ||
           errors_add(errors, "%s: give init=FILE, the weights that save=FILE has written", where);
}

static bool check_prompt(const char *prompt, size_t vocabulary, struct errors *errors)
{
    for (const unsigned char *c = (const unsigned char *)prompt; *c; c++)
        if (*c >= vocabulary)
            return errors_add(errors, "--prompt: the model knows the bytes 0 to %zu, and not %d",
                              vocabulary - 1, *c);
    return *prompt || errors_add(errors, "--prompt: expected a byte at least");
}

/* Bytes that a terminal might take for orders are shown as a dot. */
static void print(const int32_t *tokens, size_t count, FILE *stream)
{
    for (size_t i = 0; i < count; i++) {
        bool plain = (tokens[i] >= ' ' && tokens[i] != 127) || tokens[i] == '\n' || tokens[i] == '\t';
        fputc(plain ? tokens[i] : '.', stream);
    }
    fputc('\n', stream);
}

static void go_on(const struct config *point, struct sample_request request,
                  const struct checkpoint *weights, FILE *stream)
{
    size_t given = strlen(request.prompt), count = given + request.length;
    int32_t *tokens = memory_zeroed(count, sizeof *tokens);
    struct draw draw = {.seed = config_whole(point, "seed"), .purpose = PURPOSE_TEXT};
    for (size_t i = 0; i < given; i++)
        tokens[i] = (unsigned char)request.prompt[i];
    checkpoint_continue(weights, request.temperature, draw, tokens, given, count);
    print(tokens, count, stream);
    free(tokens);
}

bool sample_print(const struct config *point, struct sample_request request, FILE *stream,
                  struct errors *errors)
{
    const char *where = config_where(point, "model");
    struct model_spec *spec = model_parse(config_text(point, "model"), where, errors);
    struct checkpoint *weights = NULL;
    bool good = spec && takes_text(spec, point, errors) &&
                check_prompt(request.prompt, vocabulary_of(spec), errors) &&
                math_start(config_text(point, "math.kernel"), errors);
    if (good) {
        weights = checkpoint_create(spec);
        good = checkpoint_load(weights, config_text(point, "init"), config_where(point, "init"), errors);
    }
    if (good)
        go_on(point, request, weights, stream);
    checkpoint_free(weights);
    if (spec)
        model_spec_free(spec);
    return good;
}
