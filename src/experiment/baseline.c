/* A step of `single` on one such node, of speed 1 and without noise: what speed-ups are over, and what
 * nodes' speeds are told apart by. Costed timing-only, where it is the same number as a real run's. */
#include "inside.h"

/* What the run divides its batch into, and drops, so that it fits. */
struct means {
    int microbatches;
    enum recompute recompute;
};

/* A whole batch at once with all of it kept: no `single` is faster. */
static const struct means none = {1, RECOMPUTE_NONE};

static struct means means_of(const struct setup *setup)
{
    return (struct means){setup->microbatches,
                          (enum recompute)config_choice(setup->config, "recompute")};
}

static uint64_t step_ps(const struct setup *setup, struct device device, size_t batch, struct means means)
{
    struct errors ignored;
    errors_init(&ignored);
    struct cluster nominal = *setup->cluster;
    device.speed = 1;
    nominal.devices = &device;
    nominal.speed_traces = NULL;
    struct rack *rack = rack_create(&nominal, setup->netmodel, setup->cost, 1);
    rack_set_precision(rack, setup->precision);
    struct mesh *mesh = mesh_create(rack, (struct mesh_shape){.data = 1}, &mesh_order_default);
    struct plan plan = setup_plan(setup, mesh);
    plan.strategy = strategy_find("single", "baseline", &ignored);
    plan.servers = plan.zero = 0;
    plan.batch = batch;
    plan.rows = NULL;
    plan.stage_layers = NULL;
    plan.sequence = false;
    plan.tensor_chunks = 1;
    plan.loader = NULL;
    plan.microbatches = means.microbatches;
    model_set_recompute(setup->model, means.recompute);
    struct rank *rank = rack_rank(rack, 0);
    struct training *training = training_create(rank, &plan);
    training_step(rank, training, 0);
    rank_end(rank);
    uint64_t length_ps = rack_finish(rack, &ignored) ? clock_length_ps(rack_clock(rack)) : 0;
    training_free(training);
    model_set_recompute(setup->model, means_of(setup).recompute);
    mesh_free(mesh);
    rack_free(rack);
    errors_release(&ignored);
    return length_ps;
}

static bool is_costed(const struct setup *setup)
{
    return setup->cost->duration && !setup->goal && !setup->strategy->has_server;
}

uint64_t baseline_step_ps(const struct setup *setup)
{
    return is_costed(setup) ? step_ps(setup, setup->cluster->devices[0], setup->batch, none) : 0;
}

void baseline_notes(const struct setup *setup, struct result *result)
{
    bool divides = config_choice(setup->config, "microbatches") < 0 && setup->microbatches > 1;
    enum recompute kind = means_of(setup).recompute;
    bool drops = kind != RECOMPUTE_NONE && model_can_recompute(setup->model, kind);
    if (is_costed(setup) && (divides || drops))
        result_note(result, "speed-up and efficiency are over `single` with microbatches=1 and recompute=none, "
                            "as it is fastest, whether it fits one node or not; of this run's%s%s%s%s it has "
                            "nothing",
                    divides ? " microbatches=" : "", divides ? config_text(setup->config, "microbatches") : "",
                    drops ? " recompute=" : "", drops ? config_text(setup->config, "recompute") : "");
}

uint64_t alone_step_ps(const struct setup *setup, int node, size_t batch)
{
    struct device device = setup->cluster->devices[node];
    device.memory_bytes = UINT64_MAX; /* it is asked how fast, not whether it fits */
    return setup->cost->duration ? step_ps(setup, device, batch, means_of(setup)) : 0;
}
