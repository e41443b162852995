/* Every element as fp16: half the bytes, and each sum on the way is rounded (as PyTorch's
 * fp16_compress_hook, Li et al. 2020). */
#include "compressors.h"

const struct compressor_ops compressor_fp16 = {
    .name = "fp16",
    .summary = "elements and their sums are rounded to fp16, 2 bytes each",
    .options = "",
    .element = ELEMENT_FP16,
};
