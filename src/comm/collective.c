#include "threadrack/comm/collective.h"

#include "threadrack/base/text.h"

#include <string.h>

#define COLLECTIVE(operation, name) extern const struct collective collective_##operation##_##name;
#include "collective.def"
#undef COLLECTIVE

const struct collective *const collectives[] = {
#define COLLECTIVE(operation, name) &collective_##operation##_##name,
#include "collective.def"
#undef COLLECTIVE
    NULL};

/* Other names of the same algorithms. */
static const struct alias {
    const char *operation, *name, *means;
} aliases[] = {
    {"allreduce", "rabenseifner", "halving_doubling"},
    {"allreduce", "torus", "torus2d"},
    {"allgather", "torus", "torus2d"},
    {"reduce_scatter", "torus", "torus2d"},
};

static const char *without_alias(const char *operation, const char *name)
{
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (!strcmp(aliases[i].operation, operation) && !strcmp(aliases[i].name, name))
            return aliases[i].means;
    return name;
}

const struct collective *collective_find(const char *operation, const char *name, const char *where,
                                         struct errors *errors)
{
    const char *names[32];
    int count = 0;
    name = without_alias(operation, name);
    for (int i = 0; collectives[i]; i++) {
        if (strcmp(collectives[i]->operation, operation))
            continue;
        if (!strcmp(collectives[i]->name, name))
            return collectives[i];
        names[count++] = collectives[i]->name;
    }
    errors_add(errors, "%s: no algorithm of %s is called '%s'%s (threadrack list collectives)",
               where, operation, name, text_suggestion(name, names, count));
    return NULL;
}

const struct collective *collective_cheapest(const char *operation, int size, size_t count,
                                             size_t element_bytes, struct path path)
{
    const struct collective *best = NULL;
    uint64_t least = UINT64_MAX;
    for (int i = 0; collectives[i]; i++) {
        if (strcmp(collectives[i]->operation, operation) || strstr(collectives[i]->options, "levels"))
            continue;
        struct call call = {.size = size, .count = count};
        uint64_t cost = collectives[i]->closed_form_ps(&call, element_bytes, path);
        if (cost < least) {
            least = cost;
            best = collectives[i];
        }
    }
    return best;
}
