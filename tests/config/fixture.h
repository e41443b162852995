/* A small table of settings, and files written for a test. */
#ifndef THREADRACK_TESTS_CONFIG_FIXTURE_H
#define THREADRACK_TESTS_CONFIG_FIXTURE_H

#include "tests/check.h"

#include "threadrack/config/config.h"

#include <stdlib.h>
#include <unistd.h>

/* Paths of a file's parts go on behind a comma; the data set `digits` does not. */
static inline bool fixture_continues(const char *value, const char *piece)
{
    return !strncmp(value, "file:", 5) && strncmp(piece, "digits", 6);
}

static const struct setting fixture_settings[] = {
    {.key = "nodes", .unit = UNIT_COUNT, .low = 1, .high = 1000000, .fallback = "1"},
    {.key = "model", .kind = SETTING_WORD, .fallback = "mlp:64-10"},
    {.key = "strategy", .kind = SETTING_CHOICE, .choices = "|single|data|tensor",
     .fallback = "single"},
    {.key = "optimizer", .kind = SETTING_WORD},
    {.key = "data", .kind = SETTING_WORD, .fallback = "digits",
     .continues = fixture_continues},
    {.key = "data.order", .kind = SETTING_CHOICE, .choices = "shuffled|sequential",
     .fallback = "shuffled"},
    {.key = "mesh.data", .unit = UNIT_COUNT, .low = 1, .high = 1000000, .choices = "auto",
     .fallback = "auto"},
    {.key = "target", .unit = UNIT_REAL, .low = 0, .high = 1},
    {.key = "clip", .kind = SETTING_CHOICE, .choices = "on|off", .fallback = "off"},
    {.key = "cluster", .kind = SETTING_WORD},
    {.key = "cluster.name", .kind = SETTING_WORD},
    {.key = "cluster.link.bandwidth", .unit = UNIT_BANDWIDTH, .low = 1, .high = 1e15,
     .fallback = "10Gbit/s"},
    {.key = "cluster.link.latency", .unit = UNIT_TIME, .low = 0, .high = 1e12, .fallback = "5us"},
    {.key = "cluster.links", .kind = SETTING_LIST},
    {.key = NULL},
};

static inline struct config *fixture_config(void)
{
    const struct setting *tables[] = {fixture_settings};
    return config_create(tables, 1);
}

/* Writes the bytes to a file of this process's own and returns its name. */
static inline const char *fixture_file(const char *bytes, size_t length)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/threadrack-test-%ld.yaml", (long)getpid());
    FILE *file = fopen(path, "wb");
    CHECK_FATAL(file != NULL);
    CHECK(fwrite(bytes, 1, length, file) == length);
    fclose(file);
    return path;
}

static inline bool fixture_read(struct config *config, const char *text, const char *prefix,
                                enum source source, struct errors *errors)
{
    const char *path = fixture_file(text, strlen(text));
    bool good = config_read(config, path, prefix, source, errors);
    remove(path);
    return good;
}

/* Whether some message holds the words; else prints them all. */
static inline bool fixture_says(const struct errors *errors, const char *words)
{
    for (int i = 0; i < errors->count; i++)
        if (strstr(errors->messages[i], words))
            return true;
    fprintf(stderr, "\nno message says \"%s\":\n", words);
    errors_print(errors, stderr);
    return false;
}

#endif
