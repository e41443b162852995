/* A word that names no member is a slip, not a point that does not fit: it is found before a sweep
 * begins. */
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
    {"allgather", check_allgather}, {"reduce_scatter", check_reduce_scatter},
    {"alltoall", check_alltoall}, {"compress", check_compressor},
    {"partition", check_partition},
    {"lr_schedule", check_schedule}, {"noise", check_noise},
};

/* On a command line `sgd:lr=0.1,nesterov` has two values, the second of which was meant as an option of the first. */
static bool may_be_option(const char *word, const char *before)
{
    return !strpbrk(word, ":=") && strchr(before, '=');
}

static void check_value(const struct config *config, const struct family *family, int i, struct errors *errors)
{
    struct errors own = {0};
    const char *word = config_value(config, family->key, i);
    const char *before = i ? config_value(config, family->key, i - 1) : "";
    family->check(word, config_value_where(config, family->key, i), &own);
    for (int e = 0; e < own.count; e++)
        if (may_be_option(word, before))
            errors_add(errors, "%s; or, as an option of '%s', it is written name=value", own.messages[e], before);
        else
            errors_add_status(errors, own.status, "%s", own.messages[e]);
    errors_release(&own);
}

bool experiment_check_words(const struct config *config, struct errors *errors)
{
    int before = errors->count;
    for (size_t f = 0; f < sizeof families / sizeof *families; f++)
        for (int i = 0; i < config_value_count(config, families[f].key); i++)
            check_value(config, &families[f], i, errors);
    return errors->count == before;
}
