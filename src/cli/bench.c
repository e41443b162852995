#include "commands.h"

#include "threadrack/experiment/bench.h"
#include "threadrack/experiment/output.h"

#include "interrupt.h"
#include "request.h"

static const char doc[] =
    "Time a collective operation over all nodes of a simulated cluster, size after size, and print "
    "what NCCL's tests print. Of the settings it reads nodes, netmodel, cluster and the keys under "
    "it; lists sweep."
    "\v"
    "Sizes are bytes (8) or have units (1GiB, 100MB).\n"
    "\n"
    "Examples:\n"
    "  threadrack bench allreduce -b 8 -e 1GiB -f 2 nodes=64 cluster=ethernet-100g\n"
    "  threadrack bench allreduce --algorithm all nodes=8,16 --out results/allreduce\n"
    "  threadrack bench allgather -b 1MiB -e 10MiB -i 1MiB nodes=16 netmodel=loggp\n"
    "  threadrack bench allreduce --table nodes=64";

enum { OPTION_TABLE = 768 };

static const struct argp_option options[] = {
    {"minbytes", 'b', "SIZE", 0, "First size (8)", 0},
    {"maxbytes", 'e', "SIZE", 0, "Last size (128MiB; with -b alone, the first)", 0},
    {"stepfactor", 'f', "N", 0, "Each size is N times the last (2)", 0},
    {"stepbytes", 'i', "SIZE", 0, "Each size is SIZE more than the last", 0},
    {"iters", 'n', "N", 0, "Operations posted back to back; the time is their mean (1)", 0},
    {"algorithm", 'a', "NAMES", 0,
     "Names separated by commas, with options (chain:chunk=64KiB) or files (msccl:FILE.xml), `all`, or "
     "`auto`, which takes the cheapest by prediction (auto)", 0},
    {"table", OPTION_TABLE, NULL, 0, "Only print what `auto` goes by, at every size", 0},
    {0},
};

struct bench_command {
    struct request request;
    struct bench_words words;
    bool table;
    struct sweep sweep;
    struct bench_output *output;
    struct bench_json *json;
    double busbw_sum;
    int busbw_count;
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct bench_command *command = state->input;
    struct bench_words *words = &command->words;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &command->request;
        return 0;
    case 'b':
        words->begin = argument;
        return 0;
    case 'e':
        words->end = argument;
        return 0;
    case 'f':
        words->factor = argument;
        return 0;
    case 'i':
        words->step = argument;
        return 0;
    case 'n':
        words->iterations = argument;
        return 0;
    case 'a':
        words->algorithms = argument;
        return 0;
    case OPTION_TABLE:
        command->table = true;
        return 0;
    case ARGP_KEY_ARG:
        if (words->operation)
            return request_take(&command->request, argument, state);
        words->operation = argument;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which operation? such as allreduce (threadrack list collectives)");
        return 0;
    case ARGP_KEY_END:
        if (command->request.jobs > 1)
            argp_error(state, "--jobs: a bench measures one thing at a time");
        if (command->table && (command->request.out || command->request.json || words->algorithms))
            argp_error(state, "--table prints what `auto` goes by, of all algorithms, and writes no "
                              "files: without --out, --json and --algorithm");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- Rows on their way out. ---- */

static void begin(void *context, const struct bench *bench, int point)
{
    struct bench_command *command = context;
    command->busbw_sum = command->busbw_count = 0;
    if (!command->json)
        bench_print_begin(bench, &command->sweep, point, stdout);
}

static bool row(void *context, const struct bench *bench, const struct bench_row *what)
{
    struct bench_command *command = context;
    if (what->busbw_GBps > 0) {
        command->busbw_sum += what->busbw_GBps;
        command->busbw_count++;
    }
    if (command->json)
        bench_json_add(command->json, bench, what);
    else
        bench_print_row(bench, what, stdout);
    return !command->output || bench_output_add(command->output, bench, what);
}

static void end(void *context, const struct bench *bench)
{
    struct bench_command *command = context;
    (void)bench;
    if (!command->json && command->busbw_count)
        printf("# Avg bus bandwidth    : %g\n", command->busbw_sum / command->busbw_count);
}

static void note(void *context, const char *what)
{
    struct bench_command *command = context;
    bench_print_note(what, command->json ? stderr : stdout);
}

/* ---- The command. ---- */

static int measure(struct bench_command *command, const struct bench *bench, char **arguments,
                   const struct host *host, struct errors *errors)
{
    const struct request *request = &command->request;
    if (request->out && !(command->output = bench_output_open(request->out, &command->sweep,
                                                              arguments, host, errors)))
        return complain(errors);
    if (request->json)
        command->json = bench_json_create(&command->sweep);
    bench_sweep(bench, &command->sweep,
              (struct bench_listener){.context = command, .begin = begin, .row = row, .end = end,
                                        .note = note},
              errors);
    if (command->json)
        bench_json_print(command->json, stdout);
    if (command->output)
        bench_output_close(command->output, errors);
    if (errors->count)
        return complain(errors);
    if (request->out && !request->quiet)
        fprintf(stderr, "results are in %s\n", request->out);
    return experiment_interrupted ? EXIT_INTERRUPTED : EXIT_OK;
}

static int do_bench(struct bench_command *command, const struct bench *bench, char **arguments,
                    struct errors *errors)
{
    if (command->table)
        return bench_print_table(bench, &command->sweep, stdout, errors) ? EXIT_OK
                                                                         : complain(errors);
    struct host *host = host_open(errors);
    if (!host)
        return complain(errors);
    int code = measure(command, bench, arguments, host, errors);
    host_close(host);
    return code;
}

int command_bench(int count, char **arguments)
{
    const struct argp_child children[] = {{&request_argp, 0, NULL, 0}, {0}};
    const struct argp argp = {.options = options,
                              .parser = parse,
                              .args_doc = "OPERATION [FILE.yaml] [key=value ...]",
                              .doc = doc,
                              .children = children};
    struct bench_command command = {.request = {.jobs = 1}};
    struct bench bench;
    struct errors errors;
    errors_init(&errors);
    sweep_init(&command.sweep);
    argp_parse(&argp, count, arguments, 0, NULL, &command);
    interrupt_catch();
    bool good = bench_resolve(&bench, command.words, &errors);
    good = request_sweep(&command.request, &command.sweep, &errors) && good;
    good = good && bench_allows(&command.sweep, &errors) &&
           (!command.request.out || output_check(command.request.out, &errors));
    int code = good ? do_bench(&command, &bench, arguments, &errors) : complain(&errors);
    bench_release(&bench);
    sweep_release(&command.sweep);
    errors_release(&errors);
    request_release(&command.request);
    return code;
}
