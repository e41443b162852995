/* From the clock's records to what they mean. */
#include "closed.h"

#include "threadrack/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double seconds(uint64_t ps)
{
    return (double)ps * 1e-12;
}

static void add_up(struct result *result)
{
    uint64_t compute = 0, exposed = 0, waiting = 0, bubble = 0, slowest = 0;
    for (int i = 0; i < result->nodes; i++) {
        const struct node_record *node = &result->node[i];
        uint64_t memory = 0;
        compute += node->compute_ps;
        exposed += node->exposed_comm_ps;
        waiting += node->waiting_ps;
        bubble += node->bubble_ps;
        slowest = node->compute_ps > slowest ? node->compute_ps : slowest;
        result->bytes_sent += node->bytes_sent;
        result->messages_sent += node->messages_sent;
        for (int kind = 0; kind < RECORD_MEMORY_KINDS; kind++)
            memory += node->memory_bytes[kind];
        if (memory > result->peak_memory_bytes)
            result->peak_memory_bytes = memory;
    }
    double all = (double)result->length_ps * result->nodes;
    result->compute_share = all > 0 ? (double)compute / all : 0;
    result->communication_share = all > 0 ? (double)exposed / all : 0;
    result->waiting_share = all > 0 ? (double)waiting / all : 0;
    result->bubble_share = all > 0 ? (double)bubble / all : 0;
    result->imbalance = compute ? (double)slowest * result->nodes / (double)compute : NAN;
}

/* Nodes that run free end what they are at when the last step has ended, which counts for nothing. */
static uint64_t steps_ps(const struct setup *setup, const struct result *result)
{
    return setup->strategy->runs_free ? result->step[result->steps - 1].end_ps : result->length_ps;
}

static void measure_steps(struct result *result, const struct setup *setup, const struct clock *clock)
{
    for (int step = 0; step < result->steps; step++) {
        result->step[step].end_ps = clock_mark_ps(clock, step);
        result->step[step].bytes_sent = clock_mark_bytes(clock, step) * (uint64_t)closed_multiplicity(setup);
    }
}

static void measure_speed(struct result *result, const struct setup *setup)
{
    result->step_s = result->steps ? seconds(steps_ps(setup, result)) / result->steps : NAN;
    uint64_t single_ps = baseline_step_ps(setup);
    result->single_step_s = single_ps ? seconds(single_ps) : NAN;
    result->speedup = result->single_step_s / result->step_s;
    result->efficiency = result->speedup / result->nodes;
}

void result_measure_steps(struct result *result, const struct setup *setup, const struct clock *clock, int steps)
{
    result->steps = steps;
    measure_steps(result, setup, clock);
    result->length_ps = steps ? result->step[steps - 1].end_ps : 0;
    result->bytes_sent = steps ? result->step[steps - 1].bytes_sent : 0;
    measure_speed(result, setup);
    result->compute_share = result->communication_share = result->waiting_share = result->bubble_share = NAN;
}

void result_measure(struct result *result, const struct setup *setup, const struct rack *rack)
{
    const struct clock *clock = rack_clock(rack);
    result->length_ps = clock_length_ps(clock);
    result->node = memory_zeroed((size_t)result->nodes, sizeof *result->node);
    for (int i = 0; i < result->nodes; i++) {
        struct node_record *node = &result->node[i];
        int rank = closed_stand_in(setup, i);
        *node = clock_record(clock, rank);
        for (int kind = 0; kind < RECORD_MEMORY_KINDS; kind++)
            node->memory_bytes[kind] = rack_memory_bytes(rack, rank)[kind];
        node->rank = i;
        node->speed = setup->cluster->devices[i].speed;
    }
    measure_steps(result, setup, clock);
    add_up(result);
    measure_speed(result, setup);
    result->mailbox_bytes = rack_mailbox_bytes(rack);
    if (!result->target_reached)
        return;
    result->target_ps = result->step[result->target_step - 1].end_ps;
    result->target_bytes = result->step[result->target_step - 1].bytes_sent;
}

static int by_node(const void *left, const void *right, void *node_of)
{
    const int *nodes = node_of;
    return nodes[((const struct node_record *)left)->rank] - nodes[((const struct node_record *)right)->rank];
}

void result_place(struct result *result, const struct setup *setup)
{
    size_t ranks = (size_t)result->nodes;
    if (!setup->cluster || !setup->cluster->node_of)
        return;
    result->node_of = memory_zeroed(ranks, sizeof *result->node_of);
    memcpy(result->node_of, setup->cluster->node_of, ranks * sizeof *result->node_of);
    if (result->node)
        qsort_r(result->node, ranks, sizeof *result->node, by_node, result->node_of);
}
