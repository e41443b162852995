/* The orders of pipeline schedules, and what can be told from one. */
#include "threadrack/strategy/pipeline.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

#define PIPELINE(name) extern const struct pipeline_schedule pipeline_##name;
#include "pipeline.def"
#undef PIPELINE

const struct pipeline_schedule *const pipelines[] = {
#define PIPELINE(name) &pipeline_##name,
#include "pipeline.def"
#undef PIPELINE
    NULL};

void order_add(struct stage_order *order, struct stage_task task)
{
    *vector_push(&order->tasks, &order->count, &order->room) = task;
}

void order_release(struct stage_order *order)
{
    free(order->tasks);
    *order = (struct stage_order){0};
}

bool order_splits(const struct stage_order *order)
{
    return order->tasks[order->count - 1].work == WORK_BACKWARD_WEIGHT;
}

struct stage_task order_in_groups(struct stage_place place, enum stage_work work, int k)
{
    int before = k / (place.stages * place.chunks) * place.stages, left = place.microbatches - before;
    int group = left < place.stages ? left : place.stages, in_group = k - before * place.chunks;
    int chunk = in_group / group;
    return (struct stage_task){work, before + in_group % group,
                               work == WORK_FORWARD ? chunk : place.chunks - 1 - chunk};
}

/* Microbatches begin and end in their order, so those between are a window. */
int order_slots(const struct stage_order *order, int chunk)
{
    int ended = 0, most = 0;
    for (int i = 0; i < order->count; i++) {
        const struct stage_task *task = &order->tasks[i];
        if (task->chunk != chunk)
            continue;
        if (task->work == WORK_FORWARD && task->microbatch + 1 - ended > most)
            most = task->microbatch + 1 - ended;
        if (task->work == WORK_BACKWARD || task->work == WORK_BACKWARD_WEIGHT)
            ended++;
    }
    return most;
}
