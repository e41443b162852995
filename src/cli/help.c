#include "commands.h"

static error_t parse(int key, char *argument, struct argp_state *state)
{
    (void)argument;
    if (key != 'h')
        return ARGP_ERR_UNKNOWN;
    argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
    return 0;
}

static const struct argp_option options[] = {
    {NULL, 'h', NULL, 0, "The same as --help", -1},
    {0},
};

const struct argp help_argp = {.options = options, .parser = parse};

int complain(const struct errors *errors)
{
    errors_print(errors, stderr);
    return errors->status == STATUS_REFUSED ? EXIT_USAGE : EXIT_FAILED;
}
