/* A command line, a word a line: sweeps by lists and ranges, quantities, members' options. */
#include "tests/fuzz/fuzz.h"

#include "threadrack/cluster/cluster.h"
#include "threadrack/experiment/experiment.h"

static void try_member(const char *word, struct errors *errors)
{
    struct member_text member;
    member_parse(word, "fuzz", &member, errors);
    member_release(&member);
}

static void try_bytes(const uint8_t *bytes, size_t length)
{
    const struct setting *tables[] = {experiment_settings, cluster_settings};
    struct config *config = config_create(tables, 2);
    struct errors errors = {0};
    char *state, *text = strndup((const char *)bytes, length);
    for (char *word = strtok_r(text, "\n", &state); word; word = strtok_r(NULL, "\n", &state)) {
        config_set(config, word, &errors);
        try_member(word, &errors);
    }
    for (int zip = 0; zip < 2; zip++)
        if (config_point_count(config, zip, &errors) > 0)
            config_free(config_point(config, 0, zip));
    free(text);
    config_free(config);
    errors_release(&errors);
}

FUZZ_TARGET(words, try_bytes);
