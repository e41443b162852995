/* Which tiles go with which of BLIS's kernels. */
#include "../tile.h"

#include <string.h>

static tile_multiply *chosen = tile_generic;

static bool has_avx2(void)
{
#ifdef __x86_64__
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return false;
#endif
}

void tile_choose(const char *kernel)
{
    if (!strcmp(kernel, "skx"))
        chosen = tile_avx512;
    else if (strcmp(kernel, "generic") && has_avx2())
        chosen = tile_avx2;
    else
        chosen = tile_generic;
}

bool tile_is_wide(void)
{
    return chosen != tile_generic;
}

bool tile_is_avx512(void)
{
    return chosen == tile_avx512;
}

void tile_product(const struct product *product)
{
    chosen(product);
}

void tile_rows(size_t k, size_t stride, uint32_t *offsets)
{
    for (size_t l = 0; l < k; l++)
        offsets[l] = (uint32_t)(l * stride);
}
