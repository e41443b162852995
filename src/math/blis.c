/* Products, by packed blocks of our own where these are quicker, else through BLIS's typed expert interface, and
 * the choice of kernels.
 *
 * BLIS 0.9 takes its haswell kernels on AVX-512 machines that it does not recognise, at half the
 * speed, so the choice is made here, before BLIS looks. And skx has no path for small matrices
 * while haswell has, so beside skx the haswell context serves small shapes: measured on a Xeon of
 * 2.8 GHz, 3.3 against 0.2 GFLOP/s at 8x8x8, equal near 96x96x96, and 23 to 62 against 6 to 22
 * where a side of C is 16. Contexts by name exist in the static library only; with a
 * shared one a single context serves all shapes.
 */
#include "threadrack/math/math.h"

#include "threadrack/base/text.h"

#include "packed.h"
#include "quiet_blis.h"
#include "reference.h"
#include "tile.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Not exported by shared builds of the library, where it is then NULL. */
extern __typeof__(bli_gks_lookup_id) bli_gks_lookup_id __attribute__((weak));

/* A const pointer from BLIS 1.0 on. */
typedef __typeof__(bli_gks_query_cntx()) context_t;

static struct {
    const char *name;       /* NULL before math_start */
    context_t large, small; /* NULL: BLIS's own */
    bool reference, blis_alone;
} kernels;

struct choice {
    const char *name;
    arch_t id;
    bool (*runs_here)(void);
};

#ifdef __x86_64__
static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#else
static bool has_avx512(void)
{
    return false;
}

static bool has_avx2(void)
{
    return false;
}
#endif

static bool always(void)
{
    return true;
}

static const struct choice choices[] = {
    {"skx", BLIS_ARCH_SKX, has_avx512},
    {"haswell", BLIS_ARCH_HASWELL, has_avx2},
    {"generic", BLIS_ARCH_GENERIC, always},
};
enum { CHOICES = sizeof choices / sizeof *choices };

/* NULL: left to BLIS. */
static const struct choice *find(const char *name)
{
    for (int i = 0; i < CHOICES; i++)
        if (!strcmp(name, choices[i].name))
            return &choices[i];
    return NULL;
}

static context_t context_of(arch_t id)
{
    bool known = bli_gks_lookup_id && bli_gks_lookup_id(id);
    return known ? bli_gks_lookup_id(id)[BLIS_NAT] : NULL;
}

/* Tells BLIS before its first call; the numbers are this header's, so that another version's
 * numbering does no harm. A user's own BLIS_ARCH_TYPE must not overrule the manifest. */
static void tell_blis(const struct choice *choice)
{
    char number[12];
    if (!choice) {
        unsetenv("BLIS_ARCH_TYPE");
    } else {
        snprintf(number, sizeof number, "%d", (int)choice->id);
        setenv("BLIS_ARCH_TYPE", number, 1);
    }
    bli_init();
}

static bool use(const struct choice *choice, struct errors *errors)
{
    tell_blis(choice);
    context_t large = choice ? context_of(choice->id) : NULL;
    if (choice && !large && bli_arch_query_id() != choice->id)
        return errors_add(errors,
                          "math.kernel=%s: this BLIS (%s) has no such kernels, or has "
                          "already begun with '%s'",
                          choice->name, math_blis_version(), bli_arch_string(bli_arch_query_id()));
    bool skx = choice && choice->id == BLIS_ARCH_SKX;
    kernels.large = large;
    kernels.small = skx && context_of(BLIS_ARCH_HASWELL) ? context_of(BLIS_ARCH_HASWELL) : large;
    kernels.name = choice ? choice->name : bli_arch_string(bli_arch_query_id());
    kernels.reference = kernels.blis_alone = false;
    tile_choose(kernels.name);
    return true;
}

static bool start(const char *word, struct errors *errors)
{
    static const char *const words[] = {"auto", "blis", "skx", "haswell", "generic", "reference"};
    const struct choice *choice = find(word);
    bool alone = !strcmp(word, "blis");
    if (!strcmp(word, "reference")) {
        kernels.reference = true;
        kernels.name = "reference";
        return true;
    }
    if (alone || !strcmp(word, "auto"))
        choice = has_avx512() ? find("skx") : NULL;
    else if (!choice)
        return errors_add(errors,
                          "math.kernel=%s: expected auto, blis, skx, haswell, generic or "
                          "reference%s",
                          word, text_suggestion(word, words, 6));
    if (choice && !choice->runs_here())
        return errors_add(errors, "math.kernel=%s: this processor cannot run these kernels", word);
    if (!use(choice, errors))
        return false;
    kernels.blis_alone = alone;
    return true;
}

