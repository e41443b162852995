/* Files and words that results become.
 *
 * `--out DIR` holds runs.csv (a row a run), steps.csv (a row a step), nodes.csv (a row a node),
 * links.csv (a row a link, where they are counted), partition.csv (a row a node and label, where the
 * training rows are parted) and manifest.json (resolved configuration, seed, version, host, wall-clock
 * figures), for one run as for a sweep. Rows are written in the order of the points, each as soon as it and all before it
 * are there, and flushed, so that a crash, an interrupt or a full disk loses no finished result.
 * Columns are only ever added at the end. The CSV is the same bytes for the same experiment, on any
 * host; what depends on the host is in the manifest. No cell is ever quoted, since gnuplot cannot
 * read quoted commas: in a text cell a comma becomes `;` and a quote `'`. Where there is no number,
 * the cell is empty.
 *
 * A swept key is a column by its own name (`mesh.data`), but for keys that are columns of the file
 * anyway (`nodes`): such a column holds the key's value as asked for. What the run made of it has a
 * column of another name (`allreduce` is `auto`, `allreduce_ran` is `ring`).
 */
#ifndef THREADRACK_EXPERIMENT_OUTPUT_H
#define THREADRACK_EXPERIMENT_OUTPUT_H

#include "threadrack/experiment/sweep.h"

#include <stdio.h>

struct output;

/* Whether output_open would probably succeed; writes nothing. For a run that may yet be refused. */
bool output_check(const char *directory, struct errors *errors);
/* Creates DIR (and its parents) and the files, with headers, over those of an earlier run;
 * touches no other file there. Keeps `sweep` and `arguments`, which outlive it. False and a message
 * when a file cannot be made. */
struct output *output_open(const char *directory, const struct sweep *sweep, char **arguments,
                           const struct host *host, struct errors *errors);
/* Hands over the result of a point; takes them in any order, from any thread; keeps no reference to
 * the result. False when a file could not be written (the first such message is kept). */
bool output_add(struct output *output, int index, const struct result *result);
/* Writes the manifest, and rows that were waiting for a point that never came; reports write
 * errors. */
bool output_close(struct output *output, struct errors *errors);

/* What a column is called, and what it means: the README's table is checked against it. `KEY`
 * stands for the swept keys. */
struct column {
    const char *file, *name, *meaning;
};
extern const struct column columns[]; /* name NULL at the end */

/* One run's summary, for a person. */
void summary_print(const struct config *point, const struct result *result, FILE *stream);
/* A sweep's comparison: a line a run (not when brief), and which strategy won where. */
void comparison_print(const struct sweep *sweep, bool brief, FILE *stream);
/* Who has what: a line a node, of each point. */
void skew_print(const struct sweep *sweep, FILE *stream);
/* The same as JSON: the one object of a run, or an array. */
void results_print_json(const struct sweep *sweep, bool array, FILE *stream);

/* Progress on stderr: on a terminal a bar with rate and time left (colours unless NO_COLOR), a
 * plain line each 10 % elsewhere, nothing when quiet. Thread-safe. `what` is what is counted, in
 * the plural: "steps"; fractions count. */
struct progress *progress_start(const char *what, int total, bool quiet);
void progress_add(struct progress *progress, double more);
/* How many messages of those posted have been resolved, amid that step. On a terminal beside the bar; else a
 * line, after twice the time of the last. */
void progress_say_messages(struct progress *progress, int step, uint64_t messages, uint64_t posted);
void progress_end(struct progress *progress);

#endif
