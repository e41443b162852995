/* A bench in words, laid out as NCCL's tests lay out theirs. */
#include "inside.h"

#include "threadrack/cluster/cluster.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static void note_idle(void *context, const struct setting *setting, const char *text,
                      enum source source)
{
    if (source > SOURCE_CLUSTER && !bench_reads(setting->key))
        fprintf(context, "# note: %s=%s has no effect in a bench%s\n", setting->key, text,
                strcmp(setting->key, "allreduce") ? "" : ": use --algorithm");
}

void bench_print_begin(const struct bench *bench, const struct sweep *sweep, int index,
                       FILE *stream)
{
    const struct config *point = sweep->points[index].config;
    const char *cluster = config_text(point, "cluster");
    fprintf(stream, "# threadrack bench %s: nodes %s, cluster %s, netmodel %s, iterations %d\n",
            bench->operation, config_text(point, "nodes"), cluster ? cluster : "inline",
            config_text(point, "netmodel"), bench->iterations);
    for (int i = 0; i < sweep->key_count; i++)
        fprintf(stream, "# %s=%s\n", sweep->keys[i], config_text(point, sweep->keys[i]));
    config_each(point, note_idle, stream);
    fputs(
        "# time is simulated: from all ranks ready at 0 until the last has ended; in place\n#\n"
        "#       size         count      type   redop    root             algorithm        time   "
        "algbw   busbw\n"
        "#        (B)    (elements)                                                        (us)  "
        "(GB/s)  (GB/s)\n",
        stream);
}

void bench_print_note(const char *what, FILE *stream)
{
    fprintf(stream, "# note: %s\n", what);
}

static void print_bandwidth(double GBps, FILE *stream)
{
    if (isnan(GBps))
        fprintf(stream, "  %6s", "-");
    else
        fprintf(stream, "  %6.*f", GBps < 10 ? 4 : 2, GBps);
}

/* With its options, where it was asked for with some. */
static const char *name_of(const struct bench_row *row)
{
    return strchr(row->asked, '=') ? row->asked : row->ran->name;
}

void bench_print_row(const struct bench *bench, const struct bench_row *row, FILE *stream)
{
    const struct bench_operation *operation = bench_operation(bench->operation);
    fprintf(stream, "%12" PRIu64 "  %12zu  %8s  %6s  %6d  %20s  %10.2f", row->size_bytes,
            row->count, "float", operation ? operation->redop : "none",
            operation && operation->rooted ? 0 : -1, name_of(row), (double)row->time_ps * 1e-6);
    print_bandwidth(row->algbw_GBps, stream);
    print_bandwidth(row->busbw_GBps, stream);
    fputc('\n', stream);
}

static void print_predictions(const struct bench_choices *asked, uint64_t size, FILE *stream)
{
    size_t count = size / BENCH_ELEMENT;
    const struct collective *chosen = bench_choice(asked, count).kind;
    struct choice choice;
    uint64_t predicted_ps;
    fprintf(stream, "%12" PRIu64, size);
    for (int i = 0; algorithms_predict(asked->algorithms, asked->pattern, i, count, BENCH_ELEMENT,
                                       &choice, &predicted_ps);
         i++)
        fprintf(stream, "  %20.2f%c", (double)predicted_ps * 1e-6,
                choice.kind == chosen ? '*' : ' ');
    fputc('\n', stream);
}

static void print_heading(const struct bench *bench, const struct bench_point *point,
                          const struct bench_choices *asked, FILE *stream)
{
    bool simulated = point->nodes <= PREDICT_MEMBERS && point->cluster->nodes <= PREDICT_NODES;
    struct choice choice;
    uint64_t predicted_ps;
    fprintf(stream, "# %s on %d nodes of %s: predicted us (%s); auto takes *\n#       size",
            bench->operation, point->nodes, point->cluster->name,
            simulated ? "each run alone under the netmodel"
                      : "closed forms of the worst path, with additions");
    for (int i = 0; algorithms_predict(asked->algorithms, asked->pattern, i, 0, BENCH_ELEMENT,
                                       &choice, &predicted_ps);
         i++)
        fprintf(stream, "  %20s ", choice.kind->name);
    fputc('\n', stream);
}

bool bench_print_table(const struct bench *bench, const struct sweep *sweep, FILE *stream,
                       struct errors *errors)
{
    bool good = true;
    for (int i = 0; good && i < sweep->count; i++) {
        struct bench_point point;
        if (!bench_point_make(&point, bench, sweep->points[i].config, errors))
            return false;
        const struct bench_choices *asked = bench_point_ask(&point, bench, "auto", errors);
        good = asked;
        if (good)
            print_heading(bench, &point, asked, stream);
        for (int s = 0; good && s < bench->size_count; s++)
            print_predictions(asked, bench->sizes[s], stream);
        bench_point_release(&point);
    }
    return good;
}
