#include "program.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>
#include <string.h>

/* "ring-4" of "topologies/ring-4.xml". */
static char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t length = strlen(name);
    bool xml = length > 4 && !strcmp(name + length - 4, ".xml");
    return memory_text("msccl:%.*s", (int)(xml ? length - 4 : length), name);
}

static void set_up(struct msccl *msccl)
{
    msccl->collective = (struct collective){.operation = msccl->operation->name,
                                            .name = msccl->name,
                                            .summary = "a file's algorithm",
                                            .options = "",
                                            .schedule = msccl_schedule};
    msccl->collective.schedule.name = msccl->name;
    msccl->collective.schedule.context = msccl;
}

/* Errors NULL: nobody wants to know. */
static enum found try_it(struct msccl *msccl, bool *foreign, struct errors *errors)
{
    struct errors unheard;
    errors_init(&unheard);
    msccl_compile(msccl);
    enum found found = msccl_check(msccl, foreign, errors ? errors : &unheard);
    errors_release(&unheard);
    return found;
}

static void note_early(struct msccl *msccl, const struct element *root)
{
    *vector_push(&msccl->notes, &msccl->note_count, &msccl->note_room) = memory_text(
        "%s:%d: needs buffers, since threadblocks send several times before they receive: here a "
        "receive begins with the first of these sends, and what follows waits for both",
        msccl->path, root->line);
}

/* Where sends that wait for their receivers bring it to a stop, receives go with earlier sends. A
 * chunk in the place of another one may be longer than that: such a file gets slots that any
 * chunk fits. */
static bool make(struct msccl *msccl, const struct element *root, struct errors *errors)
{
    bool foreign;
    struct errors first;
    if (!msccl_read(msccl, root, errors))
        return false;
    errors_init(&first);
    enum found found = try_it(msccl, &foreign, &first);
    if (found == FOUND_STUCK) {
        msccl->early = true;
        found = try_it(msccl, &foreign, NULL);
    }
    for (int i = 0; found != FOUND_RIGHT && i < first.count; i++)
        errors_add(errors, "%s", first.messages[i]);
    errors_release(&first);
    if (found == FOUND_RIGHT && foreign) {
        msccl->image = true;
        found = try_it(msccl, &foreign, errors);
    }
    if (found == FOUND_RIGHT && msccl->early)
        note_early(msccl, root);
    return found == FOUND_RIGHT;
}

struct msccl *msccl_load(const char *path, const char *operation, const char *where,
                         struct errors *errors)
{
    const struct operation *known = msccl_operation(operation);
    if (!*path || !known) {
        errors_add(errors, *path ? "%s: MSCCL's files know no %s" : "%s: msccl: names no file",
                   where, operation);
        return NULL;
    }
    struct element *root = xml_load(path, errors);
    if (!root)
        return NULL;
    struct msccl *msccl = memory_zeroed(1, sizeof *msccl);
    msccl->path = memory_text("%s", path);
    msccl->name = name_of(path);
    msccl->operation = known;
    if (make(msccl, root, errors)) {
        set_up(msccl);
    } else {
        msccl_free(msccl);
        msccl = NULL;
    }
    xml_free(root);
    return msccl;
}

static void free_block(struct block *block)
{
    for (int i = 0; i < block->action_count; i++) {
        free(block->actions[i].sent);
        free(block->actions[i].received);
    }
    free(block->actions);
    free(block->lines);
}

void msccl_free(struct msccl *msccl)
{
    if (!msccl)
        return;
    for (int i = 0; msccl->gpus && i < msccl->members; i++) {
        for (int tb = 0; tb < msccl->gpus[i].count; tb++)
            free_block(&msccl->gpus[i].blocks[tb]);
        free(msccl->gpus[i].blocks);
    }
    for (int i = 0; i < msccl->note_count; i++)
        free(msccl->notes[i]);
    free(msccl->notes);
    free(msccl->gpus);
    free(msccl->path);
    free(msccl->name);
    free(msccl);
}

const struct collective *msccl_collective(const struct msccl *msccl)
{
    return &msccl->collective;
}

int msccl_members(const struct msccl *msccl)
{
    return msccl->members;
}

const char *msccl_note(const struct msccl *msccl, int i)
{
    return i < msccl->note_count ? msccl->notes[i] : NULL;
}
