/* Whether every node's region fits its memory; and, where one does not, the nearest mesh of as many
 * nodes whose regions would, by the same set-up. */
#include "closed.h"
#include "resolve.h"

#include "threadrack/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Further meshes are not looked for: each is set up whole. */
enum { NODES_LOOKED_FOR = 4096 };

static struct memory_record memory_of(const struct setup *setup, const struct rack *rack, int rank)
{
    int counted = closed_stand_in(setup, rank);
    int node = cluster_node_of(setup->cluster, rank);
    struct memory_record record = {.first = node,
                                   .last = node,
                                   .capacity = setup->cluster->devices[rank].memory_bytes};
    for (int kind = 0; kind < RECORD_MEMORY_KINDS; kind++)
        record.bytes[kind] = rack_memory_bytes(rack, counted)[kind];
    return record;
}

static bool holds_the_same(const struct memory_record *a, const struct memory_record *b)
{
    return a->capacity == b->capacity && !memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

void result_memory(struct result *result, const struct setup *setup, const struct rack *rack)
{
    result->memory_count = 0;
    for (int node = 0; node < setup->cluster->nodes; node++) {
        int rank = cluster_rank_on(setup->cluster, node);
        if (rank >= setup->nodes)
            continue;
        struct memory_record record = memory_of(setup, rack, rank), *before = NULL;
        if (result->memory_count)
            before = &result->memory[result->memory_count - 1];
        if (before && before->last == node - 1 && holds_the_same(before, &record))
            before->last = node;
        else
            *vector_push(&result->memory, &result->memory_count, &result->memory_room) = record;
    }
}

/* The fullest of each stage is its first, since shares of what does not divide begin there; but of a batch that
 * is shared by weights any may be. */
static bool may_be_fullest(const struct setup *setup, int rank)
{
    return setup->rows || setup_first_of_stage(setup, rank) == rank;
}

static bool would_fit(const struct setup *setup)
{
    struct errors ignored;
    errors_init(&ignored);
    struct rack *rack = rack_create(setup->cluster, setup->netmodel, setup->cost, setup->nodes);
    rack_set_precision(rack, setup->precision);
    struct mesh *mesh = setup_mesh(setup, rack);
    struct plan plan = setup_plan(setup, mesh);
    for (int i = 0; i < setup->nodes; i++) {
        struct rank *rank = rack_rank(rack, i);
        if (!may_be_fullest(setup, i))
            continue;
        rank_begin_setup(rank);
        training_free(training_create(rank, &plan));
    }
    bool good = rack_fits_nodes(rack, &ignored);
    mesh_free(mesh);
    rack_free(rack);
    errors_release(&ignored);
    return good;
}

static double doublings(int a, int b)
{
    return fabs(log2((double)a / (double)b));
}

static double distance(struct mesh_shape a, struct mesh_shape b)
{
    return doublings(a.data, b.data) + doublings(a.tensor, b.tensor) +
           doublings(a.pipeline, b.pipeline) +
           doublings(mesh_length(a, AXIS_CONTEXT), mesh_length(b, AXIS_CONTEXT));
}

static bool would_fit_on(const struct setup *setup, struct mesh_shape shape)
{
    struct setup other;
    struct errors ignored;
    errors_init(&ignored);
    bool good = setup_on_mesh(setup, shape, &other, &ignored) && would_fit(&other);
    setup_off_mesh(&other);
    errors_release(&ignored);
    return good;
}

/* Whether so many nodes might share the positions of a row. */
static bool can_share(const struct setup *setup, int contexts)
{
    struct errors ignored;
    errors_init(&ignored);
    bool good = contexts == 1 || (setup->strategy->spreads_context &&
                                  model_fits_context(setup->model, contexts, &ignored));
    errors_release(&ignored);
    return good;
}

/* Of all meshes with so many nodes along expert and context; `best` is what has been found before. */
static void look_further(const struct setup *setup, int experts, int contexts, struct mesh_shape *best)
{
    int nodes = setup->nodes / experts / contexts;
    for (int tensor = 1; tensor <= nodes; tensor++)
        for (int pipeline = 1; nodes % tensor == 0 && pipeline <= nodes / tensor; pipeline++) {
            struct mesh_shape shape = {.data = nodes / tensor / pipeline,
                                       .tensor = tensor,
                                       .pipeline = pipeline,
                                       .expert = experts,
                                       .context = contexts};
            if (mesh_size(shape) == setup->nodes &&
                (!best->data || distance(shape, setup->shape) < distance(*best, setup->shape)) &&
                would_fit_on(setup, shape))
                *best = shape;
        }
}

static struct mesh_shape nearest_that_fits(const struct setup *setup)
{
    struct mesh_shape best = {0};
    int experts = mesh_length(setup->shape, AXIS_EXPERT), nodes = setup->nodes / experts;
    for (int contexts = 1; contexts <= nodes; contexts++)
        if (nodes % contexts == 0 && can_share(setup, contexts))
            look_further(setup, experts, contexts, &best);
    return best;
}

/* Whether all parameters, gradients and optimizer state in shares would be few enough. */
static bool fits_sharded(const struct setup *setup)
{
    const struct strategy *strategy = setup->strategy;
    bool together = strategy->spreads_data && !strategy->updates_alone && !strategy->serves_shares;
    struct setup sharded = *setup;
    struct errors ignored;
    errors_init(&ignored);
    sharded.zero = 3;
    bool good = shards_resolve(&sharded, &ignored) && together && setup->zero < 3 && mesh_holders(setup->shape) > 1 &&
                setup_check_zero(&sharded, 3, &ignored) && would_fit(&sharded);
    errors_release(&ignored);
    return good;
}

static struct mesh_shape look_for_mesh(const struct setup *setup, bool wanted)
{
    return wanted && setup->nodes <= NODES_LOOKED_FOR ? nearest_that_fits(setup) : (struct mesh_shape){0};
}

/* What the user might do about it: first what is least trouble. */
static char *advice(const struct setup *setup)
{
    const struct strategy *strategy = setup->strategy;
    bool cuts_layers = strategy->spreads_tensor || strategy->spreads_pipeline;
    bool cuts_rows = strategy->spreads_context && model_context(setup->model) > 1;
    struct mesh_shape best = look_for_mesh(setup, cuts_layers);
    if (!best.data && fits_sharded(setup))
        return memory_text("; with zero=3 it fits");
    if (!best.data)
        best = look_for_mesh(setup, cuts_rows && !cuts_layers);
    if (best.data)
        return memory_text("; the nearest mesh that fits is %s", mesh_words(best, setup->shape, "mesh.").text);
    if (cuts_layers && setup->nodes <= NODES_LOOKED_FOR)
        return memory_text("; no mesh of %d nodes fits under strategy=%s", setup->nodes, strategy->name);
    return memory_text("%s", "");
}

bool memory_fits(const struct setup *setup, const struct rack *rack, struct errors *errors)
{
    struct errors found;
    errors_init(&found);
    bool good = rack_fits_nodes(rack, &found);
    if (!good) {
        char *further = advice(setup);
        errors_add_status(errors, found.status, "%s%s (memory.csv, with --out, has all nodes)", found.messages[0],
                          further);
        free(further);
    }
    errors_release(&found);
    return good;
}
