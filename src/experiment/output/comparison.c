#include "rows.h"
#include "table.h"
#include "winners.h"

#include <string.h>

struct view { /* which columns the sweep needs, and their units */
    struct time_unit step, target;
    bool has_target, has_loss;
};

static double smaller(double a, double b)
{
    return a > 0 && (b <= 0 || a < b) ? a : b;
}

static struct view look(const struct sweep *sweep)
{
    double step = 0, target = 0;
    struct view view = {0};
    for (int i = 0; i < sweep->count; i++) {
        const struct result *result = sweep->points[i].result;
        if (!result || result->steps <= 0)
            continue;
        step = smaller(result->step_s, step);
        view.has_target |= result->has_target;
        view.has_loss |= !isnan(result->final_loss);
        if (result->target_reached)
            target = smaller((double)result->target_ps * 1e-12, target);
    }
    view.step = time_unit_for(step);
    view.target = time_unit_for(target);
    return view;
}

static void add_heading(const struct sweep *sweep, struct view view, struct table *table)
{
    static const char *const figures[] = {"speed-up",  "efficiency", "communication", "idle",
                                          "imbalance", "loss",       "accuracy"};
    table_add(table, "run");
    for (int i = 0; i < sweep->key_count; i++)
        if (!csv_has_column(CSV_STEPS, sweep->keys[i]))
            table_add(table, "%s", sweep->keys[i]);
    table_add(table, "strategy");
    table_add(table, "nodes");
    table_add(table, "mesh");
    table_add(table, "step [%s]", view.step.name);
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        table_add(table, "%s", figures[i]);
    table_add(table, "to target [%s]", view.target.name);
    table_add(table, "status");
    table->columns = table->count;
}

static void add_figures(const struct result *result, struct view view, struct table *table)
{
    table_add(table, "%s", number_words(result->step_s * view.step.per_second, 3));
    table_add(table, "%s", number_words(result->speedup, 2));
    table_add(table, "%s", share_words(result->efficiency));
    table_add(table, "%s", share_words(result->communication_share));
    table_add(table, "%s", share_words(result->waiting_share + result->bubble_share));
    table_add(table, "%s", number_words(result->imbalance, 3));
    table_add(table, "%s", view.has_loss ? number_words(result->final_loss, 4) : "");
    table_add(table, "%s", view.has_loss ? share_words(result->final_accuracy) : "");
    if (result->target_reached)
        table_add(table, "%.4g", (double)result->target_ps * 1e-12 * view.target.per_second);
    else
        table_add(table, "%s", view.has_target ? "-" : "");
}

static const char *word(const struct config *point, const char *key)
{
    const char *value = asked_text(point, key);
    return value ? value : "-";
}

/* A point's line: what it is, and its figures or its reason. */
static void add_run(const struct sweep *sweep, int index, struct view view, struct table *table)
{
    enum { FIGURES = 9 };
    const struct config *point = sweep->points[index].config;
    const struct result *result = sweep->points[index].result;
    table_add(table, "%d", index);
    for (int i = 0; i < sweep->key_count; i++)
        if (!csv_has_column(CSV_STEPS, sweep->keys[i]))
            table_add(table, "%s", word(point, sweep->keys[i]));
    table_add(table, "%s", word(point, "strategy"));
    if (result->nodes)
        table_add(table, "%d", result->nodes);
    else
        table_add(table, "%s", word(point, "nodes"));
    if (result->mesh_context > 1)
        table_add(table, "%dx%dx%d context %d", result->mesh_data, result->mesh_tensor,
                  result->mesh_pipeline, result->mesh_context);
    else if (result->mesh_data)
        table_add(table, result->mesh_expert > 1 ? "%dx%dx%dx%d" : "%dx%dx%d", result->mesh_data,
                  result->mesh_tensor, result->mesh_pipeline, result->mesh_expert);
    else
        table_add(table, "%s", "");
    if (result->steps > 0)
        add_figures(result, view, table);
    else
        for (int i = 0; i < FIGURES; i++)
            table_add(table, "%s", "");
    if (result->status == STATUS_OK)
        table_add(table, "ok");
    else
        table_add(table, "%s: %s", status_name(result->status),
                  result->reason ? result->reason : "");
}

/* Whether two notes are the same but for their figures. */
static bool alike(const char *a, const char *b)
{
    static const char figures[] = "0123456789.";
    for (; *a && *b; a++, b++) {
        a += strspn(a, figures);
        b += strspn(b, figures);
        if (*a != *b || !*a)
            break;
    }
    return *a == *b;
}

static const char *note_of(const struct sweep *sweep, int run, int n)
{
    const struct result *result = sweep->points[run].result;
    return result && n < result->note_count ? result->notes[n] : NULL;
}

static bool has_alike(const struct sweep *sweep, int run, const char *note)
{
    const char *other;
    for (int n = 0; (other = note_of(sweep, run, n)); n++)
        if (alike(other, note))
            return true;
    return false;
}

/* A note of one run, and which runs have it too, be it with other figures. */
static void print_note(const struct sweep *sweep, int run, const char *note, FILE *stream)
{
    int others = 0;
    fprintf(stream, "note (run %d): %s", run, note);
    for (int i = run + 1; i < sweep->count; i++)
        if (has_alike(sweep, i, note))
            fprintf(stream, "%s%d", others++ ? ", " : " [alike, with figures of their own: runs ", i);
    fprintf(stream, "%s\n", others ? "]" : "");
}

static void print_notes(const struct sweep *sweep, FILE *stream)
{
    for (int i = 0; i < sweep->count; i++) {
        const char *note;
        for (int n = 0; (note = note_of(sweep, i, n)); n++) {
            bool said = false;
            for (int before = 0; !said && before < i; before++)
                said = has_alike(sweep, before, note);
            if (!said)
                print_note(sweep, i, note, stream);
        }
    }
}

static void print_runs(const struct sweep *sweep, FILE *stream)
{
    struct view view = look(sweep);
    struct table table = {0};
    add_heading(sweep, view, &table);
    for (int i = 0; i < sweep->count; i++)
        if (sweep->points[i].result)
            add_run(sweep, i, view, &table);
    table_print(&table, stream);
    table_release(&table);
}

void comparison_print(const struct sweep *sweep, bool brief, FILE *stream)
{
    if (!brief)
        print_runs(sweep, stream);
    winners_print(sweep, stream);
    print_notes(sweep, stream);
}
