/* A checkpoint: lengths, JSON header, and tensors that must tile the data. */
#include "tests/fuzz/fuzz.h"

#include "threadrack/model/checkpoint.h"

static void try_bytes(const uint8_t *bytes, size_t length)
{
    char path[64];
    int file = fuzz_file(bytes, length, path);
    struct errors errors = {0};
    struct model_spec *spec = model_parse("mlp:2-3-1", "fuzz", &errors);
    struct checkpoint *checkpoint = checkpoint_create(spec);
    checkpoint_load(checkpoint, path, "fuzz", &errors);
    checkpoint_free(checkpoint);
    model_spec_free(spec);
    errors_release(&errors);
    close(file);
}

FUZZ_TARGET(safetensors, try_bytes);
