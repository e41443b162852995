#include "commands.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"
#include "threadrack/experiment/output.h"

#include "places.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const char doc[] =
    "Draw the figures of a results folder (one that `--out` wrote) as PNG and SVG files in it, "
    "with "
    "the gnuplot scripts of plots/. `threadrack list plots` says what each shows."
    "\v"
    "Examples:\n"
    "  threadrack plot results/demo\n"
    "One figure by hand:\n"
    "  gnuplot -e \"dir='results/demo'\" plots/speedup.gp";

static int is_script(const struct dirent *entry)
{
    const char *ending = strrchr(entry->d_name, '.');
    return ending && !strcmp(ending, ".gp");
}

/* Within gnuplot's single quotes a quote is written twice. */
static char *set_folder(const char *folder)
{
    struct text text = {0};
    text_add(&text, "dir='");
    for (const char *c = folder; *c; c++)
        text_add(&text, "%s%c", *c == '\'' ? "'" : "", *c);
    text_add(&text, "'");
    return text.bytes;
}

/* A figure that is skipped this time must not leave that of earlier results. */
static void remove_pictures(const char *folder, const char *script)
{
    static const char *const endings[] = {"png", "svg"};
    for (int i = 0; i < 2; i++) {
        char *path = memory_text("%s/%.*s.%s", folder, (int)(strlen(script) - strlen(".gp")),
                                 script, endings[i]);
        unlink(path);
        free(path);
    }
}

/* A script that refuses a table has said why. */
enum { REFUSED = 3 };

static bool has_refused(int status)
{
    return WIFEXITED(status) && WEXITSTATUS(status) == REFUSED;
}

static int draw(const char *folder, const char *plots, const char *script)
{
    char *path = memory_text("%s/%s", plots, script), *set = set_folder(folder);
    char *arguments[] = {"gnuplot", "-e", set, path, NULL};
    pid_t child;
    remove_pictures(folder, script);
    fflush(stdout); /* the script writes there too */
    int status = 0, failure = posix_spawnp(&child, "gnuplot", NULL, NULL, arguments, environ);
    if (failure == ENOENT)
        fputs("threadrack: gnuplot is missing: install it (apt-get install gnuplot-nox), or make "
              "deps\n",
              stderr);
    else if (failure)
        fprintf(stderr, "threadrack: cannot start gnuplot: %s\n", strerror(failure));
    else if ((waitpid(child, &status, 0) < 0 || status) && !has_refused(status))
        fprintf(stderr, "threadrack: %s failed\n", path);
    free(path);
    free(set);
    return failure || status ? EXIT_FAILED : EXIT_OK;
}

/* A figure named after a table reads that table; every other one reads runs.csv. */
static bool has_table(const char *folder, const char *script)
{
    const char *table = "runs.csv";
    size_t stem = strlen(script) - strlen("gp"); /* with its dot */
    for (const struct column *column = columns; column->name; column++)
        if (!strncmp(column->file, script, stem))
            table = column->file;
    char *path = memory_text("%s/%s", folder, table);
    bool there = !access(path, R_OK);
    free(path);
    return there;
}

static int draw_all(const char *folder, const char *plots)
{
    struct dirent **scripts;
    int count = scandir(plots, &scripts, is_script, alphasort), code = EXIT_OK;
    for (int i = 0; i < count; i++) {
        if (code == EXIT_OK && has_table(folder, scripts[i]->d_name))
            code = draw(folder, plots, scripts[i]->d_name);
        free(scripts[i]);
    }
    if (count >= 0)
        free(scripts);
    return code;
}

int plot_folder(const char *name)
{
    char folder[PATH_MAX], *plots = places_plots();
    char *table = memory_text("%s/runs.csv", name), *bench = memory_text("%s/bench.csv", name);
    int code = EXIT_USAGE;
    if ((access(bench, R_OK) && access(table, R_OK)) || !realpath(name, folder))
        fprintf(stderr, "threadrack: cannot read '%s': %s\n", table, strerror(errno));
    else if (!plots)
        fputs("threadrack: the folder 'plots' with the gnuplot scripts is missing\n", stderr);
    else
        code = draw_all(folder, plots);
    free(plots);
    free(table);
    free(bench);
    return code;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    const char **folder = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        if (*folder)
            argp_error(state, "'%s': one folder at a time", argument);
        *folder = argument;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which folder? one that --out wrote");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int command_plot(int count, char **arguments)
{
    const struct argp_child children[] = {{&help_argp, 0, NULL, 0}, {0}};
    const struct argp argp = {.parser = parse, .args_doc = "DIR", .doc = doc, .children = children};
    const char *folder = NULL;
    argp_parse(&argp, count, arguments, 0, NULL, &folder);
    return plot_folder(folder);
}
