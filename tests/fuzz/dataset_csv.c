/* A data set of comma-separated numbers. */
#include "tests/fuzz/fuzz.h"

#include "threadrack/data/data.h"

static void try_bytes(const uint8_t *bytes, size_t length)
{
    char path[64], text[80];
    int file = fuzz_file(bytes, length, path);
    struct errors errors = {0};
    snprintf(text, sizeof text, "csv:%s", path);
    dataset_free(dataset_open(&(struct dataset_request){.text = text, .where = "fuzz"}, &errors));
    errors_release(&errors);
    close(file);
}

FUZZ_TARGET(dataset_csv, try_bytes);
