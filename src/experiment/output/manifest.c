#include "manifest.h"

#include "threadrack/base/version.h"
#include "threadrack/math/math.h"

#include <stdlib.h>

static json_t *host_to_json(const struct host *host)
{
    return json_pack("{s:i, s:b, s:s, s:s}", "cores", host_core_count(host), "this_machine",
                     host_is_this_machine(host), "hwloc", host_hwloc_version(), "compiler",
                     THREADRACK_COMPILER);
}

/* Known only once a run has chosen its kernels. */
static json_t *blis_to_json(void)
{
    json_t *blis = json_object();
    json_object_set_new(blis, "version", cell_to_json(text(math_blis_version())));
    json_object_set_new(blis, "build", cell_to_json(text(math_blis_build())));
    json_object_set_new(blis, "kernel", cell_to_json(text(math_kernel())));
    return blis;
}

json_t *manifest_create(const struct sweep *sweep, char **arguments, const struct host *host)
{
    json_t *manifest = json_object(), *words = json_array(), *swept = json_array();
    for (char **word = arguments; *word; word++)
        json_array_append_new(words, json_string(*word));
    for (int i = 0; i < sweep->key_count; i++)
        json_array_append_new(swept, json_string(sweep->keys[i]));
    json_object_set_new(manifest, "threadrack", json_string(THREADRACK_VERSION));
    json_object_set_new(manifest, "command_line", words);
    json_object_set_new(manifest, "swept", swept);
    json_object_set_new(manifest, "host", host_to_json(host));
    return manifest;
}

static void add_setting(void *context, const struct setting *setting, const char *value,
                        enum source source)
{
    static const char *const sources[] = {"default", "cluster file", "experiment file",
                                          "command line"};
    json_t *entry = json_object();
    json_object_set_new(entry, "value", cell_to_json(text(value)));
    json_object_set_new(entry, "source", json_string(sources[source]));
    json_object_set_new(context, setting->key, entry);
}

static json_t *places_of(const struct result *result)
{
    json_t *nodes = json_array();
    for (int rank = 0; rank < result->nodes; rank++)
        json_array_append_new(nodes, json_integer(result->node_of[rank]));
    return nodes;
}

json_t *manifest_run(struct place place)
{
    const struct result *result = place.result;
    const struct config *point = place.sweep->points[place.index].config;
    json_t *run = json_object(), *notes = json_array(), *configuration = json_object();
    for (int i = 0; i < result->note_count; i++)
        json_array_append_new(notes, json_string(result->notes[i]));
    config_each(point, add_setting, configuration);
    if (result->node_of)
        json_object_set_new(run, "node_of_rank", places_of(result));
    json_object_set_new(run, "run", json_integer(place.index));
    json_object_set_new(run, "status", json_string(status_name(result->status)));
    json_object_set_new(run, "reason", cell_to_json(text(result->reason)));
    json_object_set_new(run, "seed", cell_to_json(text(asked_text(point, "seed"))));
    json_object_set_new(run, "kernel", cell_to_json(text(result->kernel)));
    json_object_set_new(run, "products", cell_to_json(text(result->products)));
    json_object_set_new(run, "wall_s", cell_to_json(real(result->wall_s)));
    json_object_set_new(run, "mailbox_bytes", cell_to_json(whole(result->mailbox_bytes)));
    json_object_set_new(run, "notes", notes);
    json_object_set_new(run, "configuration", configuration);
    return run;
}

json_t *manifest_point(const struct sweep *sweep, int index)
{
    json_t *run = json_object(), *configuration = json_object();
    config_each(sweep->points[index].config, add_setting, configuration);
    json_object_set_new(run, "run", json_integer(index));
    json_object_set_new(run, "configuration", configuration);
    return run;
}

void manifest_write(json_t *manifest, json_t *runs, struct text *out)
{
    json_object_set_new(manifest, "blis", blis_to_json());
    json_object_set_new(json_object_get(manifest, "host"), "peak_memory_bytes",
                        cell_to_json(whole(host_peak_memory_bytes())));
    json_object_set(manifest, "runs", runs);
    char *bytes = json_dumps(manifest, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
    if (bytes)
        text_add(out, "%s\n", bytes);
    free(bytes);
}
