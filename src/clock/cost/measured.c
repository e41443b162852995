/* The thread's own CPU time for each op, divided by the node's speed. The one cost that is not
 * reproducible: two runs differ as the host's load does, and the summary says so. */
#include "threadrack/clock/cost.h"

const struct cost_ops cost_measured = {
    .name = "measured",
    .summary = "the thread's own CPU time on this host; not reproducible, needs math=on",
    .options = "",
    .duration = NULL,
};
