#include "threadrack/comm/algorithms.h"

#include "threadrack/base/memory.h"

#include "predict.h"
#include "wish.h"

#include <pthread.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTHS = 64, WIDTHS = 2 };

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
    int picked[WIDTHS][LENGTHS]; /* by whether elements are narrow, and the length's logarithm: candidate
                                  * + 1; 0: not yet asked */
};

/* Groups that have been seen, to find their pattern quickly. */
struct seen {
    struct pattern *pattern;
    int size;
    int nodes[];
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
    bool closed;
    void *wholes; /* a tree of struct closed */
};

bool algorithms_check(const char *operation, const char *asked, const char *where,
                      struct errors *errors)
{
    struct wish wish;
    bool good = wish_read(&wish, operation, asked, where, errors);
    wish_release(&wish);
    return good;
}

struct algorithms *algorithms_create(const char *operation, const char *asked, const char *where,
                                     const struct cluster *cluster,
                                     const struct netmodel_ops *netmodel, struct errors *errors)
{
    struct wish wish;
    if (!wish_read(&wish, operation, asked, where, errors)) {
        wish_release(&wish);
        return NULL;
    }
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
    tdestroy(algorithms->wholes, free);
    pthread_mutex_destroy(&algorithms->lock);
    wish_release(&algorithms->wish);
    free(algorithms->where);
    free(algorithms);
}

/* ---- Groups. ---- */

bool algorithms_fit(struct algorithms *algorithms, const int *nodes, int size,
                    struct errors *errors)
{
    const struct wish *wish = &algorithms->wish;
    int sizes[LAYOUT_LEVELS];
    if (size == 1 || !wish->fixed)
        return true;
    if (wish->msccl)
        return size == msccl_members(wish->msccl) ||
               errors_add(errors, "%s: %s is for groups of %d, not for one of %d (from node %d on)",
                          algorithms->where, wish->fixed->name, msccl_members(wish->msccl), size,
                          nodes[0]);
    if (!wish_needs_levels(wish->fixed) ||
        wish_levels(wish, algorithms->cluster, nodes, size, sizes))
        return true;
    if (wish->levels || wish->rows)
        return errors_add(errors, "%s: the levels that %s asks for do not divide a group of %d",
                          algorithms->where, wish->fixed->name, size);
    return errors_add(errors,
                      "%s: the cluster does not put a group of %d from node %d on into several boxes "
                      "of equal size; say how, as in %s",
                      algorithms->where, size, nodes[0],
                      strcmp(wish->fixed->name, "torus2d") ? "hierarchical:box=8" : "torus2d:rows=4");
}

/* ---- Patterns. ---- */

static uint64_t mix(uint64_t hash, uint64_t word)
{
    return (hash ^ word) * 0x9e3779b97f4a7c15u ^ (hash >> 29);
}

/* Where ranks are not on the nodes of their numbers, how members share boxes does not follow from the first two. */
static uint64_t mix_boxes(uint64_t hash, const struct cluster *cluster, const int *ranks, int size,
                          const int *rooms, int levels)
{
    for (int i = 1; cluster->node_of && i < size; i++) {
        int a = cluster_node_of(cluster, ranks[i - 1]), b = cluster_node_of(cluster, ranks[i]), k = 0;
        for (; k < levels && a != b; k++) {
            a /= rooms[k];
            b /= rooms[k];
        }
        hash = mix(hash, (uint64_t)k);
    }
    return hash;
}

