/* What is asked for and comes to nothing in this run, or to more than is likely meant, though each setting is read:
 * averages behind the last step, rows that come many times a step, codes that save nothing. */
#include "saving.h"

#include <string.h>

static bool reads(const struct setup *setup, const char *key)
{
    return strstr(setup->strategy->options, key);
}

/* Whether a multiple of so many steps ends within the run's. */
static bool comes(const struct setup *setup, size_t every)
{
    uint64_t begun = setup->begun.step;
    return (begun + (uint64_t)setup->steps) / every > begun / every;
}

static void note_averages(const struct setup *setup, struct result *result)
{
    const struct local_plan *local = &setup->local;
    uint64_t last = setup->begun.step + (uint64_t)setup->steps;
    if (setup->nodes == 1)
        return;
    if (reads(setup, "local_steps") && !comes(setup, local->steps))
        result_note(result, "local_steps=%zu: the run ends with step %llu, before nodes average: none hears of "
                            "another", local->steps, (unsigned long long)last);
    else if (reads(setup, "across_steps") && !comes(setup, local->across) && setup->box < setup->nodes)
        result_note(result, "across_steps=%zu: the run ends with step %llu, before boxes average: none hears of "
                            "another", local->across, (unsigned long long)last);
}

/* As narrow as the numbers are. */
static void note_codes(const struct setup *setup, struct result *result)
{
    const struct compressor_ops *ops = setup->compressor.ops;
    bool narrow = ops != &compressor_none && !ops->words && !ops->low_rank;
    bool halves = setup->precision.bytes[NUMBER_GRADIENT] < setup->precision.bytes[NUMBER_FULL];
    if (narrow && halves && setup->strategy->spreads_data && mesh_holders(setup->shape) > 1)
        result_note(result, "compress=%s saves no byte under precision=%s, whose gradients have two already, and its "
                            "passes take time (precision.gradients=fp32 has something to compress)",
                    ops->name, config_text(setup->config, "precision"));
}

static void note_wraps(const struct setup *setup, struct result *result)
{
    const struct dataset *data = setup->dataset;
    if (data && setup->loader && !setup->strategy->has_server && setup->batch > data->train_rows)
        result_note(result, "a batch of %zu rows is more than the %zu training rows of data=%s: a step goes %.3g "
                            "times through them",
                    setup->batch, data->train_rows, config_text(setup->config, "data"),
                    (double)setup->batch / (double)data->train_rows);
}

static void note_file_name(const struct setup *setup, struct result *result)
{
    static const char ending[] = ".safetensors";
    const char *path = config_is_set(setup->config, "save") ? config_text(setup->config, "save") : ending;
    size_t length = strlen(path), own = strlen(ending);
    if (length < own || strcmp(path + length - own, ending))
        result_note(result, "save=%s: what is written is safetensors, whatever the name says: name it x.safetensors, "
                            "say", path);
}

void vain_notes(const struct setup *setup, struct result *result)
{
    note_averages(setup, result);
    note_codes(setup, result);
    note_wraps(setup, result);
    note_file_name(setup, result);
}
