#include "commands.h"

#include "threadrack/experiment/experiment.h"
#include "threadrack/experiment/sample.h"

#include "request.h"

#include <stdlib.h>
#include <string.h>

enum { OPTION_PROMPT = 512, OPTION_LENGTH, OPTION_TEMPERATURE, MOST_LENGTH = 1000000 };

static const char doc[] =
    "Let a trained language model go on with a text. Of the settings it reads model, init (the weights "
    "that save= has written), seed and math.kernel."
    "\v"
    "Examples:\n"
    "  threadrack run model=gpt:layers=2,heads=4,width=64,context=32 data=devils-dictionary \\\n"
    "      optimizer=adamw:lr=0.003 batch=32 steps=500 save=/tmp/gpt.safetensors\n"
    "  threadrack sample model=gpt:layers=2,heads=4,width=64,context=32 init=/tmp/gpt.safetensors "
    "--prompt 'LOVE, n.'";

static const struct argp_option options[] = {
    {"prompt", OPTION_PROMPT, "TEXT", 0, "What it goes on with (a line's end)", 0},
    {"length", OPTION_LENGTH, "N", 0, "Bytes to add (300)", 0},
    {"temperature", OPTION_TEMPERATURE, "T", 0,
     "Divides the logits; 0: always the likeliest byte (0.8)", 0},
    {0},
};

struct sample_command {
    struct request request;
    struct sample_request sample;
};

static double number(const char *text, double least, double most, const char *option,
                     struct argp_state *state)
{
    char *end;
    double value = strtod(text, &end);
    if (*end || end == text || !(value >= least && value <= most))
        argp_error(state, "%s '%s': expected a number from %.15g to %.15g", option, text, least, most);
    return value;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct sample_command *command = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &command->request;
        return 0;
    case OPTION_PROMPT:
        command->sample.prompt = argument;
        return 0;
    case OPTION_LENGTH:
        command->sample.length = (size_t)number(argument, 1, MOST_LENGTH, "--length", state);
        return 0;
    case OPTION_TEMPERATURE:
        command->sample.temperature = number(argument, 0, 100, "--temperature", state);
        return 0;
    case ARGP_KEY_ARG:
        return request_take(&command->request, argument, state);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static bool is_read(const char *key)
{
    static const char *const keys[] = {"model", "init", "seed", "math.kernel"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!strcmp(key, keys[i]))
            return true;
    return false;
}

/* A file may be the one that trained the model, and say more. */
static void refuse_vain(void *errors, const struct setting *setting, const char *text, enum source source)
{
    if (source == SOURCE_COMMAND_LINE && !is_read(setting->key))
        errors_add(errors, "command line: %s=%s: a sample does not read '%s'; it reads model, init, seed and "
                           "math.kernel", setting->key, text, setting->key);
}

int command_sample(int count, char **arguments)
{
    const struct argp_child children[] = {{&request_words_argp, 0, NULL, 0}, {0}};
    const struct argp argp = {.options = options,
                              .parser = parse,
                              .args_doc = "[FILE.yaml] [key=value ...]",
                              .doc = doc,
                              .children = children};
    struct sample_command command = {
        .request = {.jobs = 1}, .sample = {.prompt = "\n", .length = 300, .temperature = 0.8}};
    struct errors errors;
    errors_init(&errors);
    argp_parse(&argp, count, arguments, 0, NULL, &command);
    struct config *config = request_config(&command.request, NULL, &errors);
    for (int i = 0; config && i < config_swept_count(config); i++)
        errors_add(&errors, "'%s' has several values: a sample is of one model",
                   config_swept_key(config, i));
    if (config)
        config_each(config, refuse_vain, &errors);
    bool good = config && !errors.count && sample_print(config, command.sample, stdout, &errors);
    int code = good ? EXIT_OK : complain(&errors);
    if (config)
        config_free(config);
    errors_release(&errors);
    request_release(&command.request);
    return code;
}
