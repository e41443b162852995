#include "words.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

void buckets_init(struct buckets *buckets, struct rank *self, const struct training *training)
{
    const struct plan *plan = training->plan;
    size_t floats = plan->bucket_bytes / sizeof(float);
    *buckets = (struct buckets){.gradients = training->model->gradients,
                                .bucket_floats = floats ? floats : 1};
    allreduce_init(&buckets->group, self, plan->mesh->data[rank_id(self)], plan->allreduce);
    /* A bucket ends with a layer, so there are no more buckets than layers. */
    buckets->room = training->model->part_count + 1;
    buckets->requests = memory_zeroed((size_t)buckets->room, sizeof *buckets->requests);
}

void buckets_release(struct buckets *buckets)
{
    free(buckets->requests);
}

static void post(struct buckets *buckets)
{
    if (buckets->count == buckets->room)
        BUG("more buckets than layers");
    float *gradients = buckets->gradients ? buckets->gradients + buckets->begin : NULL;
    buckets->requests[buckets->count++] =
        allreduce_post(&buckets->group, gradients, buckets->end - buckets->begin);
    buckets->end = buckets->begin;
}

void bucket_gradient_ready(void *context, struct rank *self, size_t at, size_t count)
{
    (void)self;
    struct buckets *buckets = &((struct training *)context)->buckets;
    if (group_size(buckets->group.group) == 1)
        return;
    if (buckets->begin == buckets->end)
        buckets->end = at + count;
    buckets->begin = at;
    bool full = buckets->end - buckets->begin >= buckets->bucket_floats;
    if ((full || at == 0) && buckets->end > buckets->begin)
        post(buckets);
}

void buckets_wait(struct rank *self, struct buckets *buckets)
{
    for (int i = 0; i < buckets->count; i++)
        rank_wait(self, buckets->requests[i]);
    buckets->count = 0;
    buckets->begin = buckets->end = 0;
}
