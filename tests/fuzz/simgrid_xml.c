/* A SimGrid platform. */
#include "tests/fuzz/fuzz.h"

#include "src/cluster/import/import.h"

static void try_bytes(const uint8_t *bytes, size_t length)
{
    char path[64];
    int file = fuzz_file(bytes, length, path);
    struct errors errors = {0};
    struct remarks remarks = {0};
    platform_free(simgrid_load(path, &remarks, &errors));
    remarks_release(&remarks);
    errors_release(&errors);
    close(file);
}

FUZZ_TARGET(simgrid_xml, try_bytes);
