/* ASTRA-sim's system file: JSON, which is YAML too, so that config/'s reader tells where each key
 * stands. It is about software above the network: of all-reduce-implementation a note says which
 * `allreduce=` is the same algorithm, and all else is named as not modelled. */
#include "import.h"

#include "threadrack/base/memory.h"
#include "threadrack/config/tree.h"

#include <stdlib.h>
#include <string.h>

/* The same algorithms under both names; `whole`: over all dimensions at once, as ours are. */
static const struct algorithm {
    const char *theirs, *ours;
    bool whole;
} algorithms[] = {{"ring", "ring", false},
                  {"oneRing", "ring", true},
                  {"halvingDoubling", "halving_doubling", false},
                  {"oneHalvingDoubling", "halving_doubling", true}};

static const struct algorithm *find_algorithm(const char *name)
{
    for (size_t i = 0; name && i < sizeof algorithms / sizeof *algorithms; i++)
        if (!strcmp(name, algorithms[i].theirs))
            return &algorithms[i];
    return NULL;
}

/* `node` is a name, or a list of one for each dimension. */
static char *about_allreduce(const struct tree *node)
{
    const struct tree *first = node->kind == TREE_LIST && node->count ? node->children : node;
    const struct algorithm *algorithm = find_algorithm(first->text);
    if (node->kind == TREE_LIST && node->count > 1 && !(algorithm && algorithm->whole))
        return memory_text("an algorithm for each dimension is not modelled: choose allreduce=");
    if (!algorithm)
        return memory_text("'%s' is not modelled: choose allreduce=",
                           first->text ? first->text : "");
    return memory_text("'%s' is allreduce=%s, to be given in the experiment", algorithm->theirs,
                       algorithm->ours);
}

static void add_note(struct cluster *cluster, const char *path, const struct tree *node)
{
    bool is_allreduce = !strcmp(node->key, "all-reduce-implementation");
    char *about = is_allreduce ? about_allreduce(node) : memory_text("is not modelled");
    *vector_push(&cluster->notes, &cluster->note_count, &cluster->note_room) = memory_text(
        "%s:%d: %s%s %s", path, node->key_line, node->key, is_allreduce ? ":" : "", about);
    free(about);
}

bool astra_note_system(struct cluster *cluster, const char *path, struct errors *errors)
{
    struct tree *root = tree_load(path, errors);
    bool good = root && root->kind == TREE_MAP;
    if (root && !good)
        errors_add(errors, "%s:%d:%d: expected ASTRA-sim's system file, a JSON object", path,
                   root->line, root->column);
    for (int i = 0; good && i < root->count; i++)
        add_note(cluster, path, &root->children[i]);
    tree_free(root);
    return good;
}
