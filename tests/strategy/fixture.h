/* Experiments from a line of words, for the tests of strategies: what was learned, and how long it
 * took. Run from the top of the source tree. */
#ifndef TESTS_STRATEGY_FIXTURE_H
#define TESTS_STRATEGY_FIXTURE_H

#include "tests/check.h"
#include "threadrack/cluster/cluster.h"
#include "threadrack/experiment/experiment.h"
#include "threadrack/model/checkpoint.h"
#include "threadrack/strategy/strategy.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* What follows "strategy=": its name, and words without which it is refused or says nothing. */
static inline const char *strategy_words(const struct strategy *strategy)
{
    static char words[128];
    if (strategy->has_server) {
        snprintf(words, sizeof words, "%s partition=iid", strategy->name);
        return words;
    }
    snprintf(words, sizeof words, "%s%s%s%s%s%s", strategy->name,
             strstr(strategy->options, "staleness") ? " staleness=0" : "",
             strstr(strategy->options, "backup") ? " backup=0" : "",
             strategy->updates_alone ? " local_steps=1" : "",
             strategy->updates_alone && strategy->runs_free ? " gossip.graph=full" : "",
             strategy->needs_boxes ? " box=2 across_steps=1" : "");
    return words;
}

/* A number of nodes, no more than those given, that the strategy can have. */
static inline int nodes_for(const struct strategy *strategy, int nodes)
{
    return !strcmp(strategy->name, "single") ? 1 : (strategy->has_server || strategy->serves_shares) && nodes < 2 ? 2 : nodes;
}

/* Opened once for a file's tests, in the main thread. */
static inline const struct host *this_host(void)
{
    static struct host *host;
    struct errors errors;
    errors_init(&errors);
    if (!host)
        host = host_open(&errors);
    errors_print(&errors, stderr);
    errors_release(&errors);
    CU_ASSERT_PTR_NOT_NULL_FATAL(host);
    return host;
}

static inline struct config *config_of(const char *line, struct errors *errors)
{
    struct config *config = experiment_config();
    char words[1024], *rest = words;
    snprintf(words, sizeof words, "%s", line);
    for (char *word; (word = strtok_r(rest, " ", &rest));)
        config_set(config, word, errors);
    if (!errors->count)
        cluster_read(config, errors);
    return config;
}

/* Runs the experiment of a line such as "strategy=data nodes=4"; says every message and fails where
 * it does not end so. */
static inline struct result *run_refused(const char *line, enum status wanted)
{
    struct errors errors;
    errors_init(&errors);
    struct config *config = config_of(line, &errors);
    const struct host *host = this_host();
    CHECK_EQUAL(errors.count, 0);
    struct result *result =
        experiment_run(config, host, (struct seat_range){0, host_core_count(host)},
                       (struct progress_hook){0}, &errors);
    if (result->status != wanted) {
        fprintf(stderr, "\n%s: is %s, should be %s\n", line, status_name(result->status),
                status_name(wanted));
        errors_print(&errors, stderr);
    }
    CHECK_EQUAL(result->status, wanted);
    CHECK(wanted == STATUS_OK || result->reason);
    errors_release(&errors);
    config_free(config);
    return result;
}

static inline struct result *run_line(const char *line, bool refusal)
{
    return run_refused(line, refusal ? STATUS_REFUSED : STATUS_OK);
}

/* The experiment of the line is refused by one message, which has the words in it. */
static inline void refuses(const char *line, const char *why)
{
    struct errors errors;
    errors_init(&errors);
    struct config *config = config_of(line, &errors);
    struct result *result = experiment_run(config, this_host(), (struct seat_range){0, 1},
                                           (struct progress_hook){0}, &errors);
    bool so = result->status == STATUS_REFUSED && errors.count == 1 && strstr(errors.messages[0], why);
    if (!so) {
        fprintf(stderr, "\n%s: is %s, should be refused by one message with \"%s\"\n", line,
                status_name(result->status), why);
        errors_print(&errors, stderr);
    }
    CHECK(so);
    result_free(result);
    config_free(config);
    errors_release(&errors);
}

