/* evaluate.clock=on: evaluations take simulated time, where there is an instant at which nodes have the model. */
#include "inside.h"

#include "threadrack/comm/mesh.h"

/* NULL: the nodes can evaluate. */
static const char *obstacle(const struct setup *setup)
{
    const struct strategy *strategy = setup->strategy;
    if (strategy->runs_free)
        return "its nodes are at different steps at any instant";
    if (strategy->updates_alone)
        return "no node that has rows has the model that is evaluated";
    if (setup->shape.pipeline > 1 && stale_pipeline(setup))
        return "its stages have microbatches of the next steps in flight at the end of a step";
    if (mesh_length(setup->shape, AXIS_EXPERT) > 1 || mesh_length(setup->shape, AXIS_CONTEXT) > 1)
        return "nodes that share experts or positions out go through the rows of a step only";
    if (setup->zero == 3)
        return "parameters are gathered for the passes of a step only (zero=3)";
    return setup->closed ? "nodes differ by the test rows that they have (collectives=closed_form)" : NULL;
}

bool evaluation_resolve(struct setup *setup, struct errors *errors)
{
    const struct config *config = setup->config;
    bool asked = config_on(config, "evaluate.clock");
    if (!asked || !setup->dataset || !setup->dataset->test_rows)
        return true;
    const char *why = obstacle(setup);
    if (why)
        return errors_add(errors, "%s: evaluations of strategy %s cannot be put on the virtual clock: %s; give off",
                          config_where(config, "evaluate.clock"), setup->strategy->name, why);
    setup->timed_test_rows = setup->dataset->test_rows;
    return true;
}
