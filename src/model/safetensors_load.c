/* Reading safetensors. The header's own faults end the reading; differences to the model are all
 * reported. */
#include "safetensors.h"

#include "threadrack/base/memory.h"

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

/* Whether the file's entry is the tensor that the model has. */
static bool check_tensor(struct reader *r, const struct tensor *tensor, uint64_t range[2])
{
    char expected[96];
    const json_t *entry = json_object_get(r->header, tensor->name);
    if (!entry)
        return safetensors_complain(r, "has no tensor '%s'", tensor->name);
    const char *type = json_string_value(json_object_get(entry, "dtype"));
    if (!type || strcmp(type, "F32"))
        return safetensors_complain(r, "tensor '%s': expected dtype F32, not %.20s", tensor->name,
                                    type ? type : "nothing");
    const json_t *shape = json_object_get(entry, "shape");
    if (!same_shape(tensor, shape)) {
        char *found = shape ? json_dumps(shape, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
        safetensors_complain(r, "tensor '%s': expected shape %s, not %.60s", tensor->name,
                             tensor_shape_text(tensor, expected, sizeof expected),
                             found ? found : "nothing");
        free(found);
        return false;
    }
    safetensors_numbers(json_object_get(entry, "data_offsets"), 2, range);
    return range[1] - range[0] == tensor->count * sizeof(float) ||
           safetensors_complain(r, "tensor '%s': %llu bytes are not %zu floats", tensor->name,
                                (unsigned long long)(range[1] - range[0]), tensor->count);
}

/* Tensors of the file that the model does not have. */
static bool check_strangers(struct reader *r)
{
    bool good = true;
    int count = r->checkpoint->count;
    const char **names = memory_zeroed((size_t)count, sizeof *names);
    for (int i = 0; i < count; i++)
        names[i] = r->checkpoint->tensors[i].name;
    for (int i = 0; i < r->count; i++) {
        int known = 0;
        while (known < count && strcmp(names[known], r->extents[i].name))
            known++;
        if (known == count)
            good = safetensors_complain(r, "has a tensor '%.40s' that the model has not",
                                        r->extents[i].name);
    }
    free(names);
    return good;
}

static bool read_tensor(struct reader *r, int i, bool wanted)
{
    const struct tensor *tensor = &r->checkpoint->tensors[i];
    uint64_t range[2];
    if (!check_tensor(r, tensor, range))
        return false;
    if (!wanted)
        return true;
    return (!fseeko(r->stream, (off_t)(r->data_at + range[0]), SEEK_SET) &&
            fread(r->checkpoint->values[i], sizeof(float), tensor->count, r->stream) == tensor->count) ||
           safetensors_complain(r, "tensor '%s' cannot be read: %s", tensor->name, strerror(errno));
}

bool checkpoint_load(struct checkpoint *checkpoint, const char *path, const char *where,
                     struct errors *errors)
{
    struct reader r = {.checkpoint = checkpoint, .path = path, .where = where, .errors = errors};
    bool good = safetensors_open(&r);
    if (good) {
        good = check_strangers(&r);
        for (int i = 0; i < checkpoint->count; i++)
            good &= read_tensor(&r, i, false);
        for (int i = 0; good && i < checkpoint->count; i++)
            good = read_tensor(&r, i, true);
    }
    safetensors_close(&r);
    return good;
}
