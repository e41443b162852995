#include "threadrack/clock/pace.h"

#include "threadrack/base/memory.h"

#include <math.h>
#include <stdlib.h>

struct pace {
    const struct cluster *cluster;
    int ranks;
    struct noise noise; /* ops NULL: none */
    uint64_t *numbers;  /* of each rank's next compute op; NULL without noise */
};

struct pace *pace_create(const struct cluster *cluster, int ranks)
{
    struct pace *pace = memory_zeroed(1, sizeof *pace);
    pace->cluster = cluster;
    pace->ranks = ranks;
    return pace;
}

void pace_free(struct pace *pace)
{
    if (!pace)
        return;
    free(pace->numbers);
    free(pace);
}

void pace_set_noise(struct pace *pace, const struct noise *noise)
{
    if (!noise->ops->stretch)
        return;
    pace->noise = *noise;
    pace->numbers = memory_zeroed((size_t)pace->ranks, sizeof *pace->numbers);
}

bool pace_has_traces(const struct pace *pace)
{
    return pace->cluster->speed_traces;
}

bool pace_is_steady(const struct pace *pace)
{
    return !pace->numbers && !pace_has_traces(pace);
}

uint64_t pace_along(const struct trace *trace, uint64_t begin_ps, uint64_t duration_ps)
{
    double left = (double)duration_ps;
    uint64_t now_ps = begin_ps;
    for (int i = trace_segment(trace, begin_ps); i + 1 < trace->count; i++) {
        double speed = i < 0 ? 1 : trace->factor[i];
        double room = (double)(trace->begin_ps[i + 1] - now_ps);
        if (left <= room * speed)
            return now_ps - begin_ps + (uint64_t)floor(left / speed + 0.5);
        left -= room * speed;
        now_ps = trace->begin_ps[i + 1];
    }
    double speed = trace->count ? trace->factor[trace->count - 1] : 1;
    return now_ps - begin_ps + (uint64_t)floor(left / speed + 0.5);
}

uint64_t pace_add_ps(const struct pace *pace, int rank, uint64_t begin_ps, uint64_t duration_ps)
{
    const struct trace *traces = pace->cluster->speed_traces;
    return traces && traces[rank].count ? pace_along(&traces[rank], begin_ps, duration_ps)
                                        : duration_ps;
}

uint64_t pace_compute_ps(struct pace *pace, int rank, uint64_t begin_ps, uint64_t duration_ps)
{
    if (pace->numbers) {
        struct noise_op op = {rank, pace->numbers[rank]++, begin_ps, duration_ps};
        duration_ps = pace->noise.ops->stretch(&pace->noise, &op);
    }
    return pace_add_ps(pace, rank, begin_ps, duration_ps);
}
