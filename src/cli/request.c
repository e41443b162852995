#include "request.h"

#include "threadrack/base/memory.h"

#include "commands.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPTION_SEED = 256, OPTION_JSON, MOST_JOBS = 1024 };

static const struct argp_option options[] = {
    {"out", 'o', "DIR", 0, "Write the results as CSV files, and manifest.json, into DIR", 0},
    {"jobs", 'j', "N", 0, "Runs of a sweep at once, each on cores of its own (1)", 0},
    {"json", OPTION_JSON, NULL, 0, "Print results as JSON", 0},
    {"quiet", 'q', NULL, 0, "No progress", 0},
    {0},
};

static const struct argp_option word_options[] = {
    {"seed", OPTION_SEED, "N", 0, "The same as seed=N", 0},
    {0},
};

static error_t parse_word(int key, char *argument, struct argp_state *state)
{
    struct request *request = state->input;
    if (key != OPTION_SEED)
        return ARGP_ERR_UNKNOWN;
    if (request->seed)
        argp_error(state, "--seed is given twice");
    request->seed = memory_text("seed=%s", argument);
    *vector_push(&request->words, &request->word_count, &request->word_room) = request->seed;
    return 0;
}

static const struct argp_child word_children[] = {{&help_argp, 0, NULL, 0}, {0}};
const struct argp request_words_argp = {.options = word_options, .parser = parse_word, .children = word_children};

static int whole_number(const char *text, struct argp_state *state)
{
    char *end;
    long value = strtol(text, &end, 10);
    if (*end || end == text || value < 1 || value > MOST_JOBS)
        argp_error(state, "--jobs '%s': expected a whole number from 1 to %d", text, MOST_JOBS);
    return (int)value;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct request *request = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        request_share(state, 1);
        return 0;
    case 'o':
        request->out = argument;
        if (!*argument)
            argp_error(state, "--out: expected the name of a folder");
        return 0;
    case 'j':
        request->jobs = whole_number(argument, state);
        return 0;
    case OPTION_JSON:
        request->json = true;
        return 0;
    case 'q':
        request->quiet = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child children[] = {{&request_words_argp, 0, NULL, 0}, {0}};
const struct argp request_argp = {.options = options, .parser = parse, .children = children};

void request_share(struct argp_state *state, int count)
{
    for (int i = 0; i < count; i++)
        state->child_inputs[i] = state->input;
}

error_t request_take(struct request *request, char *word, struct argp_state *state)
{
    if (strchr(word, '='))
        *vector_push(&request->words, &request->word_count, &request->word_room) = word;
    else if (!strpbrk(word, "./") && access(word, F_OK))
        argp_error(state, "'%s': expected key=value, or an experiment file, and there is none of that name", word);
    else if (request->file)
        argp_error(state, "'%s': expected key=value, since '%s' is the experiment file", word,
                   request->file);
    else
        request->file = word;
    return 0;
}

void request_release(struct request *request)
{
    free(request->words);
    free(request->baselines);
    free(request->seed);
    *request = (struct request){0};
}

/* Whether one of the words of the text sets the key that the word sets. */
static bool is_replaced(const char *word, const char *words)
{
    size_t length = strcspn(word, "=") + 1;
    for (const char *at = words; at && *at; at += strspn(at, " ")) {
        if (!strncmp(at, word, length))
            return true;
        at += strcspn(at, " ");
    }
    return false;
}

static void take_words(struct config *config, const char *words, struct errors *errors)
{
    char *copy = memory_text("%s", words), *rest = copy, *word;
    while ((word = strsep(&rest, " ")))
        if (*word)
            config_set(config, word, errors);
    free(copy);
}

struct config *request_config(const struct request *request, const char *instead,
                              struct errors *errors)
{
    struct config *config = experiment_config();
    int before = errors->count;
    if (request->file)
        config_read(config, request->file, "", SOURCE_EXPERIMENT, errors);
    for (int i = 0; i < request->word_count; i++)
        if (!instead || !is_replaced(request->words[i], instead))
            config_set(config, request->words[i], errors);
    if (instead)
        take_words(config, instead, errors);
    experiment_check_words(config, errors); /* all that is wrong is said at once */
    if (errors->count == before)
        return config;
    config_free(config);
    return NULL;
}

static bool add_points(const struct request *request, const char *instead, struct sweep *sweep,
                       struct errors *errors)
{
    struct config *config = request_config(request, instead, errors);
    bool good = config && sweep_add(sweep, config, request->zip, errors);
    if (config)
        config_free(config);
    return good;
}

/* A baseline's keys are columns too, lest two rows look the same. */
static void add_keys(const char *words, struct sweep *sweep)
{
    char *copy = memory_text("%s", words), *rest = copy, *word;
    while ((word = strsep(&rest, " ")))
        if (*word) {
            word[strcspn(word, "=")] = 0;
            sweep_add_key(sweep, word);
        }
    free(copy);
}

bool request_sweep(const struct request *request, struct sweep *sweep, struct errors *errors)
{
    bool good = true;
    for (int i = 0; good && i < request->baseline_count; i++)
        good = add_points(request, request->baselines[i], sweep, errors);
    good = good && add_points(request, NULL, sweep, errors);
    for (int i = 0; good && i < request->baseline_count; i++)
        add_keys(request->baselines[i], sweep);
    return good;
}
