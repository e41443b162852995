/* Mixed precision, in the accounting: what numbers cost in memory, on links and in time. Frameworks compute in
 * the narrow type; here the maths is fp32 whatever is asked for, and that is said. */
#include "inside.h"

#include "threadrack/cluster/device.h"

#include <string.h>

enum { HALF = 2, FULL = 4 };

struct precision precision_of(const struct config *config)
{
    bool narrow = config_choice(config, "precision") > 0;
    bool full_gradients = config_choice(config, "precision.gradients") == 1;
    return (struct precision){.bytes = {[NUMBER_FULL] = FULL,
                                        [NUMBER_VALUE] = narrow ? HALF : FULL,
                                        [NUMBER_GRADIENT] = narrow && !full_gradients ? HALF : FULL},
                              .masters = narrow};
}

bool precision_check(const struct setup *setup, struct errors *errors)
{
    const struct config *config = setup->config;
    const struct strategy *strategy = setup->strategy;
    const struct compressor_ops *compressor = setup->compressor.ops;
    const char *where = config_where(config, "precision"), *name = config_text(config, "precision");
    if (!setup->precision.masters)
        return true;
    if (strategy->updates_alone || strategy->serves_shares)
        return errors_add(errors, "%s: precision=%s is not accounted under strategy %s, whose nodes exchange "
                          "parameters and states of their own; give fp32, or strategy=single, data, tensor, "
                          "pipeline or hybrid", where, name, strategy->name);
    if (compressor->words || compressor->low_rank)
        return errors_add(errors, "%s: precision=%s does not go with compress=%s, whose payloads are made of "
                          "fp32; give fp32, or compress=none, fp16 or bf16", where, name, compressor->name);
    return device_check_precision(config, name, where, errors);
}

/* Of the nodes' rate, where it is not that of the numbers. */
static void note_rate(const struct setup *setup, struct result *result)
{
    const char *name = config_text(setup->config, "precision");
    const char *peak = device_precision(setup->config);
    bool measured = !setup->cost->duration, narrow = setup->precision.masters;
    if (measured && narrow)
        result_note(result, "compute=%s times this host's fp32 maths, whatever precision=%s would take",
                    setup->cost->name, name);
    else if (!peak && narrow)
        result_note(result, "precision=%s: computing is costed at cluster.device.flops, which is taken as the "
                            "nodes' rate in %s", name, name);
    else if (peak && strcmp(peak, name) && narrow)
        result_note(result, "precision=%s: computing is costed at the device's rate in %s "
                            "(cluster.device.precision)", name, peak);
    else if (peak && strcmp(peak, name) && strcmp(peak, "tf32") && !setup->goal)
        result_note(result, "computing is costed at the device's rate in %s, memory and messages in %s "
                            "(precision=bf16 accounts for all in one)", peak, name);
}

void precision_notes(const struct setup *setup, struct result *result)
{
    const char *name = config_text(setup->config, "precision");
    bool full_gradients = setup->precision.bytes[NUMBER_GRADIENT] == FULL;
    note_rate(setup, result);
    if (!setup->precision.masters || setup->goal)
        return;
    result_note(result, "precision=%s: accounted in %s, %s: parameters and activations count 2 bytes in "
                        "memory, on links and in costs, gradients %d; master parameters, optimizer state, "
                        "norms' statistics and logits 4",
                name, name, setup->real ? "computed in fp32" : "nothing is computed",
                full_gradients ? FULL : HALF);
    if (!strcmp(name, "fp16"))
        result_note(result, "precision=fp16: the scaling of the loss, and the passes that look for overflow, "
                            "are not accounted");
}
