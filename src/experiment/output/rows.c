#include "rows.h"

#include "threadrack/rank/rank.h"

#include <stdlib.h>
#include <string.h>

const char *asked_text(const struct config *point, const char *key)
{
    return config_is_set(point, key) ? config_text(point, key) : NULL;
}

enum { MOST_DIGITS = 19 }; /* of a number that surely fits 64 bits */

static struct cell asked(const struct config *point, const char *key, const char *ran)
{
    const char *value = asked_text(point, key);
    size_t digits = value ? strspn(value, "0123456789") : 0;
    if (digits && digits < MOST_DIGITS && !value[digits])
        return whole(strtoull(value, NULL, 10));
    return text(value ? value : ran);
}

static struct cell node_count(const struct config *point, const struct result *result)
{
    return result->nodes > 0 ? whole((uint64_t)result->nodes) : asked(point, "nodes", NULL);
}

static struct cell hottest_name(const struct result *result)
{
    return result->link && result->hottest_link >= 0 ? text(result->link[result->hottest_link].name)
                                                     : empty();
}

static struct cell hottest_busy(const struct result *result)
{
    return result->link && result->hottest_link >= 0
               ? real(result->link[result->hottest_link].busy_share)
               : empty();
}

static uint64_t memory_total(const struct node_record *node)
{
    uint64_t total = 0;
    for (int kind = 0; kind < RECORD_MEMORY_KINDS; kind++)
        total += node->memory_bytes[kind];
    return total;
}

static void begin_row(enum csv_file file, const struct sweep *sweep, int index, struct text *row)
{
    row->length = 0;
    cell_to_csv(whole((uint64_t)index), row);
    for (int i = 0; i < sweep->key_count; i++)
        if (!csv_has_column(file, sweep->keys[i]))
            cell_to_csv(asked(sweep->points[index].config, sweep->keys[i], NULL), row);
}

static void add_run(const struct config *point, const struct result *result, struct text *row)
{
    bool took_steps = result->steps > 0;
#define COLUMN(name, cell, meaning) cell_to_csv(cell, row);
#include "runs.def"
#undef COLUMN
}

static void add_step(const struct config *point, const struct result *result, int index,
                     struct text *row)
{
    const struct step_record *step = &result->step[index];
#define COLUMN(name, cell, meaning) cell_to_csv(cell, row);
#include "steps.def"
#undef COLUMN
}

static void add_node(const struct config *point, const struct result *result, int index,
                     struct text *row)
{
    const struct node_record *node = &result->node[index];
#define COLUMN(name, cell, meaning) cell_to_csv(cell, row);
#include "nodes.def"
#undef COLUMN
}

static void add_link(const struct config *point, const struct result *result, int index,
                     struct text *row)
{
    const struct link_result *link = &result->link[index];
#define COLUMN(name, cell, meaning) cell_to_csv(cell, row);
#include "links.def"
#undef COLUMN
}

/* A row a node and label; of data without labels, a node. */
static int cells_of(const struct skew *skew)
{
    return skew->parts * (int)(skew->classes ? skew->classes : 1);
}

static void add_part(const struct config *point, const struct result *result, int index,
                     struct text *row)
{
    const struct skew *skew = result->skew;
    int labels = skew->classes ? (int)skew->classes : 1, node = index / labels, label = index % labels;
#define COLUMN(name, cell, meaning) cell_to_csv(cell, row);
#include "partition.def"
#undef COLUMN
}

static double share_of_total(const struct memory_record *memory, int kind)
{
    double total = 0;
    for (int k = 0; k < RECORD_MEMORY_KINDS; k++)
        total += (double)memory->bytes[k];
    return total > 0 ? (double)memory->bytes[kind] / total : 0;
}

static void add_memory(const struct config *point, const struct result *result, int index,
                       struct text *row)
{
    int kind = index % RECORD_MEMORY_KINDS;
    const struct memory_record *memory = &result->memory[index / RECORD_MEMORY_KINDS];
#define COLUMN(name, cell, meaning) cell_to_csv(cell, row);
#include "memory.def"
#undef COLUMN
}

