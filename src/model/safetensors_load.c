/* Reading safetensors. The header's own faults end the reading; of differences to the model the first
 * are reported, and how many there are. */
#include "optimizer.h"
#include "safetensors.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/units.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool same_shape(const struct tensor *tensor, const json_t *shape)
{
    uint64_t sizes[TENSOR_DIMENSIONS];
    if (!safetensors_numbers(shape, (size_t)tensor->dimensions, sizes))
        return false;
    for (int i = 0; i < tensor->dimensions; i++)
        if (sizes[i] != tensor->shape[i])
            return false;
    return true;
}

/* Whether the file's entry is the tensor that is wanted. */
static bool check_tensor(struct reader *r, const char *name, const struct tensor *tensor,
                         uint64_t range[2])
{
    char expected[96];
    const json_t *entry = json_object_get(r->header, name);
    if (!entry)
        return safetensors_complain(r, "has no tensor '%s'", name);
    const char *type = json_string_value(json_object_get(entry, "dtype"));
    if (!type || strcmp(type, "F32"))
        return safetensors_complain(r, "tensor '%s': expected dtype F32, not %.20s", name,
                                    type ? type : "nothing");
    const json_t *shape = json_object_get(entry, "shape");
    if (!same_shape(tensor, shape)) {
        char *found = shape ? json_dumps(shape, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
        safetensors_complain(r, "tensor '%s': expected shape %s, not %.60s", name,
                             tensor_shape_text(tensor, expected, sizeof expected),
                             found ? found : "nothing");
        free(found);
        return false;
    }
    safetensors_numbers(json_object_get(entry, "data_offsets"), 2, range);
    return range[1] - range[0] == tensor->count * sizeof(float) ||
           safetensors_complain(r, "tensor '%s': %llu bytes are not %zu floats", name,
                                (unsigned long long)(range[1] - range[0]), tensor->count);
}

/* See checkpoint.h; a file of weights has it or not. */
static bool takes_twin(const struct reader *r)
{
    return r->sets == 1 && r->checkpoint->twin[0] && json_object_get(r->header, r->checkpoint->twin);
}

/* Tensors of the file that nobody asks for. */
static bool check_strangers(struct reader *r)
{
    const struct checkpoint *checkpoint = r->checkpoint;
    char label[LABEL_ROOM];
    json_t *known = json_object();
    bool good = true;
    for (int set = 0; set < r->sets; set++)
        for (int i = 0; i < checkpoint->count; i++)
            json_object_set_new(known, checkpoint_label(checkpoint, set, i, label), json_null());
    if (takes_twin(r))
        json_object_set_new(known, checkpoint->twin, json_null());
    for (int i = 0; i < r->count; i++)
        if (!json_object_get(known, r->extents[i].name))
            good = safetensors_complain(r, "has a tensor '%.60s' that the model has not",
                                        r->extents[i].name);
    json_decref(known);
    return good;
}

/* Into `values`; NULL: it is only looked whether it is there. */
static bool read_values(struct reader *r, const char *name, const struct tensor *tensor, float *values)
{
    uint64_t range[2];
    if (!check_tensor(r, name, tensor, range))
        return false;
    if (!values)
        return true;
    return (!fseeko(r->stream, (off_t)(r->data_at + range[0]), SEEK_SET) &&
            fread(values, sizeof(float), tensor->count, r->stream) == tensor->count) ||
           safetensors_complain(r, "tensor '%s' cannot be read: %s", name, strerror(errno));
}

static bool read_tensor(struct reader *r, int set, int i, bool wanted)
{
    const struct checkpoint *checkpoint = r->checkpoint;
    char label[LABEL_ROOM];
    float *values = checkpoint->values[(size_t)set * (size_t)checkpoint->count + (size_t)i];
    return read_values(r, checkpoint_label(checkpoint, set, i, label), &checkpoint->tensors[i],
                       wanted ? values : NULL);
}

/* Two names of one tensor, so its values must be the same. */
static bool check_twin(struct reader *r)
{
    const struct checkpoint *checkpoint = r->checkpoint;
    const struct tensor *table = &checkpoint->tensors[0];
    char label[LABEL_ROOM];
    float *values = memory_zeroed(table->count, sizeof *values);
    bool good = read_values(r, checkpoint->twin, table, values) &&
                (!memcmp(values, checkpoint->values[0], table->count * sizeof *values) ||
                 safetensors_complain(r, "tensor '%s' is not '%s', to which the model ties it", checkpoint->twin,
                                      checkpoint_label(checkpoint, 0, 0, label)));
    free(values);
    return good;
}

static bool read_tensors(struct reader *r, bool wanted)
{
    bool good = true;
    for (int set = 0; set < r->sets; set++)
        for (int i = 0; i < r->checkpoint->count && (good || !wanted); i++)
            good &= read_tensor(r, set, i, wanted);
    return good;
}

/* A layer too many is a dozen tensors, each in every set. */
static void tell_the_rest(const struct reader *r)
{
    if (r->complaints > COMPLAINTS_TOLD)
        errors_add(r->errors, "%s: '%s': %d more tensors differ, %d in all: is it of another model (layers, "
                              "width)?", r->where, r->path, r->complaints - COMPLAINTS_TOLD, r->complaints);
}

static bool read_file(struct reader *r, bool (*check)(struct reader *r))
{
    bool good = safetensors_open(r) && (!check || check(r));
    if (good) {
        good = check_strangers(r);
        good = read_tensors(r, false) && good && read_tensors(r, true) && (!takes_twin(r) || check_twin(r));
    }
    tell_the_rest(r);
    safetensors_close(r);
    return good;
}

bool checkpoint_load(struct checkpoint *checkpoint, const char *path, const char *where,
                     struct errors *errors)
{
    return read_file(&(struct reader){.checkpoint = checkpoint,
                                      .sets = 1,
                                      .path = path,
                                      .where = where,
                                      .errors = errors},
                     NULL);
}

/* ---- Metadata of a training's state. ---- */

static const char *metadata(const struct reader *r, const char *key)
{
    return json_string_value(json_object_get(json_object_get(r->header, "__metadata__"), key));
}

static bool read_number(struct reader *r, const char *key, uint64_t *number)
{
    const char *text = metadata(r, key);
    struct quantity quantity;
    char why[128];
    if (!text || !units_parse(text, UNIT_COUNT, &quantity, why, sizeof why))
        return safetensors_complain(r, "its __metadata__ has no whole number %s", key);
    *number = quantity.whole;
    return true;
}

/* The progress, and whether the state is that of such an optimizer. */
static bool check_metadata(struct reader *r)
{
    struct progress *progress = &r->checkpoint->progress;
    const char *wanted = r->checkpoint->optimizer->ops->name;
    const char *found = metadata(r, "threadrack.optimizer");
    if (!found)
        return safetensors_complain(r, "is no state of a training (its __metadata__ names no "
                                       "threadrack.optimizer); weights alone are for init=");
    if (strcmp(found, wanted))
        return safetensors_complain(r, "has the state of optimizer %.20s, not %s", found, wanted);
    bool good = read_number(r, "threadrack.step", &progress->step);
    good &= read_number(r, "threadrack.rows", &progress->rows);
    good &= read_number(r, "threadrack.seed", &progress->seed);
    return good;
}

bool checkpoint_load_state(struct checkpoint *checkpoint, const char *path, const char *where,
                           struct errors *errors)
{
    return read_file(&(struct reader){.checkpoint = checkpoint,
                                      .sets = checkpoint->sets,
                                      .path = path,
                                      .where = where,
                                      .errors = errors},
                     check_metadata);
}
