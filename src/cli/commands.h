/* The subcommands: each takes its own arguments, argv[0] being "threadrack run", and returns what
 * the program exits with. */
#ifndef THREADRACK_CLI_COMMANDS_H
#define THREADRACK_CLI_COMMANDS_H

#include "threadrack/base/errors.h"

#include <argp.h>

enum exit_code { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_INTERRUPTED = 130 };

int command_run(int count, char **arguments);
int command_sweep(int count, char **arguments);
int command_partition(int count, char **arguments);
int command_topology(int count, char **arguments);
int command_sample(int count, char **arguments);
int command_bench(int count, char **arguments);
int command_list(int count, char **arguments);
int command_plot(int count, char **arguments);
int command_demo(int count, char **arguments);

/* -h, beside argp's own -? and --help: a child of every command's argp. */
extern const struct argp help_argp;

/* Prints the messages, and says what to exit with: 2 when the user must change something, 1 when
 * the host failed. */
int complain(const struct errors *errors);

/* Draws every figure of the folder; progress of its kind goes to stderr. */
int plot_folder(const char *folder);

/* For --version. */
void version_print(FILE *stream, struct argp_state *state);

#endif
