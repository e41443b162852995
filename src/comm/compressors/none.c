/* All of it, as it is. */
#include "compressors.h"

const struct compressor_ops compressor_none = {
    .name = "none",
    .summary = "gradients are sent as they are, 4 bytes an element",
    .options = "",
    .element = ELEMENT_FP32,
};
