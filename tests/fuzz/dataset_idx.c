/* A data set of IDX: images and labels. */
#include "tests/fuzz/dataset.h"

static void try_bytes(const uint8_t *bytes, size_t length)
{
    fuzz_two_files("idx", bytes, length);
}

FUZZ_TARGET(dataset_idx, try_bytes);
