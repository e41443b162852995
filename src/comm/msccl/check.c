/* Goes through the actions with sets in the place of numbers: which gpus' parts of which chunk a
 * slot holds. Members go on as the rank floor lets them (rank/exec.c): a send waits for its
 * receiver. It is done twice, the second time with the threadblocks taken in the opposite order,
 * and both have to come to the same. */
#include "program.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { WORD = 64, EMPTY = -1, MOST_CELLS = 1 << 25 };

struct place { /* of a strand */
    int index; /* of its action; those before it have ended */
    bool begun, sending, receiving;
    uint64_t *sent; /* what the slots held when the send began, and which chunks these were */
    int *sent_chunks;
};

struct trial {
    struct msccl *msccl;
    struct errors *errors;
    int *chunks;    /* (gpus, slots): which chunk is there, or EMPTY */
    uint64_t *sets; /* (gpus, slots, words): whose parts */
    size_t words;
    struct place **places; /* by gpu and strand */
    bool backwards, first_time;
    bool foreign, failed, stuck;
};

/* ---- Slots. ---- */

static size_t cell(const struct trial *trial, int gpu, int slot)
{
    return (size_t)gpu * (size_t)trial->msccl->slots + (size_t)slot;
}

static uint64_t *set_at(const struct trial *trial, int gpu, int slot)
{
    return trial->sets + cell(trial, gpu, slot) * trial->words;
}

static void fill(const struct trial *trial)
{
    const struct msccl *msccl = trial->msccl;
    size_t cells = (size_t)msccl->members * (size_t)msccl->slots;
    memset(trial->sets, 0, cells * trial->words * sizeof *trial->sets);
    for (size_t i = 0; i < cells; i++)
        trial->chunks[i] = EMPTY;
    for (int gpu = 0; gpu < msccl->members; gpu++)
        for (int chunk = 0; chunk < msccl->chunks; chunk++)
            if (msccl_has(msccl, gpu, chunk, false)) {
                trial->chunks[cell(trial, gpu, chunk)] = chunk;
                set_at(trial, gpu, chunk)[gpu / WORD] |= (uint64_t)1 << gpu % WORD;
            }
}

static bool fail(struct trial *trial, const struct line *line, const char *what, int gpu)
{
    if (!trial->failed)
        msccl_say(trial->errors, trial->msccl, line->line, line->column, what, gpu);
    trial->failed = true;
    return false;
}

/* Writes to a slot what has come, or adds it to what `addend` holds. */
static bool put(struct trial *trial, int gpu, int slot, int addend, int chunk, const uint64_t *set,
                const struct line *line)
{
    uint64_t *to = set_at(trial, gpu, slot);
    if (addend >= 0) {
        const uint64_t *other = set_at(trial, gpu, addend);
        if (trial->chunks[cell(trial, gpu, addend)] == EMPTY)
            return fail(trial, line, "adds to a chunk of gpu %d that holds nothing yet", gpu);
        if (trial->chunks[cell(trial, gpu, addend)] != chunk)
            return fail(trial, line, "adds two different chunks of the vector on gpu %d", gpu);
        for (size_t i = 0; i < trial->words; i++)
            if (set[i] & other[i])
                return fail(trial, line, "adds the same gpu's part twice on gpu %d", gpu);
        for (size_t i = 0; i < trial->words; i++)
            to[i] = set[i] | other[i];
    } else {
        memcpy(to, set, trial->words * sizeof *to);
    }
    trial->chunks[cell(trial, gpu, slot)] = chunk;
    trial->foreign |= slot < trial->msccl->chunks && chunk != slot;
    return true;
}

/* ---- Actions. ---- */

static struct action *action_of(const struct trial *trial, int gpu, int strand)
{
    struct block *block = &trial->msccl->gpus[gpu].blocks[strand];
    int index = trial->places[gpu][strand].index;
    return index < block->action_count ? &block->actions[index] : NULL;
}

/* What the slots hold as the send begins. */
static bool take_out(struct trial *trial, int gpu, struct place *place, struct action *action)
{
    size_t count = (size_t)action->send_count;
    place->sent_chunks = memory_resize(place->sent_chunks, (count + 1) * sizeof(int));
    place->sent = memory_resize(place->sent, (count * trial->words + 1) * sizeof *place->sent);
    for (int i = 0; i < action->send_count; i++) {
        int slot = action->send_slot + i;
        place->sent_chunks[i] = trial->chunks[cell(trial, gpu, slot)];
        if (place->sent_chunks[i] == EMPTY)
            return fail(trial, action->line, "reads a chunk of gpu %d that holds nothing yet", gpu);
        memcpy(place->sent + (size_t)i * trial->words, set_at(trial, gpu, slot),
               trial->words * sizeof *place->sent);
    }
    return true;
}

