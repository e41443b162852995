#include "inside.h"

#include <time.h>

int rank_id(const struct rank *self)
{
    return self->id;
}

bool rank_is_real(const struct rank *self)
{
    return self->real;
}

static uint64_t thread_cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* A measured op is recorded when its kernel has ended: until then the rank is starved, and the clock
 * stops there. */
static bool is_measured(const struct rank *self)
{
    return self->rack && !self->rack->cost->duration;
}

static const struct device *device_of(const struct rank *self)
{
    return &self->rack->cluster->devices[self->id];
}

static inline void record_compute(struct rank *self, uint64_t duration_ps)
{
    if (duration_ps == 0)
        return;
    if (!self->real)
        clock_append_compute(self->rack->clock, self->id, duration_ps);
    else
        rank_record(self, &(struct op){.kind = OP_COMPUTE, .value = duration_ps});
}

size_t rank_number_bytes(const struct rank *self, enum number number)
{
    return self->rack ? self->rack->precision.bytes[number] : sizeof(float);
}

bool rank_has_masters(const struct rank *self)
{
    return self->rack && self->rack->precision.masters;
}

bool rank_compute_begin(struct rank *self, struct work work)
{
    if (self->rack && !is_measured(self)) {
        const uint8_t *bytes = self->rack->precision.bytes;
        work.bytes += work.values * bytes[NUMBER_VALUE] + work.gradients * bytes[NUMBER_GRADIENT];
        record_compute(self, cost_ps(self->rack->cost, device_of(self), &work));
    }
    if (!self->real)
        return false;
    if (self->desk)
        pthread_mutex_lock(self->desk->core);
    if (is_measured(self))
        self->desk->measured_from_ns = thread_cpu_ns();
    return true;
}

void rank_compute_end(struct rank *self)
{
    uint64_t elapsed_ns = is_measured(self) ? thread_cpu_ns() - self->desk->measured_from_ns : 0;
    if (self->desk)
        pthread_mutex_unlock(self->desk->core);
    if (is_measured(self))
        record_compute(self, cost_scaled_ps(device_of(self), elapsed_ns * 1000));
}

void rank_replay(struct rank *self)
{
    rank_record(self, &(struct op){.kind = OP_GRAPH});
}

void rank_mark(struct rank *self)
{
    rank_record(self, &(struct op){.kind = OP_MARK});
}

void rank_mark_for(struct rank *self, int first)
{
    rank_record(self, &(struct op){.kind = OP_MARK, .value = (uint64_t)first});
}

void rank_mark_alone(struct rank *self)
{
    rank_record(self, &(struct op){.kind = OP_MARK, .value = OP_ALONE});
}

void rank_mark_for_all(struct rank *self)
{
    rank_record(self, &(struct op){.kind = OP_MARK, .value = OP_ALL});
}

void rank_end(struct rank *self)
{
    rank_record(self, &(struct op){.kind = OP_END});
}

const struct cluster *rank_cluster(const struct rank *self)
{
    return self->rack->cluster;
}
