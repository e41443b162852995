#include "commands.h"

#include "threadrack/base/memory.h"

#include "places.h"
#include "request.h"

#include <stdlib.h>

/* One node trains alone; under every other strategy a rack of 2 to 16 does. */
#define BASELINE "strategy=single nodes=1"

static const char doc[] =
    "Train a network on the digits data under every strategy, on 2 to 16 nodes of a 10 Gbit/s "
    "cluster, compare, and draw the figures. It is no more than\n"
    "  threadrack sweep plots/demo.yaml --baseline '" BASELINE "' --out results/demo\n"
    "  threadrack plot results/demo";

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct request *request = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        request_share(state, 1);
        return 0;
    case ARGP_KEY_ARG:
        return request_take(request, argument, state);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int command_demo(int count, char **arguments)
{
    const struct argp_child children[] = {{&request_argp, 0, NULL, 0}, {0}};
    const struct argp argp = {
        .parser = parse, .args_doc = "[key=value ...]", .doc = doc, .children = children};
    char *plots = places_plots();
    struct request request = {.jobs = 1, .out = "results/demo"};
    if (!plots) {
        fputs("threadrack: the folder 'plots' with demo.yaml is missing\n", stderr);
        return EXIT_FAILED;
    }
    request.file = memory_text("%s/demo.yaml", plots);
    char *file = request.file;
    *vector_push(&request.baselines, &request.baseline_count, &request.baseline_room) =
        (char[]){BASELINE};
    argp_parse(&argp, count, arguments, 0, NULL, &request);
    int code = sweep_do(&request, arguments);
    if (code == EXIT_OK)
        code = plot_folder(request.out);
    request_release(&request);
    free(file);
    free(plots);
    return code;
}
