/* Families of `list` whose rows are settings, columns and scripts. */
#include "list.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"
#include "threadrack/base/units.h"
#include "threadrack/cluster/cluster.h"
#include "threadrack/experiment/output.h"

#include "commands.h"
#include "places.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

/* "a time such as 5us; default 1us" */
static void describe(const struct setting *setting, struct text *out)
{
    if (setting->kind == SETTING_QUANTITY)
        text_add(out, "%s", units_example(setting->unit));
    else if (setting->kind == SETTING_LIST)
        text_add(out, "a list");
    if (setting->choices)
        text_add(out, "%s%s", out->length ? ", or " : "", setting->choices);
    if (setting->fallback)
        text_add(out, "%sdefault %s", out->length ? "; " : "", setting->fallback);
}

static void list_table(const struct setting *setting)
{
    for (; setting->key; setting++) {
        struct text details = {0};
        describe(setting, &details);
        list_row(setting->key, setting->help, details.bytes);
        text_release(&details);
    }
}

int list_settings(void)
{
    list_table(experiment_settings);
    list_table(cluster_settings);
    return EXIT_OK;
}

int list_columns(void)
{
    const char *file = "";
    for (const struct column *column = columns; column->name; column++) {
        if (strcmp(file, column->file))
            printf("%s\n", column->file);
        file = column->file;
        list_row(column->name, column->meaning, NULL);
    }
    return EXIT_OK;
}

static int is_script(const struct dirent *entry)
{
    const char *ending = strrchr(entry->d_name, '.');
    return ending && !strcmp(ending, ".gp") && *entry->d_name != '_';
}

/* A script says what it shows in its first line, "# ...". */
static void list_plot(const char *folder, const char *script)
{
    char *path = memory_text("%s/%s", folder, script), line[256] = "";
    char *name = memory_text("%.*s", (int)(strlen(script) - strlen(".gp")), script);
    FILE *file = fopen(path, "r");
    if (file && fgets(line, sizeof line, file))
        list_row(name, strtok(line + strspn(line, "# "), "\n"), NULL);
    if (file)
        fclose(file);
    free(name);
    free(path);
}

int list_plots(void)
{
    char *folder = places_plots();
    struct dirent **scripts = NULL;
    int count = folder ? scandir(folder, &scripts, is_script, alphasort) : -1;
    if (count < 0)
        fputs("threadrack: the folder 'plots' with the gnuplot scripts is missing\n", stderr);
    for (int i = 0; i < count; i++) {
        list_plot(folder, scripts[i]->d_name);
        free(scripts[i]);
    }
    free(scripts);
    free(folder);
    return count < 0 ? EXIT_FAILED : EXIT_OK;
}
