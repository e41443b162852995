/* A word that names no member is a slip, not a point that does not fit: it is found before a sweep
 * begins. */
#include "threadrack/base/memory.h"
#include "threadrack/clock/cost.h"
#include "threadrack/clock/netmodel.h"
#include "threadrack/clock/noise.h"
#include "threadrack/comm/algorithms.h"
#include "threadrack/comm/compressor.h"
#include "threadrack/data/partition.h"
#include "threadrack/experiment/sweep.h"
#include "threadrack/model/optimizer.h"
#include "threadrack/model/schedule.h"
#include "threadrack/model/model.h"
#include "threadrack/strategy/strategy.h"

#include <stdlib.h>
#include <string.h>

static void check_strategy(const char *text, const char *where, struct errors *errors)
{
    strategy_find(text, where, errors);
}

static void check_netmodel(const char *text, const char *where, struct errors *errors)
{
    netmodel_find(text, where, errors);
}

static void check_compute(const char *text, const char *where, struct errors *errors)
{
    cost_find(text, where, errors);
}

static void check_allreduce(const char *text, const char *where, struct errors *errors)
{
    algorithms_check("allreduce", text, where, errors);
}

static void check_mesh_order(const char *text, const char *where, struct errors *errors)
{
    struct mesh_order order;
    mesh_order_read(text, where, &order, errors);
}

static void check_allgather(const char *text, const char *where, struct errors *errors)
{
    algorithms_check("allgather", text, where, errors);
}

static void check_alltoall(const char *text, const char *where, struct errors *errors)
{
    algorithms_check("alltoall", text, where, errors);
}

static void check_reduce_scatter(const char *text, const char *where, struct errors *errors)
{
    algorithms_check("reduce_scatter", text, where, errors);
}

static void check_compressor(const char *text, const char *where, struct errors *errors)
{
    struct compressor compressor;
    compressor_parse(&compressor, text, where, errors);
}

static void check_partition(const char *text, const char *where, struct errors *errors)
{
    struct partition_spec spec;
    if (partition_parse(&spec, text, 0, where, errors))
        partition_spec_release(&spec);
}

static void check_noise(const char *text, const char *where, struct errors *errors)
{
    struct noise noise;
    noise_parse(&noise, text, 0, where, errors);
}

static void check_model(const char *text, const char *where, struct errors *errors)
{
    struct model_spec *spec = model_parse(text, where, errors);
    if (spec)
        model_spec_free(spec);
}

static void check_optimizer(const char *text, const char *where, struct errors *errors)
{
    struct optimizer_spec *spec = optimizer_parse(text, where, errors);
    if (spec)
        optimizer_spec_free(spec);
}

static void check_schedule(const char *text, const char *where, struct errors *errors)
{
    schedule_free(schedule_parse(text, where, errors));
}

static const struct family {
    const char *key;
    void (*check)(const char *text, const char *where, struct errors *errors);
} families[] = {
    {"strategy", check_strategy},   {"netmodel", check_netmodel}, {"compute", check_compute},
    {"allreduce", check_allreduce}, {"model", check_model},       {"optimizer", check_optimizer},
    {"outer", check_optimizer},     {"mesh.order", check_mesh_order},
    {"allreduce.data", check_allreduce}, {"allreduce.tensor", check_allreduce},
    {"allreduce.pipeline", check_allreduce},
    {"noise", check_noise},         {"allgather", check_allgather}, {"reduce_scatter", check_reduce_scatter},
    {"alltoall", check_alltoall}, {"compress", check_compressor},
    {"partition", check_partition},
    {"lr_schedule", check_schedule}, {"noise", check_noise},
};

/* The product of lists repeats words a lot; each is checked once. */
struct seen {
    const char **words;
    int count, room;
};

static bool is_new(struct seen *seen, const char *word)
{
    for (int i = 0; i < seen->count; i++)
        if (!strcmp(seen->words[i], word))
            return false;
    *vector_push(&seen->words, &seen->count, &seen->room) = word;
    return true;
}

static bool is_swept(const struct config *config, const char *key)
{
    for (int i = 0; i < config_swept_count(config); i++)
        if (!strcmp(config_swept_key(config, i), key))
            return true;
    return false;
}

void experiment_check_words(const struct config *config, struct errors *errors)
{
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (!is_swept(config, families[i].key) && config_is_set(config, families[i].key))
            families[i].check(config_text(config, families[i].key),
                              config_where(config, families[i].key), errors);
}

static void check_family(const struct sweep *sweep, const struct family *family,
                         struct errors *errors)
{
    struct seen seen = {0};
    for (int i = 0; i < sweep->count; i++) {
        const struct config *point = sweep->points[i].config;
        const char *word = config_text(point, family->key);
        if (config_is_set(point, family->key) && is_new(&seen, word))
            family->check(word, config_where(point, family->key), errors);
    }
    free(seen.words);
}

bool sweep_check_words(const struct sweep *sweep, struct errors *errors)
{
    int before = errors->count;
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        check_family(sweep, &families[i], errors);
    return errors->count == before;
}
