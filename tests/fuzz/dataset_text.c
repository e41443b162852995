/* A data set of bytes of text, or gzip to be inflated. */
#include "tests/fuzz/dataset.h"

static void try_bytes(const uint8_t *bytes, size_t length)
{
    fuzz_one_file("text", bytes, length);
}

FUZZ_TARGET(dataset_text, try_bytes);
