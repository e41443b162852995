#include "rows.h"

#include <string.h>

#define RUN_MEANING "number of the experiment in its sweep, from 0"
#define KEY_MEANING "a column for each swept key that is not a column below, by its name"

const struct column columns[] = {
    {"runs.csv", "run", RUN_MEANING},
    {"runs.csv", "KEY", KEY_MEANING},
#define COLUMN(name, cell, meaning) {"runs.csv", #name, meaning},
#include "runs.def"
#undef COLUMN
    {"steps.csv", "run", RUN_MEANING},
    {"steps.csv", "KEY", KEY_MEANING},
#define COLUMN(name, cell, meaning) {"steps.csv", #name, meaning},
#include "steps.def"
#undef COLUMN
    {"nodes.csv", "run", RUN_MEANING},
    {"nodes.csv", "KEY", KEY_MEANING},
#define COLUMN(name, cell, meaning) {"nodes.csv", #name, meaning},
#include "nodes.def"
#undef COLUMN
    {"links.csv", "run", RUN_MEANING},
    {"links.csv", "KEY", KEY_MEANING},
#define COLUMN(name, cell, meaning) {"links.csv", #name, meaning},
#include "links.def"
#undef COLUMN
    {"partition.csv", "run", RUN_MEANING},
    {"partition.csv", "KEY", KEY_MEANING},
#define COLUMN(name, cell, meaning) {"partition.csv", #name, meaning},
#include "partition.def"
#undef COLUMN
    {"memory.csv", "run", RUN_MEANING},
    {"memory.csv", "KEY", KEY_MEANING},
#define COLUMN(name, cell, meaning) {"memory.csv", #name, meaning},
#include "memory.def"
#undef COLUMN
    {"staleness.csv", "run", RUN_MEANING},
    {"staleness.csv", "KEY", KEY_MEANING},
#define COLUMN(name, cell, meaning) {"staleness.csv", #name, meaning},
#include "staleness.def"
#undef COLUMN
    {"bench.csv", "run", RUN_MEANING},
    {"bench.csv", "KEY", KEY_MEANING},
#define COLUMN(name, cell, meaning) {"bench.csv", #name, meaning},
#include "bench.def"
#undef COLUMN
    {NULL, NULL, NULL},
};

const char *csv_name(enum csv_file file)
{
    static const char *const names[CSV_NAMES] = {"runs.csv", "steps.csv", "nodes.csv",
                                                  "links.csv", "partition.csv", "memory.csv",
                                                  "staleness.csv",
                                                  "bench.csv"};
    return names[file];
}

bool csv_has_column(enum csv_file file, const char *name)
{
    for (const struct column *column = columns; column->name; column++)
        if (!strcmp(column->file, csv_name(file)) && !strcmp(column->name, name))
            return true;
    return false;
}

void csv_header(enum csv_file file, const struct sweep *sweep, struct text *out)
{
    struct text row = {0};
    cell_to_csv(text("run"), &row);
    for (int i = 0; i < sweep->key_count; i++)
        if (!csv_has_column(file, sweep->keys[i]))
            cell_to_csv(text(sweep->keys[i]), &row);
    for (const struct column *column = columns; column->name; column++)
        if (!strcmp(column->file, csv_name(file)) && strcmp(column->name, "run") &&
            strcmp(column->name, "KEY"))
            cell_to_csv(text(column->name), &row);
    text_add(out, "%s\n", row.bytes);
    text_release(&row);
}
