/* A data set of arrays of NumPy: features and labels. */
#include "tests/fuzz/dataset.h"

static void try_bytes(const uint8_t *bytes, size_t length)
{
    fuzz_two_files("npy", bytes, length);
}

FUZZ_TARGET(dataset_npy, try_bytes);
