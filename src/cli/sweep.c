#include "commands.h"

#include "threadrack/base/memory.h"
#include "threadrack/experiment/output.h"

#include "interrupt.h"
#include "request.h"

static const char doc[] =
    "Do the product of all lists of values, and compare what came out. Any key may have several "
    "values: a YAML list in FILE.yaml, or on the command line key=v1,v2,..., key=1:64:x2 "
    "(doubling) "
    "or key=1:9:+2 (stepping). A point that does not fit is a row with its reason, and the sweep "
    "goes on."
    "\v"
    "Examples:\n"
    "  threadrack sweep strategy=data,tensor nodes=2:16:x2 --out results/first\n"
    "  threadrack sweep nodes=2,4 batch=64,128 --zip --dry-run\n"
    "  threadrack sweep plan.yaml cluster.link.bandwidth=1Gbit/s,10Gbit/s --jobs 2\n"
    "  threadrack sweep nodes=4,8 --baseline 'strategy=single nodes=1'";

enum { OPTION_ZIP = 512, OPTION_DRY_RUN, OPTION_BASELINE };

static const struct argp_option options[] = {
    {"zip", OPTION_ZIP, NULL, 0, "Pair the lists instead of taking their product", 0},
    {"dry-run", OPTION_DRY_RUN, NULL, 0, "List the points, and do nothing", 0},
    {"baseline", OPTION_BASELINE, "WORDS", 0,
     "One more point, with these words (key=value ...) instead of those keys' lists", 0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct request *request = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        request_share(state, 1);
        return 0;
    case OPTION_ZIP:
        request->zip = true;
        return 0;
    case OPTION_DRY_RUN:
        request->dry_run = true;
        return 0;
    case OPTION_BASELINE:
        *vector_push(&request->baselines, &request->baseline_count, &request->baseline_room) =
            argument;
        return 0;
    case ARGP_KEY_ARG:
        return request_take(request, argument, state);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int list_points(const struct sweep *sweep)
{
    for (int i = 0; i < sweep->count; i++) {
        printf("%d", i);
        for (int k = 0; k < sweep->key_count; k++) {
            const char *value = config_text(sweep->points[i].config, sweep->keys[k]);
            printf("  %s=%s", sweep->keys[k], value ? value : "");
        }
        putchar('\n');
    }
    return EXIT_OK;
}

static int tell(const struct request *request, const struct sweep *sweep)
{
    bool any = false;
    for (int i = 0; i < sweep->count; i++)
        any |= sweep->points[i].result && sweep->points[i].result->status == STATUS_OK;
    if (request->only_skew)
        skew_print(sweep, stdout);
    else if (request->json)
        results_print_json(sweep, true, stdout);
    else
        comparison_print(sweep, request->brief, stdout);
    if (request->out && !request->quiet)
        fprintf(stderr, "results are in %s\n", request->out);
    return experiment_interrupted ? EXIT_INTERRUPTED : any ? EXIT_OK : EXIT_FAILED;
}

static int run_all(const struct request *request, struct sweep *sweep, char **arguments,
                   const struct host *host, struct errors *errors)
{
    struct sweep_way way = {.host = host, .jobs = request->jobs, .quiet = request->quiet};
    if (request->out && !(way.output = output_open(request->out, sweep, arguments, host, errors)))
        return complain(errors);
    sweep_run(sweep, way);
    bool written = !way.output || output_close(way.output, errors);
    int code = tell(request, sweep);
    return written ? code : complain(errors);
}

static bool write_rows(const char *out, const struct sweep *sweep, char **arguments, const struct host *host,
                       struct errors *errors)
{
    struct output *output = output_open(out, sweep, arguments, host, errors);
    for (int i = 0; output && i < sweep->count; i++)
        if (sweep->points[i].result)
            output_add(output, i, sweep->points[i].result);
    return output && output_close(output, errors);
}

static bool all_refused(const struct sweep *sweep)
{
    for (int i = 0; i < sweep->count; i++)
        if (!sweep->points[i].result || sweep->points[i].result->status != STATUS_REFUSED)
            return false;
    return true;
}

/* Rows are dealt in no time, so what is refused is known before any file is opened. */
static int show_skew(const struct request *request, struct sweep *sweep, char **arguments,
                     const struct host *host, struct errors *errors)
{
    struct sweep_way way = {.host = host, .jobs = request->jobs, .quiet = request->quiet, .only_skew = true};
    sweep_run(sweep, way);
    if (all_refused(sweep))
        return complain(&sweep->points[0].errors);
    if (request->out && !write_rows(request->out, sweep, arguments, host, errors))
        return complain(errors);
    return tell(request, sweep);
}

int sweep_do(const struct request *request, char **arguments)
{
    struct sweep sweep;
    struct errors errors;
    struct host *host = NULL;
    int code;
    sweep_init(&sweep);
    errors_init(&errors);
    interrupt_catch();
    if (!request_sweep(request, &sweep, &errors) || !sweep_allows(&sweep, request->jobs, &errors) ||
        (request->out && !request->dry_run && !output_check(request->out, &errors)))
        code = complain(&errors);
    else if (request->dry_run)
        code = list_points(&sweep);
    else if (!(host = host_open(&errors)))
        code = complain(&errors);
    else
        code = (request->only_skew ? show_skew : run_all)(request, &sweep, arguments, host, &errors);
    if (host)
        host_close(host);
    errors_release(&errors);
    sweep_release(&sweep);
    return code;
}

int command_sweep(int count, char **arguments)
{
    const struct argp_child children[] = {{&request_argp, 0, NULL, 0}, {0}};
    const struct argp argp = {.options = options,
                              .parser = parse,
                              .args_doc = "[FILE.yaml] [key=v1,v2,... ...]",
                              .doc = doc,
                              .children = children};
    struct request request = {.jobs = 1};
    argp_parse(&argp, count, arguments, 0, NULL, &request);
    int code = sweep_do(&request, arguments);
    request_release(&request);
    return code;
}
