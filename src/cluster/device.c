#include "threadrack/cluster/device.h"

#include "threadrack/base/text.h"

#include <math.h>
#include <string.h>

const char *const precision_names[PRECISIONS] = {"fp32", "tf32", "bf16", "fp16", "fp8"};
enum { FP32, TF32, BF16, FP16, FP8 };

#define DEVICE(name, summary, fp32, tf32, bf16, fp16, fp8, bandwidth, memory)                      \
    {#name, summary, {fp32, tf32, bf16, fp16, fp8}, bandwidth, memory},
const struct device_preset device_presets[] = {
#include "device.def"
    {0}};
#undef DEVICE

static uint64_t add_rate(const struct config *config, uint64_t memory_bandwidth_Bps)
{
    enum { AUTO, FREE };
    switch (config_choice(config, "cluster.device.add_bandwidth")) {
    case AUTO:
        return memory_bandwidth_Bps / 3 ? memory_bandwidth_Bps / 3 : 1;
    case FREE:
        return 0;
    default:
        return config_whole(config, "cluster.device.add_bandwidth");
    }
}

/* What such devices train in: bf16, else fp16, else fp32. */
static int usual_precision(const struct device_preset *preset)
{
    static const int order[] = {BF16, FP16, FP32};
    for (int i = 0; i < 3; i++)
        if (preset->peak_Gflops[order[i]])
            return order[i];
    BUG("device %s computes nothing", preset->name);
}

static bool say_precision(const char *where, const struct device_preset *preset,
                          const char *precision, struct errors *errors)
{
    struct text has = {0};
    for (int p = 0; p < PRECISIONS; p++)
        if (preset->peak_Gflops[p])
            text_add(&has, "%s%s", has.length ? ", " : "", precision_names[p]);
    errors_add(errors, "%s: device %s has no %s arithmetic; it has %s",
               where, preset->name, precision, has.bytes);
    text_release(&has);
    return false;
}

/* Whether the key's own value goes before the preset's. */
static bool overrides(const struct config *config, const char *key)
{
    return config_is_given(config, key) &&
           config_source(config, key) >= config_source(config, "cluster.device");
}

static int precision_of(const struct config *config, const struct device_preset *preset)
{
    return config_is_set(config, "cluster.device.precision")
               ? config_choice(config, "cluster.device.precision")
               : usual_precision(preset);
}

const char *device_precision(const struct config *config)
{
    int preset = config_choice(config, "cluster.device");
    if (preset < 0 || overrides(config, "cluster.device.flops"))
        return NULL;
    return precision_names[precision_of(config, &device_presets[preset])];
}

bool device_check_precision(const struct config *config, const char *name, const char *where,
                            struct errors *errors)
{
    int preset = config_choice(config, "cluster.device");
    if (!device_precision(config) || config_is_set(config, "cluster.device.precision"))
        return true;
    for (int p = 0; p < PRECISIONS; p++)
        if (!strcmp(precision_names[p], name) && device_presets[preset].peak_Gflops[p])
            return true;
    return say_precision(where, &device_presets[preset], name, errors);
}

static bool apply(const struct config *config, const struct device_preset *preset,
                  struct device *device, struct errors *errors)
{
    int precision = precision_of(config, preset);
    double efficiency = config_real(config, "cluster.device.efficiency");
    if (!preset->peak_Gflops[precision])
        return say_precision(config_where(config, "cluster.device.precision"), preset,
                             precision_names[precision], errors);
    if (!overrides(config, "cluster.device.flops"))
        device->flops = (uint64_t)llround((double)preset->peak_Gflops[precision] * 1e9 * efficiency);
    if (!overrides(config, "cluster.device.memory_bandwidth"))
        device->memory_bandwidth_Bps = preset->memory_bandwidth_Bps;
    if (!overrides(config, "cluster.device.memory"))
        device->memory_bytes = preset->memory_bytes;
    return true;
}

/* Keys that only choose among a preset's numbers. */
static bool check_preset_keys(const struct config *config, struct errors *errors)
{
    static const char *const keys[] = {"cluster.device.precision", "cluster.device.efficiency"};
    bool good = true;
    for (int i = 0; i < 2; i++)
        if (config_is_given(config, keys[i]))
            good = errors_add(errors, "%s: %s has no effect without a preset such as "
                              "cluster.device=h100 (threadrack list devices)",
                              config_where(config, keys[i]), keys[i]);
    return good;
}

bool device_read(const struct config *config, struct device *device, struct errors *errors)
{
    int preset = config_choice(config, "cluster.device");
    *device = (struct device){
        .flops = config_whole(config, "cluster.device.flops"),
        .memory_bandwidth_Bps = config_whole(config, "cluster.device.memory_bandwidth"),
        .memory_bytes = config_whole(config, "cluster.device.memory"),
        .launch_ps = config_whole(config, "cluster.device.launch"),
        .speed = 1,
    };
    bool good = preset < 0 ? check_preset_keys(config, errors)
                           : apply(config, &device_presets[preset], device, errors);
    device->add_Bps = add_rate(config, device->memory_bandwidth_Bps);
    return good;
}
