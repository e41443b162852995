#include "predict.h"

#include "threadrack/rank/post.h"

/* The collective alone, on the group's own nodes. */
static uint64_t simulated_ps(const struct question *question, const struct collective *collective)
{
    int ranks = question->nodes[question->size - 1] + 1;
    struct rack *rack = rack_create(question->cluster, question->netmodel, compute_costs[0], ranks);
    struct group *group = rack_group(rack, question->nodes, question->size, false);
    for (int i = 0; i < question->size; i++) {
        struct rank *rank = rack_rank(rack, question->nodes[i]);
        enum element element = question->element_bytes == sizeof(float) ? ELEMENT_FP32 : ELEMENT_HALF;
        rank_collective_as(rank, group, &collective->schedule, 0, element, NULL, question->count);
    }
    for (int i = 0; i < ranks; i++)
        rank_end(rack_rank(rack, i));
    struct errors errors;
    errors_init(&errors);
    if (!rack_finish(rack, &errors))
        BUG("%s does not come to its end", collective->schedule.name);
    errors_release(&errors);
    uint64_t length_ps = clock_length_ps(rack_clock(rack));
    rack_free(rack);
    return length_ps;
}

/* What a strand of a member adds up, on the first node's device. */
static uint64_t strand_additions_ps(const struct question *question, const struct collective *collective,
                                    const struct call *call)
{
    const struct device *device = &question->cluster->devices[0];
    struct step step;
    uint64_t total = 0;
    if (device->add_Bps == 0)
        return 0;
    for (int i = 0; collective->schedule.step(call, i, &step); i++)
        if (step.reduce)
            total += cost_scaled_ps(
                device, transfer_ps(step.recv.count * question->element_bytes, device->add_Bps));
    return total;
}

/* Strands add one after the other. */
static uint64_t additions_ps(const struct question *question, const struct collective *collective,
                             int member)
{
    struct call call = {.size = question->size,
                        .rank = member,
                        .count = question->count,
                        .context = collective->schedule.context};
    int strands = schedule_strands(&collective->schedule, &call);
    uint64_t total = 0;
    for (; call.strand < strands; call.strand++)
        total += strand_additions_ps(question, collective, &call);
    return total;
}

/* Member 0 is the root of trees, and member 1 takes part for two where members are folded: they
 * have the most to add. */
uint64_t predict_by_formula_ps(const struct question *question, const struct collective *collective)
{
    struct call call = {
        .size = question->size, .count = question->count, .context = collective->schedule.context};
    uint64_t root = additions_ps(question, collective, 0),
             next = additions_ps(question, collective, 1);
    uint64_t sending = question->netmodel->free_of_cost
                           ? 0
                           : collective->closed_form_ps(&call, question->element_bytes,
                                                        question->path);
    return sending + (root > next ? root : next);
}

uint64_t predict_ps(const struct question *question, const struct collective *collective)
{
    return question->nodes ? simulated_ps(question, collective) : predict_by_formula_ps(question, collective);
}
