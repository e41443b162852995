/* The file's elements, one by one: what each may say, and what it must. */
#include "program.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_MEMBERS = 1024, MOST_CHUNKS = 1 << 16, MOST_COUNT = 1 << 16 };

static const struct operation operations[] = {
    {"allreduce", "allreduce", "", ALL_CHUNKS, ALL_CHUNKS, ALL_CHUNKS, ALL_CHUNKS, false, false,
     ADDS},
    {"reduce_scatter", "reduce_scatter", "reducescatter", ALL_CHUNKS, OWN_BLOCK, ALL_CHUNKS,
     OWN_BLOCK, true, false, ADDS},
    {"allgather", "allgather", "", OWN_BLOCK, ALL_CHUNKS, OWN_BLOCK, ALL_CHUNKS, true, false,
     KEEPS},
    {"broadcast", "broadcast", "", NOTHING, ALL_CHUNKS, ALL_CHUNKS, ALL_CHUNKS, false, false,
     KEEPS},
    {"reduce", "reduce", "", ALL_CHUNKS, NOTHING, ALL_CHUNKS, ALL_CHUNKS, false, false, ADDS},
    {"gather", "gather", "", OWN_BLOCK, NOTHING, OWN_BLOCK, ALL_CHUNKS, true, false, KEEPS},
    {"scatter", "scatter", "", NOTHING, OWN_BLOCK, ALL_CHUNKS, OWN_BLOCK, true, false, KEEPS},
    {"alltoall", "alltoall", "", ALL_CHUNKS, ALL_CHUNKS, ALL_CHUNKS, ALL_CHUNKS, true, true,
     TRANSPOSES},
};
enum { OPERATIONS = sizeof operations / sizeof *operations };

/* Attributes by element, `!` before those that must be there. */
static const struct word {
    const char *element, *parent;
    const char *attributes[16];
} words[] = {
    {"algo",
     "",
     {"!ngpus", "!nchunksperloop", "!coll", "!inplace", "nchannels", "name", "proto", "outofplace",
      "minBytes", "maxBytes", "maxcount", "nthreadblocks"}},
    {"gpu", "algo", {"!id", "!i_chunks", "!o_chunks", "!s_chunks"}},
    {"tb", "gpu", {"!id", "!send", "!recv", "!chan"}},
    {"step",
     "tb",
     {"!s", "!type", "!srcbuf", "!srcoff", "!dstbuf", "!dstoff", "!cnt", "!depid", "!deps",
      "!hasdep"}},
};
enum { WORDS = sizeof words / sizeof *words };

static const struct type {
    const char *name;
    unsigned parts;
} types[] = {
    {"s", PART_READS | PART_SENDS},
    {"r", PART_RECEIVES | PART_STORES},
    {"rcs", PART_RECEIVES | PART_STORES | PART_SENDS},
    {"rrs", PART_RECEIVES | PART_ADDS | PART_READS | PART_SENDS},
    {"rrc", PART_RECEIVES | PART_ADDS | PART_READS | PART_STORES},
    {"rrcs", PART_RECEIVES | PART_ADDS | PART_READS | PART_STORES | PART_SENDS},
    {"cpy", PART_READS | PART_STORES},
    {"re", PART_READS | PART_ADDS | PART_STORES},
    {"nop", 0},
};
enum { TYPES = sizeof types / sizeof *types };

const struct operation *msccl_operation(const char *name)
{
    for (int i = 0; i < OPERATIONS; i++)
        if (!strcmp(operations[i].name, name))
            return &operations[i];
    return NULL;
}

