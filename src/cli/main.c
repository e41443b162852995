/* threadrack: a training cluster of threads. This file finds the subcommand. */
#include "commands.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"
#include "threadrack/host/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct command {
    const char *name, *summary;
    int (*run)(int count, char **arguments);
} commands[] = {
    {"run", "do one experiment", command_run},
    {"sweep", "do the product of all lists of values, and compare", command_sweep},
    {"partition", "which node has which training rows, before anything is trained", command_partition},
    {"topology", "a cluster's links, diameter, bisection, routes; a picture", command_topology},
    {"sample", "let a trained language model go on with a text", command_sample},
    {"bench", "time a collective size by size, as NCCL's tests do", command_bench},
    {"list", "what there is: strategies, models, settings, columns, this host ...", command_list},
    {"plot", "draw the figures of a results folder", command_plot},
    {"demo", "train digits under every strategy, compare and plot", command_demo},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

struct choice {
    const struct command *command;
    int count; /* what follows the subcommand's name, and itself */
    char **arguments;
};

static const struct command *find(struct argp_state *state, const char *name)
{
    const char *names[COMMANDS];
    for (int i = 0; i < COMMANDS; i++) {
        names[i] = commands[i].name;
        if (!strcmp(name, names[i]))
            return &commands[i];
    }
    argp_error(state, "there is no subcommand '%s'%s", name,
               text_suggestion(name, names, COMMANDS));
    return NULL;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct choice *choice = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        choice->command = find(state, argument);
        choice->count = state->argc - state->next + 1;
        choice->arguments = state->argv + state->next - 1;
        state->next = state->argc;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "a subcommand is missing: run, sweep, partition, topology, sample, bench, list, plot or demo");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static char *describe(void)
{
    struct text text = {0};
    text_add(&text, "Train a network on a simulated cluster whose nodes are threads, and learn how "
                    "long it would have taken.\n\nSubcommands:\n");
    for (int i = 0; i < COMMANDS; i++)
        text_add(&text, "  %-10s%s\n", commands[i].name, commands[i].summary);
    text_add(&text, "\nOptions:\v"
                    "Examples:\n"
                    "  threadrack demo\n"
                    "  threadrack run strategy=data nodes=8\n"
                    "  threadrack sweep strategy=data,tensor nodes=2:16:x2 --out results/first\n"
                    "  threadrack run --help\n"
                    "\n"
                    "Exit status: 0 ok, 1 a run failed, 2 usage or a refused experiment, "
                    "130 interrupted.");
    return text.bytes;
}

static bool wants_quiet(char **arguments)
{
    for (char **word = arguments; *word; word++)
        if (!strcmp(*word, "-q") || !strcmp(*word, "--quiet"))
            return true;
    return false;
}

static int finish(int code)
{
    if (!fflush(stdout) && !ferror(stdout))
        return code;
    fprintf(stderr, "threadrack: cannot write to the standard output: %s\n", strerror(errno));
    return code ? code : EXIT_FAILED;
}

int main(int count, char **arguments)
{
    host_own_environment(arguments, wants_quiet(arguments));
    arguments[0] = program_invocation_short_name; /* messages begin with it */
    argp_err_exit_status = EXIT_USAGE;
    argp_program_version_hook = version_print;
    struct choice choice = {0};
    char *doc = describe();
    const struct argp_child children[] = {{&help_argp, 0, NULL, 0}, {0}};
    const struct argp argp = {
        .parser = parse, .args_doc = "SUBCOMMAND ...", .doc = doc, .children = children};
    argp_parse(&argp, count, arguments, ARGP_IN_ORDER, NULL, &choice);
    free(doc);
    char *name = memory_text("threadrack %s", choice.command->name);
    choice.arguments[0] = name;
    int code = finish(choice.command->run(choice.count, choice.arguments));
    free(name);
    return code;
}
