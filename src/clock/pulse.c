/* What is heard of a clock while it resolves, and how it is stopped. */
#include "resolver/dataflow.h"

void clock_pulse_with(struct clock *clock, struct clock_pulse pulse)
{
    clock->pulse = pulse;
}

/* Resolvers of dataflow stop as they do where they are lost. */
bool clock_beat(struct clock *clock)
{
    clock->work = 0;
    if (!clock->pulse.beat || clock->stopped || clock->pulse.beat(clock->pulse.context, clock))
        return !clock->stopped;
    clock->stopped = clock->stuck = true;
    if (clock->flow)
        dataflow_lose(clock->flow, "it was stopped");
    return false;
}

bool clock_stopped(const struct clock *clock)
{
    return clock->stopped;
}

int clock_marks_by(struct clock *clock, int ranks)
{
    while (clock->marks_passed < clock->mark_count && clock->marks[clock->marks_passed].ranks >= ranks)
        clock->marks_passed++;
    return clock->marks_passed;
}

uint64_t clock_messages_so_far(const struct clock *clock)
{
    const struct dataflow *flow = clock->flow;
    uint64_t count = flow ? flow->passing : clock->messages;
    for (int rank = 0; flow && rank < clock->rank_count; rank++)
        count += flow->local ? clock->books[rank].record.messages_sent : flow->tasks[rank].messages;
    return count;
}
