#include "commands.h"

#include "request.h"

static const char doc[] =
    "Show which node has which training rows, before anything is trained: rows by node and label, each "
    "node's distance from the whole (total variation of its labels), and how uneven the sizes are. It "
    "takes what run takes; lists sweep. --out writes partition.csv, which plot draws."
    "\v"
    "Examples:\n"
    "  threadrack partition strategy=data nodes=8 partition=dirichlet:alpha=0.3\n"
    "  threadrack partition strategy=data nodes=10 partition=shards,labels:per_node=3 --out results/skew";

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct request *request = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        request_share(state, 1);
        return 0;
    case ARGP_KEY_ARG:
        return request_take(request, argument, state);
    case ARGP_KEY_END:
        if (request->json)
            argp_error(state, "--json: the rows are in partition.csv, with --out");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int command_partition(int count, char **arguments)
{
    const struct argp_child children[] = {{&request_argp, 0, NULL, 0}, {0}};
    const struct argp argp = {.parser = parse,
                              .args_doc = "[FILE.yaml] [key=value ...]",
                              .doc = doc,
                              .children = children};
    struct request request = {.jobs = 1, .only_skew = true};
    argp_parse(&argp, count, arguments, 0, NULL, &request);
    int code = sweep_do(&request, arguments);
    request_release(&request);
    return code;
}
