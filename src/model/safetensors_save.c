/* Writing safetensors: eight bytes of length, a JSON header, the tensors one after another. */
#include "checkpoint.h"
#include "optimizer.h"

#include "threadrack/base/replace.h"
#include "threadrack/base/text.h"

#include <inttypes.h>
#include <unistd.h>

/* What is written: the first sets of a checkpoint, with the progress where it has state. */
struct writing {
    const struct checkpoint *checkpoint;
    int sets;
    bool state;
};

static void add_metadata(struct text *header, const struct writing *writing)
{
    const struct progress *progress = &writing->checkpoint->progress;
    text_add(header, "{\"__metadata__\":{\"format\":\"pt\"");
    if (writing->state)
        text_add(header,
                 ",\"threadrack.optimizer\":\"%s\",\"threadrack.step\":\"%" PRIu64
                 "\",\"threadrack.rows\":\"%" PRIu64 "\",\"threadrack.seed\":\"%" PRIu64 "\"",
                 writing->checkpoint->optimizer->ops->name, progress->step, progress->rows,
                 progress->seed);
    text_add(header, "}");
}

static void add_tensor(struct text *header, const char *name, const struct tensor *tensor, size_t *at)
{
    char shape[96];
    size_t end = *at + tensor->count * sizeof(float);
    text_add(header, ",\"%s\":{\"dtype\":\"F32\",\"shape\":%s,\"data_offsets\":[%zu,%zu]}", name,
             tensor_shape_text(tensor, shape, sizeof shape), *at, end);
    *at = end;
}

/* A state is for us alone. */
static bool has_twin(const struct writing *writing)
{
    return !writing->state && writing->checkpoint->twin[0];
}

static struct text header_of(const struct writing *writing)
{
    const struct checkpoint *checkpoint = writing->checkpoint;
    struct text header = {0};
    size_t at = 0;
    char label[LABEL_ROOM];
    add_metadata(&header, writing);
    for (int n = 0; n < writing->sets * checkpoint->count; n++) {
        int set = n / checkpoint->count, i = n % checkpoint->count;
        add_tensor(&header, checkpoint_label(checkpoint, set, i, label), &checkpoint->tensors[i], &at);
    }
    if (has_twin(writing))
        add_tensor(&header, checkpoint->twin, &checkpoint->tensors[0], &at);
    text_add(&header, "}");
    while (header.length % 8)
        text_add(&header, " ");
    return header;
}

static bool write_all(FILE *stream, const void *context)
{
    const struct writing *writing = context;
    const struct checkpoint *checkpoint = writing->checkpoint;
    struct text header = header_of(writing);
    unsigned char length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)((uint64_t)header.length >> (8 * i));
    bool good = fwrite(length, 1, 8, stream) == 8 &&
                fwrite(header.bytes, 1, header.length, stream) == header.length;
    for (int n = 0; good && n < writing->sets * checkpoint->count; n++) {
        size_t count = checkpoint->tensors[n % checkpoint->count].count;
        good = fwrite(checkpoint->values[n], sizeof(float), count, stream) == count;
    }
    if (good && has_twin(writing))
        good = fwrite(checkpoint->values[0], sizeof(float), checkpoint->tensors[0].count, stream) ==
               checkpoint->tensors[0].count;
    text_release(&header);
    return good && !fflush(stream) && !fsync(fileno(stream));
}

bool checkpoint_save(const struct checkpoint *checkpoint, const char *path, struct errors *errors)
{
    return file_replace(path, write_all, &(struct writing){checkpoint, 1, false}, errors);
}

bool checkpoint_save_state(const struct checkpoint *checkpoint, const char *path,
                           struct errors *errors)
{
    return file_replace(path, write_all, &(struct writing){checkpoint, checkpoint->sets, true}, errors);
}
