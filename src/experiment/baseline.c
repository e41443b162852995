/* A step of `single` on one such node, of speed 1 and without noise: what speed-ups are over, and what
 * nodes' speeds are told apart by. Costed timing-only, where it is the same number as a real run's. */
#include "inside.h"

static uint64_t step_ps(const struct setup *setup, struct device device, size_t batch)
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
    if (config_choice(setup->config, "microbatches") >= 0)
        plan.microbatches = 1;
    struct rank *rank = rack_rank(rack, 0);
    struct training *training = training_create(rank, &plan);
    training_step(rank, training, 0);
    rank_end(rank);
    uint64_t length_ps = rack_finish(rack, &ignored) ? clock_length_ps(rack_clock(rack)) : 0;
    training_free(training);
    mesh_free(mesh);
    rack_free(rack);
    errors_release(&ignored);
    return length_ps;
}

uint64_t baseline_step_ps(const struct setup *setup)
{
    if (!setup->cost->duration || setup->goal || setup->strategy->has_server)
        return 0;
    return step_ps(setup, setup->cluster->devices[0], setup->batch);
}

uint64_t alone_step_ps(const struct setup *setup, int node, size_t batch)
{
    struct device device = setup->cluster->devices[node];
    device.memory_bytes = UINT64_MAX; /* it is asked how fast, not whether it fits */
    return setup->cost->duration ? step_ps(setup, device, batch) : 0;
}