/* Of small groups all pairs count; of large ones what the closed forms read. */
static uint64_t signature_of(const struct algorithms *algorithms, const int *nodes, int size,
                             struct path path)
{
    uint64_t hash = mix(mix((uint64_t)size, path.latency_ps), path.bandwidth_Bps);
    int rooms[CLUSTER_LEVELS_MOST], levels = cluster_nesting(algorithms->cluster, rooms);
    for (int k = 0, first = cluster_node_of(algorithms->cluster, nodes[0]); k < levels; first /= rooms[k++])
        hash = mix(hash, (uint64_t)(first % rooms[k]));
    hash = mix_boxes(hash, algorithms->cluster, nodes, size, rooms, levels);
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

static void add_candidate(const struct algorithms *algorithms, struct pattern *pattern,
                          const struct collective *kind, const int *nodes, const struct layout *layout)
{
    struct candidate *candidate = &pattern->candidates[pattern->count++];
    *candidate = (struct candidate){.kind = kind, .own = *kind, .layout = *layout};
    int stride = 1;
    for (int k = 0; k < layout->levels && wish_needs_levels(kind); stride *= layout->sizes[k++])
        if (layout->sizes[k] > 1)
            candidate->layout.paths[k] = cluster_path(algorithms->cluster, nodes[0], nodes[stride]);
    if (!algorithms->wish.msccl)
        candidate->own.schedule.context = &candidate->layout;
}

/* Above the size where it is simulated, the closed form of strands side by side holds only where the
 * netmodel lets a node send several messages at a time. */
static bool can_be_predicted(const struct algorithms *algorithms, const struct collective *kind,
                             int size)
{
    bool simulated = size <= PREDICT_MEMBERS && algorithms->cluster->nodes <= PREDICT_NODES;
    return simulated || !kind->schedule.strands || algorithms->netmodel->shares_links;
}

static bool is_wanted(const struct algorithms *algorithms, const struct collective *kind, int size,
                      bool nested)
{
    const struct collective *fixed = algorithms->wish.fixed;
    bool fits = size == 1 || nested || !wish_needs_levels(kind);
    if (strcmp(kind->operation, algorithms->operation) || !fits)
        return false;
    return fixed ? fixed == kind : can_be_predicted(algorithms, kind, size);
}

static void add_candidates(const struct algorithms *algorithms, struct pattern *pattern,
                           const int *nodes)
{
    const struct wish *wish = &algorithms->wish;
    struct layout layout = {.chunk = wish->chunk, .levels = 2, .sizes = {1, 1}};
    int room = 1, levels = wish_levels(wish, algorithms->cluster, nodes, pattern->size, layout.sizes);
    while (collectives[room - 1])
        room++;
    if (levels)
        layout.levels = levels;
    pattern->candidates = memory_zeroed((size_t)room, sizeof *pattern->candidates);
    for (int i = 0; collectives[i]; i++)
        if (is_wanted(algorithms, collectives[i], pattern->size, levels))
            add_candidate(algorithms, pattern, collectives[i], nodes, &layout);
    if (wish->msccl)
        add_candidate(algorithms, pattern, wish->fixed, nodes, &layout);
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
    if (size <= PREDICT_MEMBERS || algorithms->cluster->node_of)
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
    const struct collective *own = &pattern->candidates[i].own;
    return pattern->size == 1 || (!pattern->nodes && !own->closed_form_ps)
               ? 0
               : predict_ps(&question, own);
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
    int *picked = &pattern->picked[element_bytes < sizeof(float)][length];
    pthread_mutex_lock(&algorithms->lock);
    if (!*picked)
        *picked = 1 + fastest(algorithms, pattern, count ? (size_t)1 << length : 0, element_bytes);
    const struct candidate *candidate = &pattern->candidates[*picked - 1];
    pthread_mutex_unlock(&algorithms->lock);
    return (struct choice){.collective = &candidate->own, .kind = candidate->kind};
}

/* ---- In closed form. ---- */

/* One call of a candidate, by any member. */
struct closed {
    const struct collective *own;
    size_t count, element_bytes;
    struct schedule schedule; /* whose context this is */
    struct whole whole;
};

static int compare_closed(const void *left, const void *right)
{
    const struct closed *a = left, *b = right;
    if (a->own != b->own)
        return a->own < b->own ? -1 : 1;
    if (a->count != b->count)
        return a->count < b->count ? -1 : 1;
    return (a->element_bytes > b->element_bytes) - (a->element_bytes < b->element_bytes);
}

static struct whole whole_of(const struct call *call)
{
    const struct closed *closed = call->context;
    return closed->whole;
}

static void count_sent(struct closed *closed, int size)
{
    const struct schedule *schedule = &closed->own->schedule;
    struct call call = {.size = size, .count = closed->count, .context = schedule->context};
    struct step step;
    for (call.strand = 0; call.strand < schedule_strands(schedule, &call); call.strand++)
        for (int i = 0; schedule->step(&call, i, &step); i++)
            if (step.send_to >= 0) {
                closed->whole.bytes += step.send.count * closed->element_bytes;
                closed->whole.messages++;
            }
}

void algorithms_close(struct algorithms *algorithms)
{
    algorithms->closed = true;
}

static const struct schedule *closed_schedule(struct algorithms *algorithms,
                                              const struct pattern *pattern,
                                              const struct closed *asked)
{
    struct closed **known = tsearch(asked, &algorithms->wholes, compare_closed);
    if (!known)
        BUG("no memory for a closed form of %s", algorithms->operation);
    if (*known != asked)
        return &(*known)->schedule;
    struct question question = {.cluster = algorithms->cluster,
                                .netmodel = algorithms->netmodel,
                                .size = pattern->size,
                                .path = pattern->path,
                                .count = asked->count,
                                .element_bytes = asked->element_bytes};
    struct closed *closed = *known = memory_zeroed(1, sizeof *closed);
    *closed = *asked;
    closed->schedule = closed->own->schedule;
    closed->schedule.whole = whole_of;
    closed->schedule.context = closed;
    closed->schedule.strands = NULL;
    closed->whole.duration_ps = predict_by_formula_ps(&question, closed->own);
    count_sent(closed, pattern->size);
    return &closed->schedule;
}

const struct schedule *algorithms_stand_in(struct algorithms *algorithms,
                                           const struct pattern *pattern, struct choice choice,
                                           size_t count, size_t element_bytes)
{
    struct closed asked = {
        .own = choice.collective, .count = count, .element_bytes = element_bytes};
    if (!algorithms->closed || pattern->size == 1)
        return NULL;
    pthread_mutex_lock(&algorithms->lock);
    const struct schedule *schedule = closed_schedule(algorithms, pattern, &asked);
    pthread_mutex_unlock(&algorithms->lock);
    return schedule;
}

const struct collective *algorithms_fixed(const struct algorithms *algorithms)
{
    return algorithms->wish.fixed;
}

const char *algorithms_note(const struct algorithms *algorithms, int i)
{
    return algorithms->wish.msccl ? msccl_note(algorithms->wish.msccl, i) : NULL;
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
