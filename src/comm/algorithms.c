#include "threadrack/comm/algorithms.h"

#include "threadrack/base/memory.h"

#include "predict.h"

#include <limits.h>
#include <pthread.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTHS = 64 };

/* An algorithm as it would run in the pattern's groups. */
struct candidate {
    const struct collective *kind;
    struct collective own; /* the kind with `layout` as its schedule's context */
    struct layout layout;
};

struct pattern {
    uint64_t signature;
    struct pattern *next;
    int *nodes, size; /* of the group that was seen first */
    struct path path;
    struct candidate *candidates;
    int count;
    int picked[LENGTHS]; /* by the length's logarithm: candidate + 1; 0: not yet asked */
};

/* Groups that have been seen, to find their pattern quickly. */
struct seen {
    struct pattern *pattern;
    int size;
    int nodes[];
};

/* What the user asked for. */
struct wish {
    const struct collective *fixed; /* NULL: auto */
    int box, rows;                  /* 0: as the cluster is wired */
};

struct algorithms {
    const char *operation;
    char *where;
    struct wish wish;
    const struct cluster *cluster;
    const struct netmodel_ops *netmodel;
    pthread_mutex_t lock; /* of what follows */
    struct pattern *patterns;
    void *seen; /* a tree of struct seen */
};

/* ---- What was asked for. ---- */

static bool needs_box(const struct collective *collective)
{
    return strstr(collective->options, "box");
}

static bool read_option(struct wish *wish, const char *key, const char *value, const char *where,
                        struct errors *errors)
{
    int *target = !strcmp(key, "box") ? &wish->box : !strcmp(key, "rows") ? &wish->rows : NULL;
    if (!target || !needs_box(wish->fixed)) {
        errors_add(errors, "%s: '%s' has no option '%s'%s", where, wish->fixed->name, key,
                   needs_box(wish->fixed) ? "; it has box and rows" : "");
        return false;
    }
    char *end;
    long number = strtol(value, &end, 10);
    if (*end || number < 1 || number > INT_MAX) {
        errors_add(errors, "%s: %s=%s is not a whole number from 1 on", where, key, value);
        return false;
    }
    *target = (int)number;
    return true;
}

static bool read_wish(struct wish *wish, const char *operation, const char *asked,
                      const char *where, struct errors *errors)
{
    *wish = (struct wish){0};
    if (!strcmp(asked, "auto"))
        return true;
    struct member_text text;
    if (!member_parse(asked, where, &text, errors))
        return false;
    wish->fixed = collective_find(operation, text.name, where, errors);
    bool good = wish->fixed;
    if (good && text.positional) {
        errors_add(errors, "%s: '%s' is no option of the form name=value", where, text.positional);
        good = false;
    }
    for (int i = 0; good && i < text.count; i++)
        good = read_option(wish, text.keys[i], text.values[i], where, errors);
    member_release(&text);
    if (good && wish->box && wish->rows) {
        errors_add(errors, "%s: give box or rows, not both", where);
        good = false;
    }
    return good;
}

bool algorithms_check(const char *operation, const char *asked, const char *where,
                      struct errors *errors)
{
    struct wish wish;
    return read_wish(&wish, operation, asked, where, errors);
}

struct algorithms *algorithms_create(const char *operation, const char *asked, const char *where,
                                     const struct cluster *cluster,
                                     const struct netmodel_ops *netmodel, struct errors *errors)
{
    struct wish wish;
    if (!read_wish(&wish, operation, asked, where, errors))
        return NULL;
    struct algorithms *algorithms = memory_zeroed(1, sizeof *algorithms);
    *algorithms = (struct algorithms){.operation = operation,
                                      .where = memory_text("%s", where),
                                      .wish = wish,
                                      .cluster = cluster,
                                      .netmodel = netmodel};
    pthread_mutex_init(&algorithms->lock, NULL);
    return algorithms;
}

void algorithms_free(struct algorithms *algorithms)
{
    if (!algorithms)
        return;
    for (struct pattern *pattern = algorithms->patterns; pattern;) {
        struct pattern *next = pattern->next;
        free(pattern->nodes);
        free(pattern->candidates);
        free(pattern);
        pattern = next;
    }
    tdestroy(algorithms->seen, free);
    pthread_mutex_destroy(&algorithms->lock);
    free(algorithms->where);
    free(algorithms);
}

/* ---- Boxes. ---- */

/* How many of the nodes, next to each other, share a box of the cluster; 0 unless all boxes that
 * the group touches hold as many, and there are several. */
