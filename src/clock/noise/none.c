/* No noise: every op takes what its cost says. */
#include "../noise.h"

const struct noise_ops noise_none = {
    .name = "none",
    .summary = "every compute op takes what its cost says",
    .options = "",
};
