/* A data set of LIBSVM's sparse rows. */
#include "tests/fuzz/dataset.h"

static void try_bytes(const uint8_t *bytes, size_t length)
{
    fuzz_one_file("libsvm", bytes, length);
}

FUZZ_TARGET(dataset_libsvm, try_bytes);
