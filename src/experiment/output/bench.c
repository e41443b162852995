/* A bench's files, its JSON, and its words, which are laid out as NCCL's tests lay out theirs. */
#include "threadrack/experiment/bench.h"

#include "threadrack/base/memory.h"

#include "file.h"
#include "manifest.h"
#include "rows.h"

#include <inttypes.h>
#include <stdlib.h>

struct bench_output {
    const struct sweep *sweep;
    struct line_file table, manifest_file;
    json_t *manifest;
    struct errors errors;
};

static bool write_manifest(struct bench_output *output, const char *directory)
{
    struct text lines = {0};
    json_t *runs = json_array();
    for (int i = 0; i < output->sweep->count; i++)
        json_array_append_new(runs, manifest_point(output->sweep, i));
    manifest_write(output->manifest, runs, &lines);
    bool good =
        line_file_open(&output->manifest_file, directory, "manifest.json", &output->errors) &&
        line_file_add(&output->manifest_file, &lines, &output->errors);
    text_release(&lines);
    json_decref(runs);
    return good;
}

static bool write_header(struct bench_output *output, const char *directory)
{
    struct text header = {0};
    csv_header(CSV_BENCH, output->sweep, &header);
    bool good = line_file_open(&output->table, directory, csv_name(CSV_BENCH), &output->errors) &&
                line_file_add(&output->table, &header, &output->errors);
    text_release(&header);
    return good;
}

struct bench_output *bench_output_open(const char *directory, const struct sweep *sweep,
                                       char **arguments, const struct host *host,
                                       struct errors *errors)
{
    struct bench_output *output = memory_zeroed(1, sizeof *output);
    output->sweep = sweep;
    output->table.descriptor = output->manifest_file.descriptor = -1;
    output->manifest = manifest_create(sweep, arguments, host);
    if (directory_make(directory, &output->errors) && write_header(output, directory) &&
        write_manifest(output, directory))
        return output;
    bench_output_close(output, errors);
    return NULL;
}

bool bench_output_add(struct bench_output *output, const struct bench *bench,
                      const struct bench_row *row)
{
    struct text line = {0};
    bench_csv_row(output->sweep, bench, row, &line);
    bool good = line_file_add(&output->table, &line, &output->errors);
    text_release(&line);
    return good;
}

bool bench_output_close(struct bench_output *output, struct errors *errors)
{
    line_file_close(&output->table, &output->errors);
    line_file_close(&output->manifest_file, &output->errors);
    bool good = !output->errors.count;
    for (int i = 0; i < output->errors.count; i++)
        errors_add_status(errors, output->errors.status, "%s", output->errors.messages[i]);
    errors_release(&output->errors);
    json_decref(output->manifest);
    free(output);
    return good;
}

struct bench_json {
    const struct sweep *sweep;
    json_t *rows;
};

struct bench_json *bench_json_create(const struct sweep *sweep)
{
    struct bench_json *json = memory_zeroed(1, sizeof *json);
    *json = (struct bench_json){.sweep = sweep, .rows = json_array()};
    return json;
}

void bench_json_add(struct bench_json *json, const struct bench *bench, const struct bench_row *row)
{
    json_array_append_new(json->rows, bench_row_to_json(json->sweep, bench, row));
}

void bench_json_print(struct bench_json *json, FILE *stream)
{
    json_dumpf(json->rows, stream, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    fputc('\n', stream);
    json_decref(json->rows);
    free(json);
}
