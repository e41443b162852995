#include "machine.h"

const char *host_hwloc_version(void)
{
    /* The library's interface version is X.Y only; the header's text is that of the build. */
    return HWLOC_VERSION;
}