static int box_by_wiring(const struct cluster *cluster, const int *nodes, int size)
{
    int room = cluster_box_size(cluster), box = 1;
    if (room == 0)
        return 0;
    while (box < size && nodes[box] / room == nodes[0] / room)
        box++;
    if (box == 1 || box == size || size % box)
        return 0;
    for (int i = 0; i < size; i++) {
        bool first = i % box == 0;
        if (first ? i > 0 && nodes[i] / room == nodes[i - 1] / room
                  : nodes[i] / room != nodes[i - 1] / room)
            return 0;
    }
    return box;
}

static int box_of(const struct algorithms *algorithms, const int *nodes, int size)
{
    int box = algorithms->wish.box, rows = algorithms->wish.rows;
    if (rows)
        return size % rows ? 0 : size / rows;
    if (box)
        return size % box ? 0 : box;
    return box_by_wiring(algorithms->cluster, nodes, size);
}

bool algorithms_fit(struct algorithms *algorithms, const int *nodes, int size,
                    struct errors *errors)
{
    const struct wish *wish = &algorithms->wish;
    if (size == 1 || !wish->fixed || !needs_box(wish->fixed) || box_of(algorithms, nodes, size))
        return true;
    if (wish->box || wish->rows)
        errors_add(errors, "%s: %s=%d does not divide a group of %d", algorithms->where,
                   wish->box ? "box" : "rows", wish->box ? wish->box : wish->rows, size);
    else
        errors_add(errors,
                   "%s: the cluster does not put a group of %d from node %d on into several boxes "
                   "of equal size; say how, as in hierarchical:box=8 or torus2d:rows=4",
                   algorithms->where, size, nodes[0]);
    return false;
}

/* ---- Patterns. ---- */

static uint64_t mix(uint64_t hash, uint64_t word)
{
    return (hash ^ word) * 0x9e3779b97f4a7c15u ^ (hash >> 29);
}

/* Of small groups all pairs count; of large ones what the closed forms read. */
static uint64_t signature_of(const struct algorithms *algorithms, const int *nodes, int size,
                             struct path path)
{
    uint64_t hash = mix(mix((uint64_t)size, path.latency_ps), path.bandwidth_Bps);
    int room = cluster_box_size(algorithms->cluster);
    hash = mix(hash, room ? (uint64_t)(nodes[0] % room) : 0);
    hash = mix(hash, size > 1 ? (uint64_t)(nodes[1] - nodes[0]) : 0);
    for (int i = 0; size <= PREDICT_MEMBERS && i < size; i++)
        for (int j = 0; j < size; j++) {
            if (i == j)
                continue;
            struct path pair = cluster_path(algorithms->cluster, nodes[i], nodes[j]);
            hash = mix(mix(hash, pair.latency_ps), pair.bandwidth_Bps);
        }
    return hash;
}

static void add_candidate(struct pattern *pattern, const struct cluster *cluster,
                          const struct collective *kind, const int *nodes, int box)
{
    struct candidate *candidate = &pattern->candidates[pattern->count++];
    *candidate = (struct candidate){.kind = kind, .own = *kind};
    if (!needs_box(kind))
        return;
    candidate->layout.box = box;
    if (box > 1)
        candidate->layout.inner = cluster_path(cluster, nodes[0], nodes[1]);
    candidate->own.schedule.context = &candidate->layout;
}

static void add_candidates(const struct algorithms *algorithms, struct pattern *pattern,
                           const int *nodes)
{
    const struct collective *fixed = algorithms->wish.fixed;
    int box = box_of(algorithms, nodes, pattern->size), room = 0;
    while (collectives[room])
        room++;
    pattern->candidates = memory_zeroed((size_t)room, sizeof *pattern->candidates);
    for (int i = 0; collectives[i]; i++) {
        bool fits = pattern->size == 1 || box || !needs_box(collectives[i]);
        if (!strcmp(collectives[i]->operation, algorithms->operation) && fits &&
            (!fixed || fixed == collectives[i]))
            add_candidate(pattern, algorithms->cluster, collectives[i], nodes, box ? box : 1);
    }
    if (pattern->count == 0)
        BUG("no algorithm of %s fits a group of %d", algorithms->operation, pattern->size);
}

static struct pattern *pattern_of(struct algorithms *algorithms, const int *nodes, int size,
                                  struct path path)
{
    uint64_t signature = signature_of(algorithms, nodes, size, path);
    for (struct pattern *pattern = algorithms->patterns; pattern; pattern = pattern->next)
        if (pattern->signature == signature)
            return pattern;
    struct pattern *pattern = memory_zeroed(1, sizeof *pattern);
    *pattern = (struct pattern){
        .signature = signature, .next = algorithms->patterns, .size = size, .path = path};
    if (size <= PREDICT_MEMBERS && algorithms->cluster->nodes <= PREDICT_NODES) {
        pattern->nodes = memory_zeroed((size_t)size, sizeof *nodes);
        memcpy(pattern->nodes, nodes, (size_t)size * sizeof *nodes);
    }
    add_candidates(algorithms, pattern, nodes);
    algorithms->patterns = pattern;
    return pattern;
}

