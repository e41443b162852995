#include "threadrack/experiment/output.h"

#include "threadrack/base/memory.h"

#include "file.h"
#include "manifest.h"
#include "rows.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct output {
    pthread_mutex_t lock;
    const struct sweep *sweep;
    struct line_file files[CSV_FILES];
    struct line_file manifest_file;
    json_t *manifest, *runs; /* runs: an entry a point, null until it came */
    struct waiting {         /* rows of points that came before their turn */
        bool here;
        struct text lines[CSV_FILES];
        struct text in_part; /* what runs.csv says where another table does not take the point's rows */
    } * waiting;
    int next; /* the first point whose rows are not written */
    struct errors errors;
};

static bool nearest_folder_is_writable(const char *directory)
{
    char *path = memory_text("%s", directory);
    while (*path && access(path, F_OK)) {
        char *slash = strrchr(path, '/');
        *(slash == path ? path + 1 : slash ? slash : path) = 0;
    }
    /* Tried, not asked for: the superuser may write anywhere, but not make folders in /proc. */
    char *inside = memory_text("%s/.threadrack-XXXXXX", *path ? path : ".");
    bool good = mkdtemp(inside) && !rmdir(inside);
    free(inside);
    free(path);
    return good;
}

bool output_check(const char *directory, struct errors *errors)
{
    if (nearest_folder_is_writable(directory))
        return true;
    return errors_add(errors, "--out: cannot write into the folder '%s': %s", directory, strerror(errno));
}

static bool write_header(struct output *output, enum csv_file file, const char *directory)
{
    struct text header = {0};
    csv_header(file, output->sweep, &header);
    bool good = line_file_open(&output->files[file], directory, csv_name(file), &output->errors) &&
                line_file_add(&output->files[file], &header, &output->errors);
    text_release(&header);
    return good;
}

/* Moves the messages of `from` to the end of `to`. */
static void hand_over(struct errors *from, struct errors *to)
{
    for (int i = 0; i < from->count; i++)
        errors_add_status(to, from->status, "%s", from->messages[i]);
    errors_release(from);
}

struct output *output_open(const char *directory, const struct sweep *sweep, char **arguments,
                           const struct host *host, struct errors *errors)
{
    struct output *output = memory_zeroed(1, sizeof *output);
    pthread_mutex_init(&output->lock, NULL);
    output->sweep = sweep;
    output->waiting = memory_zeroed((size_t)sweep->count, sizeof *output->waiting);
    output->manifest = manifest_create(sweep, arguments, host);
    output->runs = json_array();
    for (int i = 0; i < sweep->count; i++)
        json_array_append_new(output->runs, json_null());
    output->manifest_file.descriptor = -1;
    for (int file = 0; file < CSV_FILES; file++)
        output->files[file].descriptor = -1;
    bool good = directory_make(directory, &output->errors);
    for (int file = 0; good && file < CSV_FILES; file++)
        good = write_header(output, file, directory);
    if (good && line_file_open(&output->manifest_file, directory, "manifest.json", &output->errors))
        return output;
    hand_over(&output->errors, errors);
    output_close(output, errors);
    return NULL;
}

#define IN_PART "a table could not take all of its rows"

static void note_in_part(struct output *output, int index)
{
    json_t *run = json_array_get(output->runs, (size_t)index);
    json_object_set_new(run, "status", json_string(status_name(STATUS_FAILED)));
    json_object_set_new(run, "reason", json_string(IN_PART));
}

/* Writes the rows of the point, if it came, and lets them go: those of runs.csv at last, which tell of the
 * others. */
static void write_point(struct output *output, int index)
{
    struct waiting *waiting = &output->waiting[index];
    bool whole = true;
    if (!waiting->here)
        return;
    for (int file = CSV_FILES - 1; file > CSV_RUNS; file--)
        whole = line_file_add(&output->files[file], &waiting->lines[file], &output->errors) && whole;
    line_file_add(&output->files[CSV_RUNS], whole ? &waiting->lines[CSV_RUNS] : &waiting->in_part,
                  &output->errors);
    if (!whole)
        note_in_part(output, index);
    for (int file = 0; file < CSV_FILES; file++)
        text_release(&waiting->lines[file]);
    text_release(&waiting->in_part);
    waiting->here = false;
}

bool output_add(struct output *output, int index, const struct result *result)
{
    struct place place = {.sweep = output->sweep, .index = index, .result = result};
    struct waiting *waiting = &output->waiting[index];
    struct result in_part = *result;
    in_part.status = STATUS_FAILED;
    in_part.reason = (char[]){IN_PART};
    for (int file = 0; file < CSV_FILES; file++)
        csv_rows(file, place, &waiting->lines[file]);
    json_t *run = manifest_run(place);
    place.result = &in_part;
    csv_rows(CSV_RUNS, place, &waiting->in_part);
    pthread_mutex_lock(&output->lock);
    json_array_set_new(output->runs, (size_t)index, run);
    waiting->here = true;
    for (; output->next < output->sweep->count && output->waiting[output->next].here;
         output->next++)
        write_point(output, output->next);
    bool good = !output->errors.count;
    pthread_mutex_unlock(&output->lock);
    return good;
}

/* The manifest names only the runs that there are. */
static void write_manifest(struct output *output)
{
    json_t *runs = json_array(), *run;
    size_t i;
    struct text lines = {0};
    json_array_foreach(output->runs, i, run) if (!json_is_null(run)) json_array_append(runs, run);
    manifest_write(output->manifest, runs, &lines);
    line_file_add(&output->manifest_file, &lines, &output->errors);
    text_release(&lines);
    json_decref(runs);
}

bool output_close(struct output *output, struct errors *errors)
{
    for (int i = output->next; i < output->sweep->count; i++)
        write_point(output, i);
    if (output->manifest_file.descriptor >= 0)
        write_manifest(output);
    for (int file = 0; file < CSV_FILES; file++)
        line_file_close(&output->files[file], &output->errors);
    line_file_close(&output->manifest_file, &output->errors);
    bool good = !output->errors.count;
    hand_over(&output->errors, errors);
    json_decref(output->manifest);
    json_decref(output->runs);
    free(output->waiting);
    pthread_mutex_destroy(&output->lock);
    free(output);
    return good;
}
