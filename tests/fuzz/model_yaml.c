/* A network's file: libyaml's tree into layers, bound to images. */
#include "tests/fuzz/fuzz.h"

#include "threadrack/model/model.h"

static void try_bytes(const uint8_t *bytes, size_t length)
{
    static const struct model_data data = {.name = "fuzz",
                                           .width = 192,
                                           .channels = 3,
                                           .height = 8,
                                           .image_width = 8,
                                           .target_width = 1,
                                           .classes = 10};
    char path[64], text[80];
    int file = fuzz_file(bytes, length, path);
    struct errors errors = {0};
    snprintf(text, sizeof text, "file:%s", path);
    struct model_spec *spec = model_parse(text, "fuzz", &errors);
    if (spec && model_bind(spec, &data, "fuzz", &errors))
        (void)model_flops_per_sample(spec);
    if (spec)
        model_spec_free(spec);
    errors_release(&errors);
    close(file);
}

FUZZ_TARGET(model_yaml, try_bytes);