bool msccl_say(struct errors *errors, const struct msccl *msccl, int line, int column,
               const char *format, ...)
{
    char what[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return errors_add(errors, "%s:%d:%d: %s", msccl->path, line, column, what);
}

/* What is being read, for the messages. */
struct reading {
    struct msccl *msccl;
    const struct element *element;
    struct errors *errors;
};

#define SAY(reading, ...)                                                                          \
    msccl_say((reading)->errors, (reading)->msccl, (reading)->element->line,                       \
              (reading)->element->column, __VA_ARGS__)

static struct reading at(const struct reading *reading, const struct element *element)
{
    return (struct reading){reading->msccl, element, reading->errors};
}

/* ---- Words. ---- */

static const char *text_of(const struct element *element, const char *name)
{
    for (int i = 0; i < element->attribute_count; i++)
        if (!strcmp(element->attributes[i].name, name))
            return element->attributes[i].value;
    return NULL;
}

static bool check_attributes(const struct reading *reading, const struct word *word)
{
    const struct element *element = reading->element;
    const char *known[16];
    int count = 0;
    bool good = true;
    for (; count < 16 && word->attributes[count]; count++) {
        const char *name = word->attributes[count];
        known[count] = name + (*name == '!');
        if (*name == '!' && !text_of(element, name + 1))
            good = SAY(reading, "<%s> has no attribute %s", word->element, name + 1);
    }
    for (int i = 0; i < element->attribute_count; i++) {
        bool found = false;
        for (int k = 0; k < count; k++)
            found |= !strcmp(element->attributes[i].name, known[k]);
        if (!found)
            good = SAY(reading, "<%s>: the attribute '%.40s' is not understood%s", word->element,
                       element->attributes[i].name,
                       text_suggestion(element->attributes[i].name, known, count));
    }
    return good;
}

/* That it is the element that is expected here. */
static bool check_element(const struct reading *reading, const char *expected)
{
    for (int i = 0; i < WORDS; i++)
        if (!strcmp(words[i].element, expected) && !strcmp(reading->element->name, expected))
            return check_attributes(reading, &words[i]);
    return SAY(reading, "<%.40s> is not understood here; expected <%s>", reading->element->name,
               expected);
}

/* The attribute as a whole number from `low` to `high`. */
static bool read_whole(const struct reading *reading, const char *name, int low, int high, int *out)
{
    const char *text = text_of(reading->element, name);
    char *end = NULL;
    long value = text && *text ? strtol(text, &end, 10) : 0;
    *out = (int)value;
    if (end && !*end && value >= low && value <= high)
        return true;
    return SAY(reading, "%s=\"%.40s\" is not a whole number from %d to %d", name, text ? text : "",
               low, high);
}

/* ---- Steps. ---- */

/* The first slot of `count` chunks from `offset` on in a buffer; false and a message. */
static bool read_slot(const struct reading *reading, int gpu_id, const char *which, int count,
                      int *slot)
{
    const struct msccl *msccl = reading->msccl;
    const struct operation *operation = msccl->operation;
    const struct gpu *gpu = &msccl->gpus[gpu_id];
    char name[8];
    int offset;
    snprintf(name, sizeof name, "%.3sbuf", which);
    const char *buffer = text_of(reading->element, name);
    if (strlen(buffer) != 1 || !strchr("ios", *buffer))
        return SAY(reading, "%s=\"%.40s\" is not one of the buffers i, o and s", name, buffer);
    snprintf(name, sizeof name, "%.3soff", which);
    if (!read_whole(reading, name, 0, MOST_CHUNKS, &offset))
        return false;
    bool output = *buffer == 'o';
    enum extent extent = output ? (gpu_id ? operation->output : operation->root_output)
                                : (gpu_id ? operation->input : operation->root_input);
    int declared = *buffer == 's' ? gpu->scratch_chunks
                   : output       ? gpu->output_chunks
                                  : gpu->input_chunks;
    int room = *buffer == 's'        ? declared
               : extent == OWN_BLOCK ? msccl->block_chunks
                                     : msccl->chunks;
    if (offset + count > declared || offset + count > room)
        return SAY(reading, "chunks %d to %d are outside buffer %s of gpu %d, which has %d", offset,
                   offset + count - 1, buffer, gpu_id, declared < room ? declared : room);
    if (*buffer == 's') {
        *slot = msccl->first_scratch + offset;
        return true;
    }
    int chunk = offset + (extent == OWN_BLOCK ? gpu_id * msccl->block_chunks : 0);
    *slot = output ? msccl_output_slot(msccl, chunk) : chunk;
    return true;
}

static const struct type *read_type(const struct reading *reading)
{
    const char *text = text_of(reading->element, "type"), *names[TYPES];
    for (int i = 0; i < TYPES; i++) {
        names[i] = types[i].name;
        if (!strcmp(text, types[i].name))
            return &types[i];
    }
    SAY(reading,
        "type=\"%.40s\" is not understood; types are s, r, rcs, rrs, rrc, rrcs, cpy, re, nop%s",
        text, text_suggestion(text, names, TYPES));
    return NULL;
}

static bool check_peers(const struct reading *reading, const struct block *block,
                        const struct type *type)
{
    if ((type->parts & PART_SENDS) && block->send < 0)
        return SAY(reading, "type=\"%s\" sends, but its threadblock has send=\"-1\"", type->name);
    if ((type->parts & PART_RECEIVES) && block->recv < 0)
        return SAY(reading, "type=\"%s\" receives, but its threadblock has recv=\"-1\"",
                   type->name);
    return true;
}

static bool read_step(const struct reading *reading, int gpu, struct block *block)
{
    int number, has_dependents;
    if (!check_element(reading, "step"))
        return false;
    const struct type *type = read_type(reading);
    struct line line = {
        .line = reading->element->line, .column = reading->element->column, .src = -1, .dst = -1};
    if (!type || !check_peers(reading, block, type) ||
        !read_whole(reading, "s", 0, MOST_COUNT, &number) ||
        !read_whole(reading, "cnt", type->parts ? 1 : 0, MOST_COUNT, &line.count) ||
        !read_whole(reading, "depid", -1, MOST_COUNT, &line.needs_tb) ||
        !read_whole(reading, "deps", -1, MOST_COUNT, &line.needs_step) ||
        !read_whole(reading, "hasdep", 0, 1, &has_dependents))
        return false;
    if (number != block->count)
        return SAY(reading, "s=\"%d\", but this is step %d of its threadblock", number,
                   block->count);
    line.parts = type->parts;
    line.has_dependents = has_dependents;
    if ((type->parts & PART_READS) && !read_slot(reading, gpu, "src", line.count, &line.src))
        return false;
    if ((type->parts & PART_STORES) && !read_slot(reading, gpu, "dst", line.count, &line.dst))
        return false;
    *vector_push(&block->lines, &block->count, &block->room) = line;
    return true;
}

/* ---- Threadblocks and gpus. ---- */

static bool is_taken(const struct gpu *gpu, const struct block *block)
{
    for (int i = 0; i < gpu->count; i++)
        if (gpu->blocks[i].channel == block->channel &&
            ((block->send >= 0 && gpu->blocks[i].send == block->send) ||
             (block->recv >= 0 && gpu->blocks[i].recv == block->recv)))
            return true;
    return false;
}

static bool read_block(const struct reading *reading, int id)
{
    struct msccl *msccl = reading->msccl;
    struct gpu *gpu = &msccl->gpus[id];
    struct block block = {.line = reading->element->line, .column = reading->element->column};
    int number;
    if (!check_element(reading, "tb") || !read_whole(reading, "id", 0, MOST_COUNT, &number) ||
        !read_whole(reading, "send", -1, msccl->members - 1, &block.send) ||
        !read_whole(reading, "recv", -1, msccl->members - 1, &block.recv) ||
        !read_whole(reading, "chan", 0, msccl->channels - 1, &block.channel))
        return false;
    if (number != gpu->count)
        return SAY(reading, "id=\"%d\", but this is threadblock %d of gpu %d", number, gpu->count,
                   id);
    if (block.send == id || block.recv == id)
        return SAY(reading, "gpu %d sends to itself or receives from itself", id);
    if (is_taken(gpu, &block))
        return SAY(reading,
                   "another threadblock of gpu %d sends to, or receives from, the same gpu on "
                   "channel %d",
                   id, block.channel);
    struct block *kept = vector_push(&gpu->blocks, &gpu->count, &gpu->room);
    *kept = block;
    bool good = true;
    for (int i = 0; good && i < reading->element->count; i++) {
        struct reading inner = at(reading, &reading->element->children[i]);
        good = read_step(&inner, id, kept);
    }
    return good;
}

/* What a gpu declares. */
static bool open_gpu(const struct reading *reading)
{
    struct msccl *msccl = reading->msccl;
    struct gpu found = {
        .line = reading->element->line, .column = reading->element->column, .there = true};
    int id;
    if (!check_element(reading, "gpu") || !read_whole(reading, "id", 0, msccl->members - 1, &id) ||
        !read_whole(reading, "i_chunks", 0, MOST_CHUNKS, &found.input_chunks) ||
        !read_whole(reading, "o_chunks", 0, MOST_CHUNKS, &found.output_chunks) ||
        !read_whole(reading, "s_chunks", 0, MOST_CHUNKS, &found.scratch_chunks))
        return false;
    if (msccl->gpus[id].there)
        return SAY(reading, "there is another gpu %d in line %d", id, msccl->gpus[id].line);
    msccl->gpus[id] = found;
    return true;
}

static bool read_gpus(const struct reading *reading)
{
    struct msccl *msccl = reading->msccl;
    const struct element *root = reading->element;
    int most = 0;
    for (int i = 0; i < root->count; i++) {
        struct reading inner = at(reading, &root->children[i]);
        if (!open_gpu(&inner))
            return false;
    }
    for (int i = 0; i < msccl->members; i++) {
        if (!msccl->gpus[i].there)
            return SAY(reading, "ngpus=\"%d\", but there is no gpu %d", msccl->members, i);
        if (msccl->gpus[i].scratch_chunks > most)
            most = msccl->gpus[i].scratch_chunks;
    }
    msccl->first_scratch = msccl->chunks * (1 + msccl->apart);
    msccl->first_temp = msccl->slots = msccl->first_scratch + most;
    for (int i = 0; i < root->count; i++) {
        int id = atoi(text_of(&root->children[i], "id"));
        for (int k = 0; k < root->children[i].count; k++) {
            struct reading inner = at(reading, &root->children[i].children[k]);
            if (!read_block(&inner, id))
                return false;
        }
    }
    return true;
}

/* ---- The whole. ---- */

static bool read_operation(const struct reading *reading)
{
    struct msccl *msccl = reading->msccl;
    const char *coll = text_of(reading->element, "coll"), *names[OPERATIONS];
    const char *wanted = msccl->operation->name;
    for (int i = 0; i < OPERATIONS; i++) {
        names[i] = operations[i].coll;
        if (strcmp(coll, operations[i].coll) && strcmp(coll, operations[i].also))
            continue;
        return !strcmp(operations[i].name, wanted) ||
               SAY(reading, "coll=\"%s\": this file is no algorithm of %s", coll, wanted);
    }
    return SAY(reading, "coll=\"%.40s\" is not understood%s", coll,
               text_suggestion(coll, names, OPERATIONS));
}

static void add_note(const struct reading *reading, char *what)
{
    struct msccl *msccl = reading->msccl;
    *vector_push(&msccl->notes, &msccl->note_count, &msccl->note_room) =
        memory_text("%s:%d: %s", msccl->path, reading->element->line, what);
    free(what);
}

static void note_idle(const struct reading *reading)
{
    const char *proto = text_of(reading->element, "proto");
    const char *least = text_of(reading->element, "minBytes"),
               *most = text_of(reading->element, "maxBytes");
    if (proto)
        add_note(reading, memory_text("proto=\"%.20s\" has no effect: messages go as the netmodel "
                                      "says, and are not cut into slices",
                                      proto));
    if ((least && strcmp(least, "0")) || (most && strcmp(most, "0")))
        add_note(reading, memory_text("minBytes and maxBytes have no effect: the algorithm is used "
                                      "for every length"));
}

bool msccl_read(struct msccl *msccl, const struct element *root, struct errors *errors)
{
    struct reading reading = {msccl, root, errors};
    int in_place;
    msccl->channels = MOST_COUNT;
    if (!check_element(&reading, "algo") || !read_operation(&reading) ||
        !read_whole(&reading, "ngpus", 2, MOST_MEMBERS, &msccl->members) ||
        !read_whole(&reading, "nchunksperloop", 1, MOST_CHUNKS, &msccl->chunks) ||
        !read_whole(&reading, "inplace", 0, 1, &in_place) ||
        (text_of(root, "nchannels") &&
         !read_whole(&reading, "nchannels", 1, MOST_COUNT, &msccl->channels)))
        return false;
    msccl->apart = !in_place;
    msccl->block_chunks = msccl->chunks;
    if (msccl->operation->blocks && msccl->chunks % msccl->members)
        return SAY(&reading, "nchunksperloop=\"%d\" is no multiple of ngpus=\"%d\"", msccl->chunks,
                   msccl->members);
    if (msccl->operation->blocks)
        msccl->block_chunks = msccl->chunks / msccl->members;
    msccl->gpus = memory_zeroed((size_t)msccl->members, sizeof *msccl->gpus);
    note_idle(&reading);
    return read_gpus(&reading) && msccl_pair(msccl, errors);
}
