/* Writing safetensors: eight bytes of length, a JSON header, the tensors one after another. */
#include "checkpoint.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct text header_of(const struct checkpoint *checkpoint)
{
    struct text header = {0};
    size_t at = 0;
    char shape[96];
    text_add(&header, "{\"__metadata__\":{\"format\":\"pt\"}");
    for (int i = 0; i < checkpoint->count; i++) {
        const struct tensor *tensor = &checkpoint->tensors[i];
        size_t end = at + tensor->count * sizeof(float);
        text_add(&header, ",\"%s\":{\"dtype\":\"F32\",\"shape\":%s,\"data_offsets\":[%zu,%zu]}",
                 tensor->name, tensor_shape_text(tensor, shape, sizeof shape), at, end);
        at = end;
    }
    text_add(&header, "}");
    while (header.length % 8)
        text_add(&header, " ");
    return header;
}

static bool write_all(FILE *stream, const struct checkpoint *checkpoint)
{
    struct text header = header_of(checkpoint);
    unsigned char length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)((uint64_t)header.length >> (8 * i));
    bool good = fwrite(length, 1, 8, stream) == 8 &&
                fwrite(header.bytes, 1, header.length, stream) == header.length;
    for (int i = 0; good && i < checkpoint->count; i++) {
        size_t count = checkpoint->tensors[i].count;
        good = fwrite(checkpoint->values[i], sizeof(float), count, stream) == count;
    }
    text_release(&header);
    return good;
}

bool checkpoint_save(const struct checkpoint *checkpoint, const char *path, struct errors *errors)
{
    char *beside = memory_text("%s.%d.part", path, (int)getpid());
    FILE *stream = fopen(beside, "wb");
    bool good = stream && write_all(stream, checkpoint);
    if (stream && fclose(stream))
        good = false;
    good = good && !rename(beside, path);
    if (!good) {
        errors_add_status(errors, STATUS_FAILED, "cannot write '%s': %s", path, strerror(errno));
        if (stream)
            unlink(beside);
    }
    free(beside);
    return good;
}
