/* The README documents every setting and every column, and its how-to shows the strategy as it is. */
#include "tests/check.h"

#include "threadrack/cluster/cluster.h"
#include "threadrack/data/data.h"
#include "threadrack/experiment/output.h"

#include <stdlib.h>

static char *read_whole(const char *path)
{
    FILE *file = fopen(path, "r");
    char *bytes = calloc(1, 1 << 18);
    if (file && bytes && fread(bytes, 1, (1 << 18) - 1, file) == 0)
        bytes[0] = 0;
    if (file)
        fclose(file);
    return bytes;
}

static bool has_row(const char *readme, const char *name)
{
    char row[128];
    snprintf(row, sizeof row, "\n| `%s` |", name);
    if (strstr(readme, row))
        return true;
    fprintf(stderr, "\nREADME.md has no row for %s (threadrack list settings, list columns)\n", name);
    return false;
}

static void every_setting_and_column(void)
{
    const struct setting *const tables[] = {experiment_settings, cluster_settings};
    char *readme = read_whole("README.md");
    for (int table = 0; table < 2; table++)
        for (const struct setting *setting = tables[table]; setting->key; setting++)
            CHECK(has_row(readme, setting->key));
    for (const struct column *column = columns; column->name; column++)
        CHECK(has_row(readme, column->name));
    free(readme);
}

/* Each data set begins a row, as `name` or `name:paths`. */
static void every_data_set(void)
{
    char *readme = read_whole("README.md");
    for (int i = 0; datasets[i]; i++) {
        char with_paths[64];
        snprintf(with_paths, sizeof with_paths, "\n| `%s:", datasets[i]->name);
        CHECK(strstr(readme, with_paths) || has_row(readme, datasets[i]->name));
    }
    free(readme);
}

static void what_it_quotes(void)
{
    static const char *const quoted[] = {"src/strategy/data.c", "plots/demo.yaml"};
    char *readme = read_whole("README.md");
    for (int i = 0; i < 2; i++) {
        char *source = read_whole(quoted[i]);
        CHECK(strlen(source) > 100 && strstr(readme, source));
        free(source);
    }
    free(readme);
}

SUITE("experiment: README", TEST(every_setting_and_column), TEST(every_data_set), TEST(what_it_quotes));
