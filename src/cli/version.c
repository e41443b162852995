#include "commands.h"

#include "threadrack/base/version.h"
#include "threadrack/host/host.h"
#include "threadrack/math/math.h"

void version_print(FILE *stream, struct argp_state *state)
{
    (void)state;
    struct errors errors;
    errors_init(&errors);
    bool chosen = math_start("auto", &errors);
    fprintf(stream, "threadrack %s\n", THREADRACK_VERSION);
    fprintf(stream, "compiler: %s\n", THREADRACK_COMPILER);
    fprintf(stream, "BLIS: %s, %s build, kernels: %s\n", math_blis_version(), math_blis_build(),
            chosen ? math_kernel() : "none");
    fprintf(stream, "products: %s\n", chosen ? math_products() : "none");
    fprintf(stream, "hwloc: %s\n", host_hwloc_version());
    errors_release(&errors);
}
