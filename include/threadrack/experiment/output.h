/* Files and words that results become.
 *
 * `--out DIR` holds runs.csv (a row a run), steps.csv (a row a step), nodes.csv (a row a node) and
 * manifest.json (resolved configuration, seed, version, host, wall-clock figures), for one run as
 * for a sweep. Rows are written in the order of the points, each as soon as it and all before it
 * are there, and flushed, so that a crash, an interrupt or a full disk loses no finished result.
 * Columns are only ever added at the end. The CSV is the same bytes for the same experiment, on any
 * host; what depends on the host is in the manifest. RFC 4180 quoting, but gnuplot cannot read
 * quoted commas, so a text cell's commas and quotes are replaced (`,` by `;`).
 */
#ifndef THREADRACK_EXPERIMENT_OUTPUT_H
#define THREADRACK_EXPERIMENT_OUTPUT_H

#include "threadrack/experiment/experiment.h"

#include <stdio.h>

struct output;

/* Creates DIR (and its parents) and the files, with headers; `config` names the swept keys, each of
 * which is a column of every file. False and a message when a file cannot be made. */
struct output *output_open(const char *directory, const struct config *config, int points,
                           char **arguments, const struct host *host, struct errors *errors);
/* Hands over the result of a point; takes them in any order, from any thread; keeps no reference
 * once written. False when a file could not be written (the first such message is kept). */
bool output_add(struct output *output, int index, const struct config *point,
                const struct result *result);
/* Writes the manifest, and rows that were waiting for a point that never came; reports write
 * errors. */
bool output_close(struct output *output, struct errors *errors);

/* What a column is called, and what it means: the README's table is checked against it. */
struct column {
    const char *file, *name, *meaning;
};
extern const struct column columns[]; /* name NULL at the end */

/* One run's summary, for a person. */
void summary_print(const struct config *point, const struct result *result, FILE *stream);
/* A sweep's comparison: a line a run, and which strategy won where. */
void comparison_print(const struct config *const *points, struct result *const *results, int count,
                      FILE *stream);
/* The same as JSON: an object for a run, an array for a sweep. */
void results_print_json(const struct config *const *points, struct result *const *results, int count,
                        FILE *stream);

/* Progress on stderr: on a terminal a bar with rate and time left (colours unless NO_COLOR), a plain
 * line each 10 % elsewhere, nothing when quiet. Thread-safe. */
struct progress;
struct progress *progress_start(const char *what, int total, bool quiet);
void progress_add(struct progress *progress, int more);
void progress_end(struct progress *progress);

#endif
