#include "commands.h"

#include "threadrack/experiment/output.h"

#include "interrupt.h"
#include "request.h"

static const char doc[] =
    "Do one experiment: train on a simulated cluster, and say what it learned and how long it "
    "would "
    "have taken. FILE.yaml holds keys; words of the command line override them (`threadrack list "
    "settings` names them all)."
    "\v"
    "Examples:\n"
    "  threadrack run strategy=data nodes=8\n"
    "  threadrack run plan.yaml cluster.link.bandwidth=25Gbit/s --out results/fast\n"
    "  threadrack run strategy=hybrid mesh.data=2 mesh.tensor=4 math=off --json\n"
    "\n"
    "Without --out, only the summary is printed and nothing is written.";

static error_t parse(int key, char *argument, struct argp_state *state)
{
    switch (key) {
    case ARGP_KEY_INIT:
        request_share(state, 1);
        return 0;
    case ARGP_KEY_ARG:
        return request_take(state->input, argument, state);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The one point of the request. */
static bool load(const struct request *request, struct sweep *sweep, struct errors *errors)
{
    struct config *config = request_config(request, NULL, errors);
    for (int i = 0; config && i < config_swept_count(config); i++)
        errors_add(errors, "'%s' has several values: that is a sweep; use `threadrack sweep`",
                   config_swept_key(config, i));
    bool good = config && !errors->count && sweep_add(sweep, config, false, errors);
    if (config)
        config_free(config);
    return good && (!request->out || output_check(request->out, errors));
}

/* A refused experiment leaves no files, so they are opened only now. */
static bool write_files(const struct request *request, const struct sweep *sweep, char **arguments,
                        const struct host *host, struct errors *errors)
{
    if (!request->out)
        return true;
    struct output *output = output_open(request->out, sweep, arguments, host, errors);
    if (!output)
        return false;
    output_add(output, 0, sweep->points[0].result);
    return output_close(output, errors);
}

static int tell(const struct request *request, const struct sweep *sweep)
{
    const struct point *point = &sweep->points[0];
    errors_print(&point->errors, stderr);
    if (request->json)
        results_print_json(sweep, false, stdout);
    else
        summary_print(point->config, point->result, stdout);
    if (request->out && !request->quiet)
        fprintf(stderr, "results are in %s\n", request->out);
    return experiment_interrupted               ? EXIT_INTERRUPTED
           : point->result->status == STATUS_OK ? EXIT_OK
                                                : EXIT_FAILED;
}

static int run_it(const struct request *request, struct sweep *sweep, char **arguments,
                  struct errors *errors)
{
    struct host *host = host_open(errors);
    if (!host)
        return complain(errors);
    struct point *point = &sweep->points[0];
    int code;
    sweep_run(sweep, (struct sweep_way){.host = host, .jobs = 1, .quiet = request->quiet});
    if (!point->result)
        code = EXIT_INTERRUPTED;
    else if (point->result->status == STATUS_REFUSED)
        code = complain(&point->errors);
    else if (!write_files(request, sweep, arguments, host, errors))
        code = complain(errors);
    else
        code = tell(request, sweep);
    host_close(host);
    return code;
}

int command_run(int count, char **arguments)
{
    const struct argp_child children[] = {{&request_argp, 0, NULL, 0}, {0}};
    const struct argp argp = {.parser = parse,
                              .args_doc = "[FILE.yaml] [key=value ...]",
                              .doc = doc,
                              .children = children};
    struct request request = {.jobs = 1};
    struct sweep sweep;
    struct errors errors;
    sweep_init(&sweep);
    errors_init(&errors);
    argp_parse(&argp, count, arguments, 0, NULL, &request);
    interrupt_catch();
    int code = load(&request, &sweep, &errors) ? run_it(&request, &sweep, arguments, &errors)
                                               : complain(&errors);
    errors_release(&errors);
    sweep_release(&sweep);
    request_release(&request);
    return code;
}