__attribute__((format(printf, 1, 2))) static inline struct result *run(const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    return run_line(line, false);
}

/* ---- What was learned. ---- */

struct learned {
    struct result *result;
    struct checkpoint *weights;
};

/* What data=digits is, for models that depend on it. */
static const struct model_data digits = {.name = "digits",
                                         .width = 64,
                                         .channels = 1,
                                         .height = 8,
                                         .image_width = 8,
                                         .target_width = 1,
                                         .classes = 10};

static inline struct model_spec *spec_of(const char *model)
{
    struct errors errors;
    errors_init(&errors);
    struct model_spec *spec = model_parse(model, "model", &errors);
    if (spec && !model_is_bound(spec))
        CHECK(model_bind(spec, &digits, "model", &errors));
    errors_print(&errors, stderr);
    errors_release(&errors);
    CU_ASSERT_PTR_NOT_NULL_FATAL(spec);
    return spec;
}

static inline struct checkpoint *weights_in(const char *model, const char *path)
{
    struct errors errors;
    errors_init(&errors);
    struct model_spec *spec = spec_of(model);
    struct checkpoint *weights = checkpoint_create(spec);
    CHECK(checkpoint_load(weights, path, path, &errors));
    errors_print(&errors, stderr);
    errors_release(&errors);
    model_spec_free(spec);
    return weights;
}

/* Trains `model` as the line says, through a saved file. */
static inline struct learned learn(const char *model, const char *line)
{
    char path[] = "/tmp/threadrack-learned-XXXXXX", whole[1024];
    FILE *file = fdopen(mkstemp(path), "w");
    CHECK_FATAL(file != NULL);
    fclose(file);
    snprintf(whole, sizeof whole, "model=%s save=%s %s", model, path, line);
    struct learned learned = {.result = run_line(whole, false)};
    if (learned.result->status == STATUS_OK)
        learned.weights = weights_in(model, path);
    remove(path);
    snprintf(whole, sizeof whole, "%s.state.safetensors", path);
    remove(whole);
    return learned;
}

static inline void learned_release(struct learned learned)
{
    result_free(learned.result);
    if (learned.weights)
        checkpoint_free(learned.weights);
}

/* Relative to what they should be. */
static inline void losses_agree(const struct result *was, const struct result *should, double tolerance)
{
    CHECK_EQUAL(was->steps, should->steps);
    for (int i = 0; i < was->steps && i < should->steps; i++)
        CHECK(fabs(was->step[i].loss - should->step[i].loss) <= tolerance * should->step[i].loss);
}

/* To the bit. */
static inline void weights_are_the_same(const struct learned *was, const struct learned *should)
{
    CHECK_FATAL(was->weights && should->weights);
    for (int i = 0; i < checkpoint_tensor_count(should->weights); i++) {
        const char *name;
        size_t count;
        const float *values = checkpoint_tensor(should->weights, i, &name, &count);
        CHECK(!memcmp(values, checkpoint_tensor(was->weights, i, &name, &count),
                      count * sizeof *values));
    }
}

/* Losses and weights are the same, to the bit. */
static inline void same_learned(const struct learned *was, const struct learned *should)
{
    losses_agree(was->result, should->result, 0);
    weights_are_the_same(was, should);
}

/* How far apart two tensors are: max|a - b|, and max|b|. */
struct apart {
    double difference, largest;
};

static inline struct apart tensors_apart(const struct checkpoint *a, const struct checkpoint *b,
                                         int tensor, const char **name)
{
    size_t count;
    struct apart apart = {0};
    const float *was = checkpoint_tensor(a, tensor, name, &count);
    const float *should = checkpoint_tensor(b, tensor, name, &count);
    for (size_t i = 0; i < count; i++) {
        double difference = fabs((double)was[i] - (double)should[i]);
        /* Not a number is as far apart as can be. */
        apart.difference = difference <= apart.difference ? apart.difference : difference;
        apart.largest = fmax(apart.largest, fabs((double)should[i]));
    }
    return apart;
}

#endif