static int compare_seen(const void *left, const void *right)
{
    const struct seen *a = left, *b = right;
    if (a->size != b->size)
        return a->size < b->size ? -1 : 1;
    return memcmp(a->nodes, b->nodes, (size_t)a->size * sizeof *a->nodes);
}

static struct seen *seen_make(const int *nodes, int size)
{
    struct seen *seen = memory_zeroed(1, sizeof *seen + (size_t)size * sizeof *nodes);
    seen->size = size;
    memcpy(seen->nodes, nodes, (size_t)size * sizeof *nodes);
    return seen;
}

struct pattern *algorithms_known(struct algorithms *algorithms, const int first[2], int size,
                                 struct path path)
{
    if (size <= PREDICT_MEMBERS)
        return NULL;
    uint64_t signature = signature_of(algorithms, first, size, path);
    pthread_mutex_lock(&algorithms->lock);
    struct pattern *pattern = algorithms->patterns;
    while (pattern && pattern->signature != signature)
        pattern = pattern->next;
    pthread_mutex_unlock(&algorithms->lock);
    return pattern;
}

struct pattern *algorithms_pattern(struct algorithms *algorithms, const int *nodes, int size,
                                   struct path path)
{
    struct pattern *pattern;
    pthread_mutex_lock(&algorithms->lock);
    if (size > PREDICT_MEMBERS) {
        pattern = pattern_of(algorithms, nodes, size, path);
    } else {
        struct seen *seen = seen_make(nodes, size);
        struct seen **known = tsearch(seen, &algorithms->seen, compare_seen);
        if (!known)
            BUG("no memory for a group of %d", size);
        if (*known == seen)
            seen->pattern = pattern_of(algorithms, nodes, size, path);
        else
            free(seen);
        pattern = (*known)->pattern;
    }
    pthread_mutex_unlock(&algorithms->lock);
    return pattern;
}

/* ---- Predictions. ---- */

static uint64_t predicted(const struct algorithms *algorithms, const struct pattern *pattern, int i,
                          size_t count, size_t element_bytes)
{
    struct question question = {.cluster = algorithms->cluster,
                                .netmodel = algorithms->netmodel,
                                .nodes = pattern->nodes,
                                .size = pattern->size,
                                .path = pattern->path,
                                .count = count,
                                .element_bytes = element_bytes};
    return pattern->size == 1 ? 0 : predict_ps(&question, &pattern->candidates[i].own);
}

static int fastest(const struct algorithms *algorithms, const struct pattern *pattern, size_t count,
                   size_t element_bytes)
{
    int best = 0;
    uint64_t least = UINT64_MAX;
    for (int i = 0; pattern->count > 1 && i < pattern->count; i++) {
        uint64_t cost = predicted(algorithms, pattern, i, count, element_bytes);
        if (cost < least) {
            least = cost;
            best = i;
        }
    }
    return best;
}

static int logarithm(size_t count)
{
    return count <= 1 ? 0 : LENGTHS - __builtin_clzll(count - 1);
}

struct choice algorithms_pick(struct algorithms *algorithms, struct pattern *pattern, size_t count,
                              size_t element_bytes)
{
    int length = logarithm(count) % LENGTHS;
    pthread_mutex_lock(&algorithms->lock);
    if (!pattern->picked[length])
        pattern->picked[length] =
            1 + fastest(algorithms, pattern, count ? (size_t)1 << length : 0, element_bytes);
    const struct candidate *candidate = &pattern->candidates[pattern->picked[length] - 1];
    pthread_mutex_unlock(&algorithms->lock);
    return (struct choice){.collective = &candidate->own, .kind = candidate->kind};
}

const struct collective *algorithms_named(const struct pattern *pattern,
                                          const struct collective *kind)
{
    for (int i = 0; i < pattern->count; i++)
        if (pattern->candidates[i].kind == kind)
            return &pattern->candidates[i].own;
    return NULL;
}

bool algorithms_predict(struct algorithms *algorithms, struct pattern *pattern, int i, size_t count,
                        size_t element_bytes, struct choice *choice, uint64_t *predicted_ps)
{
    if (i >= pattern->count)
        return false;
    const struct candidate *candidate = &pattern->candidates[i];
    *choice = (struct choice){.collective = &candidate->own, .kind = candidate->kind};
    *predicted_ps = predicted(algorithms, pattern, i, count, element_bytes);
    return true;
}
