#include "schedule.h"

#include "threadrack/base/family.h"
#include "threadrack/base/memory.h"

#include <stdlib.h>

const struct schedule_ops *const schedules[] = {
#define SCHEDULE(name) &schedule_##name,
#include "schedule.def"
#undef SCHEDULE
    NULL,
};

struct schedule *schedule_parse(const char *text, const char *where, struct errors *errors)
{
    const struct schedule_ops *ops = family_find(schedules, FAMILY_WITH_OPTIONS, "schedule",
                                                 "schedules", text, where, errors);
    if (!ops)
        return NULL;
    struct schedule *schedule = memory_zeroed(1, sizeof *schedule);
    *schedule = (struct schedule){.ops = ops, .factor = 1};
    if (options_read(ops->kind->options, text, ops->options, where, schedule->option, errors))
        return schedule;
    free(schedule);
    return NULL;
}

void schedule_free(struct schedule *schedule)
{
    free(schedule);
}

void schedule_fit(struct schedule *schedule, uint64_t steps, double factor)
{
    int own = schedule->ops->kind->steps;
    double *start = &schedule->option[SCHEDULE_START];
    bool given = own && schedule->option[own] >= 0;
    schedule->steps = given ? schedule->option[own] : (double)steps;
    schedule->factor = factor;
    if (*start < 0)
        *start = factor > 1 ? 1 / factor : 0;
}

uint64_t schedule_warmup(const struct schedule *schedule)
{
    return (uint64_t)schedule->option[SCHEDULE_WARMUP];
}

double schedule_rate(const struct schedule *schedule, uint64_t step)
{
    const double *option = schedule->option;
    double s = (double)step, warmup = option[SCHEDULE_WARMUP], start = option[SCHEDULE_START];
    if (s < warmup)
        return schedule->factor * (start + (1 - start) * (s + 1) / warmup);
    double left = schedule->steps - warmup;
    double progress = left > 0 && s < schedule->steps ? (s - warmup) / left : 1;
    return schedule->factor * schedule->ops->kind->rate(option, step, progress);
}