static void add_staleness(const struct config *point, const struct result *result, int index,
                          struct text *row)
{
#define COLUMN(name, cell, meaning) cell_to_csv(cell, row);
#include "staleness.def"
#undef COLUMN
}

static int row_count(enum csv_file file, const struct result *result)
{
    switch (file) {
    case CSV_STEPS:
        return result->step ? result->steps : 0;
    case CSV_NODES:
        return result->node ? result->nodes : 0;
    case CSV_LINKS:
        return result->link ? result->link_count : 0;
    case CSV_PARTITION:
        return result->skew ? cells_of(result->skew) : 0;
    case CSV_MEMORY:
        return result->memory_count * RECORD_MEMORY_KINDS;
    case CSV_STALENESS:
        return result->staleness_count;
    default:
        return 1;
    }
}

void csv_rows(enum csv_file file, struct place place, struct text *out)
{
    const struct config *point = place.sweep->points[place.index].config;
    struct text row = {0};
    for (int i = 0; i < row_count(file, place.result); i++) {
        begin_row(file, place.sweep, place.index, &row);
        if (file == CSV_RUNS)
            add_run(point, place.result, &row);
        else if (file == CSV_STEPS)
            add_step(point, place.result, i, &row);
        else if (file == CSV_NODES)
            add_node(point, place.result, i, &row);
        else if (file == CSV_PARTITION)
            add_part(point, place.result, i, &row);
        else if (file == CSV_MEMORY)
            add_memory(point, place.result, i, &row);
        else if (file == CSV_STALENESS)
            add_staleness(point, place.result, i, &row);
        else
            add_link(point, place.result, i, &row);
        text_add_bytes(out, row.bytes, row.length);
        text_add_bytes(out, "\n", 1);
    }
    text_release(&row);
}

json_t *run_to_json(struct place place)
{
    const struct config *point = place.sweep->points[place.index].config;
    const struct result *result = place.result;
    bool took_steps = result->steps > 0;
    json_t *object = json_object(), *notes = json_array();
    json_object_set_new(object, "run", json_integer(place.index));
    for (int i = 0; i < place.sweep->key_count; i++)
        json_object_set_new(object, place.sweep->keys[i],
                            cell_to_json(asked(point, place.sweep->keys[i], NULL)));
#define COLUMN(name, cell, meaning) json_object_set_new(object, #name, cell_to_json(cell));
#include "runs.def"
#undef COLUMN
    for (int i = 0; i < result->note_count; i++)
        json_array_append_new(notes, json_string(result->notes[i]));
    json_object_set_new(object, "notes", notes);
    return object;
}

/* ---- A bench's. ---- */

void bench_csv_row(const struct sweep *sweep, const struct bench *bench, const struct bench_row *row,
                   struct text *out)
{
    const struct config *point = sweep->points[row->point].config;
    const struct bench_operation *operation = bench_operation(bench->operation);
    struct text line = {0};
    begin_row(CSV_BENCH, sweep, row->point, &line);
#define COLUMN(name, cell, meaning) cell_to_csv(cell, &line);
#include "bench.def"
#undef COLUMN
    text_add(out, "%s\n", line.bytes);
    text_release(&line);
}

json_t *bench_row_to_json(const struct sweep *sweep, const struct bench *bench,
                          const struct bench_row *row)
{
    const struct config *point = sweep->points[row->point].config;
    const struct bench_operation *operation = bench_operation(bench->operation);
    json_t *object = json_object();
    json_object_set_new(object, "run", json_integer(row->point));
    for (int i = 0; i < sweep->key_count; i++)
        json_object_set_new(object, sweep->keys[i],
                            cell_to_json(asked(point, sweep->keys[i], NULL)));
#define COLUMN(name, cell, meaning) json_object_set_new(object, #name, cell_to_json(cell));
#include "bench.def"
#undef COLUMN
    return object;
}