/* Jobs of a sweep start side by side, all with one choice; only the first does anything. */
bool math_start(const char *word, struct errors *errors)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static char started[16];
    pthread_mutex_lock(&lock);
    bool good = !strcmp(word, started) || start(word, errors);
    if (good)
        snprintf(started, sizeof started, "%s", word);
    pthread_mutex_unlock(&lock);
    return good;
}

const char *math_kernel(void)
{
    return kernels.name ? kernels.name : "none";
}

const char *math_products(void)
{
    return kernels.reference                            ? "plain loops"
           : kernels.blis_alone || !packed_room_bytes() ? "BLIS"
                                                        : "packed blocks and BLIS";
}

bool math_by_plain_loops(void)
{
    return kernels.reference;
}

const char *math_blis_version(void)
{
    return bli_info_get_version_str();
}

const char *math_blis_build(void)
{
    return bli_info_get_enable_openmp()     ? "openmp"
           : bli_info_get_enable_pthreads() ? "pthreads"
                                            : "serial";
}

static size_t packed_bytes(context_t context)
{
    dim_t m = bli_cntx_get_blksz_max_dt(BLIS_FLOAT, BLIS_MC, context);
    dim_t n = bli_cntx_get_blksz_max_dt(BLIS_FLOAT, BLIS_NC, context);
    dim_t k = bli_cntx_get_blksz_max_dt(BLIS_FLOAT, BLIS_KC, context);
    return (size_t)((m + n) * k) * sizeof(float);
}

size_t math_pool_bytes(void)
{
    if (kernels.reference || !kernels.name)
        return 0;
    size_t large = packed_bytes(kernels.large ? kernels.large : bli_gks_query_cntx());
    size_t small = kernels.small ? packed_bytes(kernels.small) : 0;
    return (large > small ? large : small) + packed_room_bytes();
}

size_t math_stack_bytes(void)
{
    return kernels.reference ? (size_t)64 << 10 : (size_t)256 << 10;
}

/* Never by anything but the shape, so that a result does not depend on where it was computed. */
static bool is_small(size_t m, size_t n, size_t k)
{
    size_t side = m < n ? m : n;
    return side <= 32 || m * n * k <= 96 * 96 * 96;
}

/* zen3's and haswell's path for small matrices is taken as soon as one side is; it does not pack,
 * and large strides then cost up to a third: 53 against 75 GFLOP/s at 256x1024x1024. */
static bool wants_packing(size_t m, size_t n, size_t k)
{
    return m * n * k >= (size_t)1 << 25;
}

void math_gemm(enum transpose ta, enum transpose tb, size_t m, size_t n, size_t k, float alpha,
               const float *a, size_t a_stride, const float *b, size_t b_stride, float beta,
               float *c, size_t c_stride)
{
    if (kernels.reference) {
        math_gemm_reference(ta, tb, m, n, k, alpha, a, a_stride, b, b_stride, beta, c, c_stride);
        return;
    }
    if (!kernels.name)
        BUG("a product before math_start");
    if (!kernels.blis_alone && packed_takes(m, n, k)) {
        packed_product(&(struct large_product){.m = m,
                                               .n = n,
                                               .k = k,
                                               .a = {a, a_stride, ta == TRANSPOSED},
                                               .b = {b, b_stride, tb == TRANSPOSED},
                                               .alpha = alpha,
                                               .beta = beta,
                                               .c = c,
                                               .c_stride = c_stride});
        return;
    }
    rntm_t alone = BLIS_RNTM_INITIALIZER;
    bli_rntm_set_num_threads(1, &alone);
    if (wants_packing(m, n, k))
        bli_rntm_disable_l3_sup(&alone);
    bli_sgemm_ex(ta == PLAIN ? BLIS_NO_TRANSPOSE : BLIS_TRANSPOSE,
                 tb == PLAIN ? BLIS_NO_TRANSPOSE : BLIS_TRANSPOSE, (dim_t)m, (dim_t)n, (dim_t)k,
                 &alpha, (float *)a, (inc_t)a_stride, 1, (float *)b, (inc_t)b_stride, 1, &beta, c,
                 (inc_t)c_stride, 1, is_small(m, n, k) ? kernels.small : kernels.large, &alone);
}
