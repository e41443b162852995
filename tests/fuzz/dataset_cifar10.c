/* A data set of records of CIFAR-10. */
#include "tests/fuzz/dataset.h"

static void try_bytes(const uint8_t *bytes, size_t length)
{
    fuzz_one_file("cifar10", bytes, length);
}

FUZZ_TARGET(dataset_cifar10, try_bytes);
