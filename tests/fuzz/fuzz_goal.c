/* GOAL text: whatever the bytes, either a goal or messages, and no more of either. */
#include "threadrack/clock/graph.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct errors errors;
    errors_init(&errors);
    struct goal *goal = goal_parse((const char *)data, size, "fuzz", &errors);
    if (!goal == (errors.count == 0))
        abort();
    goal_free(goal);
    errors_release(&errors);
    return 0;
}