/* Keeps which chunks were moved; the second time, they must be the same. */
static bool keep(struct trial *trial, int **kept, const int *chunks, int count,
                 const struct line *line, int gpu)
{
    if (trial->first_time) {
        *kept = memory_zeroed((size_t)count + 1, sizeof **kept);
        if (count)
            memcpy(*kept, chunks, (size_t)count * sizeof **kept);
        return true;
    }
    return count == 0 || !memcmp(*kept, chunks, (size_t)count * sizeof **kept) ||
           fail(trial, line,
                "what is moved on gpu %d depends on which threadblock is faster: a "
                "dependency is missing",
                gpu);
}

/* What was taken out at one end comes in at the other. */
static bool bring_in(struct trial *trial, const struct place *from, int gpu, struct action *action)
{
    for (int i = 0; i < action->recv_count; i++) {
        int slot = action->recv_slot + i;
        int addend = !action->reduce ? -1 : action->addend >= 0 ? action->addend + i : slot;
        if (!put(trial, gpu, slot, addend, from->sent_chunks[i],
                 from->sent + (size_t)i * trial->words, action->received_line))
            return false;
    }
    return keep(trial, &action->received, from->sent_chunks, action->recv_count,
                action->received_line, gpu);
}

/* The slots that are sent must still hold what they held. */
static bool is_untouched(struct trial *trial, int gpu, const struct place *place,
                         const struct action *action)
{
    bool replaced = action->recv_from >= 0 && !place->receiving; /* by its own receive */
    for (int i = 0; i < action->send_count && !replaced; i++)
        if (place->sent_chunks[i] != trial->chunks[cell(trial, gpu, action->send_slot + i)] ||
            memcmp(place->sent + (size_t)i * trial->words,
                   set_at(trial, gpu, action->send_slot + i), trial->words * sizeof *place->sent))
            return fail(trial, action->line,
                        "what gpu %d sends is overwritten meanwhile by another "
                        "threadblock: a dependency is missing",
                        gpu);
    return true;
}

static bool may_begin(const struct trial *trial, int gpu, const struct action *action)
{
    const struct place *other = &trial->places[gpu][action->after.strand];
    if (other->index >= action->after.steps)
        return true;
    return action->after.sent && other->index == action->after.steps - 1 && other->begun &&
           !other->sending;
}

static void finish(struct place *place)
{
    if (place->sending || place->receiving)
        return;
    place->index++;
    place->begun = false;
}

static bool begin(struct trial *trial, int gpu, struct place *place, struct action *action)
{
    bool within = action->send_to < 0 && action->recv_from < 0;
    place->begun = true;
    place->sending = action->send_to >= 0;
    place->receiving = action->recv_from >= 0;
    if (action->kind != ACT || (within && action->send_count == 0)) {
        finish(place);
        return true;
    }
    if ((within || place->sending) &&
        (!take_out(trial, gpu, place, action) ||
         !keep(trial, &action->sent, place->sent_chunks, action->send_count, action->line, gpu)))
        return false;
    if (within && !bring_in(trial, place, gpu, action))
        return false;
    finish(place);
    return true;
}

static bool receive(struct trial *trial, int gpu, int strand)
{
    struct action *action = action_of(trial, gpu, strand);
    int source = action->recv_from;
    for (int s = 0; s < trial->msccl->gpus[source].count; s++) {
        struct place *from = &trial->places[source][s];
        struct action *other = action_of(trial, source, s);
        if (!other || !from->sending || other->send_to != gpu ||
            trial->msccl->gpus[source].blocks[s].to_strand != strand)
            continue;
        struct place *place = &trial->places[gpu][strand];
        if (!is_untouched(trial, source, from, other) || !bring_in(trial, from, gpu, action))
            return false;
        place->receiving = from->sending = false;
        finish(place);
        finish(from);
        return true;
    }
    return false;
}

/* Returns whether the strand went on. */
static bool go_on(struct trial *trial, int gpu, int strand)
{
    struct place *place = &trial->places[gpu][strand];
    bool went = false;
    for (struct action *action; !trial->failed && (action = action_of(trial, gpu, strand));) {
        if (!place->begun && may_begin(trial, gpu, action))
            went |= begin(trial, gpu, place, action);
        else if (place->begun && place->receiving && receive(trial, gpu, strand))
            went = true;
        else
            break;
    }
    return went;
}

static bool go_round(struct trial *trial)
{
    bool went = false;
    for (int i = 0; i < trial->msccl->members; i++) {
        int gpu = trial->backwards ? trial->msccl->members - 1 - i : i;
        int count = trial->msccl->gpus[gpu].count;
        for (int s = 0; s < count; s++)
            went |= go_on(trial, gpu, trial->backwards ? count - 1 - s : s);
    }
    return went;
}

/* ---- Ends. ---- */

