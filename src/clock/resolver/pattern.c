#include "pattern.h"

#include <stdlib.h>

enum { ROUNDS_LEAST = 4, ROUNDS_MOST = 1024, IDLE_MOST = 4 };

static bool is_of(const struct pattern *pattern, const struct schedule *schedule,
                  const struct call *call, uint64_t unit_bytes)
{
    return pattern->schedule == schedule && pattern->call.count == call->count &&
           pattern->call.root == call->root && pattern->unit_bytes == unit_bytes;
}

static unsigned rounds_for(int size)
{
    unsigned rounds = ROUNDS_LEAST;
    while (rounds < ROUNDS_MOST && (int)rounds < size)
        rounds *= 2;
    return rounds;
}

/* One that nobody uses is made use of when there are several, so that they do not become many. */
static struct pattern *pattern_new(struct group *group)
{
    int count = 0;
    struct pattern *idle = NULL;
    for (struct pattern *pattern = group->patterns; pattern; pattern = pattern->next, count++)
        if (!pattern->users)
            idle = pattern;
    if (idle && count >= IDLE_MOST)
        return idle;
    unsigned rounds = rounds_for(group->size);
    struct pattern *made = memory_zeroed(1, sizeof *made + rounds * sizeof made->rounds[0]);
    made->mask = rounds - 1;
    made->next = group->patterns;
    group->patterns = made;
    return made;
}

/* Whether each round is a step of every member, and there are no other steps. */
static bool is_fit(const struct schedule *schedule, const struct call *call)
{
    struct round round;
    struct step step;
    int rounds = 0;
    for (; schedule->round(call, rounds, &round); rounds++)
        if (round.pairing == ROUND_ONE_WAY || round.folded)
            return false;
    return rounds && schedule->step(call, rounds - 1, &step) &&
           !schedule->step(call, rounds, &step);
}

struct pattern *pattern_take(struct group *group, const struct schedule *schedule,
                             const struct call *call, uint64_t unit_bytes)
{
    for (struct pattern *pattern = group->patterns; pattern; pattern = pattern->next)
        if (is_of(pattern, schedule, call, unit_bytes)) {
            pattern->users += pattern->fit;
            return pattern->fit ? pattern : NULL;
        }
    if (!schedule->round)
        return NULL;
    struct pattern *made = pattern_new(group);
    made->fit = is_fit(schedule, call);
    made->users = made->fit;
    made->schedule = schedule;
    made->call = *call;
    made->unit_bytes = unit_bytes;
    for (unsigned i = 0; i <= made->mask; i++)
        made->rounds[i].index = -1;
    return made->fit ? made : NULL;
}

void patterns_free(struct group *group)
{
    for (struct pattern *pattern = group->patterns, *next; pattern; pattern = next) {
        next = pattern->next;
        free(pattern);
    }
    group->patterns = NULL;
}

bool pattern_learn(struct dataflow *flow, const struct group *group, const struct pattern *pattern,
                   int index, struct known_round *place)
{
    struct known_round known = {.index = index};
    if (!pattern->schedule->round(&pattern->call, index, &known.round))
        return false;
    size_t parts = known.round.parts ? (size_t)known.round.parts : 1;
    size_t elements = known.round.elements;
    if (known.round.parts)
        elements = pattern->call.count / parts * (size_t)known.round.width;
    known.even = !known.round.as_steps && pattern->call.count % parts == 0;
    known.bytes = elements * pattern->unit_bytes;
    known.stream_ps = road_stream(&flow->roads, flow->roads.path, known.bytes);
    known.add_ps = known.round.reduce ? step_add_ps(flow, 0, known.bytes) : 0;
    known.plain = known.even && group->dense && flow->roads.uniform &&
                  (flow->devices_alike || !known.round.reduce);
    *place = known;
    return true;
}
