#include "commands.h"

#include "threadrack/base/memory.h"

#include "places.h"
#include "request.h"

#include <stdlib.h>

/* One node trains alone; under every other strategy a rack of 2 to 16 does. */
#define BASELINE "strategy=single nodes=1"

static const char doc[] =
    "Train a network on the digits data under every strategy, on 2 to 16 nodes of a 10 Gbit/s "
    "cluster, compare, and draw the figures; then do the same for other bandwidths, timing only. "
    "It is no more than"
    "\v"
    "  threadrack sweep plots/demo.yaml --baseline '" BASELINE "' --out DIR\n"
    "  threadrack plot DIR\n"
    "  threadrack sweep plots/demo-bandwidth.yaml --out DIR/bandwidth\n"
    "  threadrack plot DIR/bandwidth\n"
    "where DIR is results/demo unless --out names another.";

static error_t parse(int key, char *argument, struct argp_state *state)
{
    switch (key) {
    case ARGP_KEY_INIT:
        request_share(state, 1);
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "'%s': the demo takes options only", argument);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* One sweep and its figures. */
static int play(struct request request, const char *plots, const char *file, char **arguments)
{
    request.file = memory_text("%s/%s", plots, file);
    int code = sweep_do(&request, arguments);
    if (code == EXIT_OK)
        code = plot_folder(request.out);
    free(request.file);
    return code;
}

static int play_both(struct request *request, const char *plots, char **arguments)
{
    char *baseline = BASELINE, *folder = memory_text("%s/bandwidth", request->out);
    struct request training = *request, timing = *request;
    training.baselines = &baseline;
    training.baseline_count = 1;
    timing.out = folder;
    timing.brief = true;
    int code = play(training, plots, "demo.yaml", arguments);
    if (code == EXIT_OK)
        code = play(timing, plots, "demo-bandwidth.yaml", arguments);
    if (code == EXIT_OK && !request->json)
        printf("\ntables and figures are in %s and %s\n", request->out, folder);
    free(folder);
    return code;
}

int command_demo(int count, char **arguments)
{
    const struct argp_child children[] = {{&request_argp, 0, NULL, 0}, {0}};
    const struct argp argp = {.parser = parse, .doc = doc, .children = children};
    struct request request = {.jobs = 1, .out = "results/demo"};
    argp_parse(&argp, count, arguments, 0, NULL, &request);
    char *plots = places_plots();
    int code = EXIT_FAILED;
    if (plots)
        code = play_both(&request, plots, arguments);
    else
        fputs("threadrack: the folder 'plots' with demo.yaml is missing\n", stderr);
    request_release(&request);
    free(plots);
    return code;
}
