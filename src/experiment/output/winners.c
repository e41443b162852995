#include "winners.h"

#include "rows.h"
#include "table.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Two runs compete when all swept keys but these agree. */
static bool is_a_choice(const char *key)
{
    static const char *const choices[] = {"strategy", "mesh.data", "mesh.tensor", "mesh.pipeline",
                                          "nodes"};
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
        if (!strcmp(key, choices[i]))
            return true;
    return false;
}

static const char *strategy_of(const struct sweep *sweep, int index)
{
    const char *strategy = asked_text(sweep->points[index].config, "strategy");
    return strategy ? strategy : "-";
}

static bool ran(const struct sweep *sweep, int index)
{
    const struct result *result = sweep->points[index].result;
    return result && result->status == STATUS_OK && result->steps > 0;
}

static bool compete(const struct sweep *sweep, int a, int b)
{
    if (!ran(sweep, b) || sweep->points[a].result->nodes != sweep->points[b].result->nodes)
        return false;
    for (int i = 0; i < sweep->key_count; i++) {
        const char *left = asked_text(sweep->points[a].config, sweep->keys[i]);
        const char *right = asked_text(sweep->points[b].config, sweep->keys[i]);
        if (!is_a_choice(sweep->keys[i]) && strcmp(left ? left : "", right ? right : ""))
            return false;
    }
    return true;
}

static double step_time(const struct result *result)
{
    return result->step_s;
}

/* Without a speed-up, a step is another piece of work than the others' (a round of epochs, say). */
static double step_time_of_like(const struct result *result)
{
    return isnan(result->speedup) ? NAN : result->step_s;
}

static double time_to_target(const struct result *result)
{
    return result->target_reached ? (double)result->target_ps * 1e-12 : NAN;
}

/* The best of the group and the best of another strategy; -1 where there is none. */
struct podium {
    int first, second;
};

static struct podium race(const struct sweep *sweep, int leader,
                          double (*figure)(const struct result *))
{
    struct podium podium = {-1, -1};
    for (int pass = 0; pass < 2; pass++)
        for (int i = leader; i < sweep->count; i++) {
            int *best = pass ? &podium.second : &podium.first;
            if (!compete(sweep, leader, i) || isnan(figure(sweep->points[i].result)))
                continue;
            if (pass && !strcmp(strategy_of(sweep, i), strategy_of(sweep, podium.first)))
                continue;
            if (*best < 0 || figure(sweep->points[i].result) < figure(sweep->points[*best].result))
                *best = i;
        }
    return podium;
}

static void add_podium(const struct sweep *sweep, struct podium podium,
                       double (*figure)(const struct result *), struct table *table)
{
    if (podium.second < 0) {
        table_add(table, "%s", podium.first < 0 ? "" : strategy_of(sweep, podium.first));
        table_add(table, "%s", "");
        return;
    }
    double best = figure(sweep->points[podium.first].result);
    double next = figure(sweep->points[podium.second].result);
    table_add(table, "%s (%s)", strategy_of(sweep, podium.first), time_words(best));
    table_add(table, "%.2f x %s", next / best, strategy_of(sweep, podium.second));
}

static void add_group(const struct sweep *sweep, int leader, struct table *table)
{
    bool any = race(sweep, leader, step_time_of_like).first >= 0;
    double (*step)(const struct result *) = any ? step_time_of_like : step_time;
    struct podium fastest = race(sweep, leader, step);
    struct podium soonest = race(sweep, leader, time_to_target);
    if (race(sweep, leader, step_time).second < 0 || (fastest.second < 0 && soonest.first < 0))
        return;
    table_add(table, "%d", sweep->points[leader].result->nodes);
    for (int i = 0; i < sweep->key_count; i++)
        if (!is_a_choice(sweep->keys[i])) {
            const char *value = asked_text(sweep->points[leader].config, sweep->keys[i]);
            table_add(table, "%s", value ? value : "");
        }
    add_podium(sweep, fastest, step, table);
    add_podium(sweep, soonest, time_to_target, table);
}

void winners_print(const struct sweep *sweep, FILE *stream)
{
    struct table table = {0};
    bool *done = memory_zeroed((size_t)sweep->count, sizeof *done);
    table_add(&table, "nodes");
    for (int i = 0; i < sweep->key_count; i++)
        if (!is_a_choice(sweep->keys[i]))
            table_add(&table, "%s", sweep->keys[i]);
    table_add(&table, "fastest step");
    table_add(&table, "ahead by");
    table_add(&table, "soonest to target");
    table_add(&table, "ahead by");
    table.columns = table.count;
    for (int leader = 0; leader < sweep->count; leader++) {
        if (done[leader] || !ran(sweep, leader))
            continue;
        for (int i = leader; i < sweep->count; i++)
            done[i] = done[i] || compete(sweep, leader, i);
        add_group(sweep, leader, &table);
    }
    if (table.count > table.columns) {
        fputs("\nwhich strategy won where\n", stream);
        table_print(&table, stream);
    }
    table_release(&table);
    free(done);
}
