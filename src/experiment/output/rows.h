/* The rows of the CSV files, as text, from a result. */
#ifndef THREADRACK_OUTPUT_ROWS_H
#define THREADRACK_OUTPUT_ROWS_H

#include "threadrack/experiment/bench.h"
#include "threadrack/experiment/output.h"

#include "cell.h"

/* Those of a run or sweep, and that of a bench. */
enum csv_file {
    CSV_RUNS,
    CSV_STEPS,
    CSV_NODES,
    CSV_LINKS,
    CSV_PARTITION,
    CSV_MEMORY,
    CSV_STALENESS,
    CSV_FILES,
    CSV_BENCH = CSV_FILES,
    CSV_NAMES
};

/* A point's place in its sweep. */
struct place {
    const struct sweep *sweep;
    int index;
    const struct result *result;
};

const char *csv_name(enum csv_file file);
/* Appends the header line, or the lines of the place's result. */
void csv_header(enum csv_file file, const struct sweep *sweep, struct text *out);
void csv_rows(enum csv_file file, struct place place, struct text *out);
/* Whether the file has that column without its being swept. */
bool csv_has_column(enum csv_file file, const char *name);

/* The row of runs.csv as a JSON object, with the swept keys and the notes. */
json_t *run_to_json(struct place place);

/* Likewise of a bench: a line, and an object. */
void bench_csv_row(const struct sweep *sweep, const struct bench *bench, const struct bench_row *row,
                   struct text *out);
json_t *bench_row_to_json(const struct sweep *sweep, const struct bench *bench,
                          const struct bench_row *row);

/* What a key of the point was asked to be; NULL when unset. */
const char *asked_text(const struct config *point, const char *key);

#endif