static bool say_stuck(struct trial *trial, int gpu, int strand)
{
    struct action *action = action_of(trial, gpu, strand);
    const struct place *place = &trial->places[gpu][strand];
    const struct line *line =
        place->begun && place->receiving ? action->received_line : action->line;
    if (!place->begun)
        return msccl_say(trial->errors, trial->msccl, line->line, line->column,
                         "never begins: threadblocks wait for each other in a circle (here gpu %d, "
                         "threadblock %d waits for its threadblock %d)",
                         gpu, strand, action->after.strand);
    return msccl_say(
        trial->errors, trial->msccl, line->line, line->column,
        "threadblocks wait for each other in a circle (here gpu %d, threadblock %d waits "
        "for gpu %d %s); a send may have to wait for its receiver",
        gpu, strand, place->receiving ? action->recv_from : action->send_to,
        place->receiving ? "to send" : "to receive");
}

static bool has_ended(struct trial *trial)
{
    for (int gpu = 0; gpu < trial->msccl->members; gpu++)
        for (int s = 0; s < trial->msccl->gpus[gpu].count; s++) {
            struct action *action = action_of(trial, gpu, s);
            if (action && action->line) {
                trial->stuck = true;
                return say_stuck(trial, gpu, s);
            }
        }
    return true;
}

static bool is_promised(const struct trial *trial, int gpu, int chunk)
{
    const struct msccl *msccl = trial->msccl;
    int slot = msccl_output_slot(msccl, chunk), source = 0, wanted = chunk;
    const uint64_t *set = set_at(trial, gpu, slot);
    if (msccl->operation->kind == TRANSPOSES) {
        source = chunk / msccl->block_chunks;
        wanted = gpu * msccl->block_chunks + chunk % msccl->block_chunks;
    } else if (msccl->operation->blocks) {
        source = chunk / msccl->block_chunks;
    }
    if (msccl->operation->input == NOTHING)
        source = 0;
    if (trial->chunks[cell(trial, gpu, slot)] != wanted)
        return false;
    for (int i = 0; i < msccl->members; i++) {
        bool in = set[i / WORD] >> i % WORD & 1;
        if (in != (msccl->operation->kind == ADDS || i == source))
            return false;
    }
    return true;
}

static bool keeps_its_promise(struct trial *trial)
{
    const struct msccl *msccl = trial->msccl;
    for (int gpu = 0; gpu < msccl->members; gpu++)
        for (int chunk = 0; chunk < msccl->chunks; chunk++)
            if (msccl_has(msccl, gpu, chunk, true) && !is_promised(trial, gpu, chunk))
                return msccl_say(trial->errors, msccl, msccl->gpus[gpu].line,
                                 msccl->gpus[gpu].column,
                                 "at the end, chunk %d of gpu %d's output is not what %s promises",
                                 chunk, gpu, msccl->operation->name);
    return true;
}

static bool try_all(struct trial *trial)
{
    fill(trial);
    for (int gpu = 0; gpu < trial->msccl->members; gpu++)
        for (int s = 0; s < trial->msccl->gpus[gpu].count; s++)
            trial->places[gpu][s].index = 0;
    while (!trial->failed && go_round(trial))
        ;
    return !trial->failed && has_ended(trial) && keeps_its_promise(trial);
}

static void release(struct trial *trial)
{
    for (int gpu = 0; gpu < trial->msccl->members; gpu++) {
        for (int s = 0; s < trial->msccl->gpus[gpu].count; s++) {
            free(trial->places[gpu][s].sent);
            free(trial->places[gpu][s].sent_chunks);
        }
        free(trial->places[gpu]);
    }
    free(trial->places);
    free(trial->chunks);
    free(trial->sets);
}

enum found msccl_check(struct msccl *msccl, bool *foreign, struct errors *errors)
{
    struct trial trial = {.msccl = msccl, .errors = errors, .first_time = true};
    size_t cells = (size_t)msccl->members * (size_t)msccl->slots;
    trial.words = (size_t)(msccl->members + WORD - 1) / WORD;
    if (cells * trial.words > MOST_CELLS) {
        msccl_say(errors, msccl, 1, 1, "too large: %d gpus with %d chunks of memory each",
                  msccl->members, msccl->slots);
        return FOUND_WRONG;
    }
    trial.chunks = memory_zeroed(cells, sizeof *trial.chunks);
    trial.sets = memory_zeroed(cells * trial.words, sizeof *trial.sets);
    trial.places = memory_zeroed((size_t)msccl->members, sizeof *trial.places);
    for (int gpu = 0; gpu < msccl->members; gpu++)
        trial.places[gpu] =
            memory_zeroed((size_t)msccl->gpus[gpu].count + 1, sizeof **trial.places);
    bool good = try_all(&trial);
    trial.first_time = false;
    trial.backwards = true;
    if (good && !try_all(&trial))
        good = msccl_say(
            errors, msccl, 1, 1,
            "that is so where the higher one of two threadblocks is faster, and not where "
            "a lower one is faster: a dependency is missing");
    *foreign = trial.foreign;
    release(&trial);
    return good ? FOUND_RIGHT : trial.stuck ? FOUND_STUCK : FOUND_WRONG;
}
