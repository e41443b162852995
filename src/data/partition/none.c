/* One sequence for all. */
#include "partitions.h"

const struct partition_ops partition_none = {
    .name = "none",
    .summary = "all nodes draw from one sequence, each its share of every global batch",
    .options = "",
};
