/* Every element as bf16: half the bytes, and each sum on the way is rounded (as PyTorch's
 * bf16_compress_hook, Li et al. 2020). */
#include "compressors.h"

const struct compressor_ops compressor_bf16 = {
    .name = "bf16",
    .summary = "elements and their sums are rounded to bf16, 2 bytes each",
    .options = "",
    .element = ELEMENT_BF16,
};
