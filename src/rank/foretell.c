/* How many messages timing-only ranks have posted, before the clock has resolved them. */
#include "inside.h"

/* Steps that are looked at of one collective: all of a small group's. */
enum { LOOKS_MOST = 1 << 16 };

static uint64_t messages_of_member(struct call call, const struct schedule *schedule, long *looks)
{
    struct step step;
    uint64_t messages = 0;
    int strands = schedule_strands(schedule, &call);
    for (call.strand = 0; call.strand < strands; call.strand++)
        for (int index = 0; schedule->step(&call, index, &step); index++, ++*looks)
            messages += step.send_to >= 0;
    return messages;
}

/* Of a large group, of members so far apart that they are few. */
static uint64_t messages_of(int size, const struct meant *meant)
{
    struct call call = {.size = size,
                        .root = meant->root,
                        .count = meant->count,
                        .context = meant->schedule->context};
    long looks = 0;
    uint64_t messages = messages_of_member(call, meant->schedule, &looks), members = 1;
    long every = 1 + (looks + 1) * size / LOOKS_MOST;
    for (long member = every; member < size; member += every, members++) {
        call.rank = (int)member;
        messages += messages_of_member(call, meant->schedule, &looks);
    }
    return messages * (uint64_t)size / members;
}

/* What a collective is made of hardly depends on its elements, so those of the latest do. */
void foretell_collective(struct rack *rack, int size, const struct meant *meant)
{
    size_t hash = ((uintptr_t)meant->schedule / sizeof(void *) + (size_t)size) % FORECASTS;
    struct forecast *forecast = &rack->forecasts[hash];
    if (meant->schedule->whole)
        return;
    if (forecast->schedule != meant->schedule || forecast->size != size || forecast->root != meant->root)
        *forecast = (struct forecast){meant->schedule, size, meant->root, messages_of(size, meant)};
    foretell(rack, forecast->messages);
}

uint64_t rack_posted_messages(const struct rack *rack)
{
    return atomic_load_explicit(&rack->posted_messages, memory_order_relaxed);
}
