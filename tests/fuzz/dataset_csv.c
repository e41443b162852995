/* A data set of comma-separated numbers. */
#include "tests/fuzz/dataset.h"

static void try_bytes(const uint8_t *bytes, size_t length)
{
    fuzz_one_file("csv", bytes, length);
}

FUZZ_TARGET(dataset_csv, try_bytes);
