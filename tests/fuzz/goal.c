/* GOAL text: whatever the bytes, either a goal or messages. */
#include "tests/fuzz/fuzz.h"

#include "threadrack/clock/graph.h"

static void try_bytes(const uint8_t *bytes, size_t length)
{
    struct errors errors;
    errors_init(&errors);
    struct goal *goal = goal_parse((const char *)bytes, length, "fuzz", &errors);
    if (!goal == (errors.count == 0))
        abort();
    goal_free(goal);
    errors_release(&errors);
}

FUZZ_TARGET(goal, try_bytes);
