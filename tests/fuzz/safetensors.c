/* Checkpoints, of weights and of a training's state: lengths, JSON header, metadata, and tensors that
 * must tile the data. */
#include "tests/fuzz/fuzz.h"

#include "threadrack/model/checkpoint.h"

static void try_bytes(const uint8_t *bytes, size_t length)
{
    char path[64];
    int file = fuzz_file(bytes, length, path);
    struct errors errors = {0};
    struct model_spec *spec = model_parse("mlp:2-3-1", "fuzz", &errors);
    struct optimizer_spec *how = optimizer_parse("adamw", "fuzz", &errors);
    struct checkpoint *weights = checkpoint_create(spec);
    struct checkpoint *state = checkpoint_create_state(spec, how);
    checkpoint_load(weights, path, "fuzz", &errors);
    checkpoint_load_state(state, path, "fuzz", &errors);
    checkpoint_free(weights);
    checkpoint_free(state);
    optimizer_spec_free(how);
    model_spec_free(spec);
    errors_release(&errors);
    close(file);
}

FUZZ_TARGET(safetensors, try_bytes);
