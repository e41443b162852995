#include "explicit_links.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"

#include <stdlib.h>
#include <string.h>

/* A bound of looking for cables listed twice. */
enum { MOST_SWITCHES = 1024, MOST_CABLES = 16384 };

/* One item of the list, being read. */
struct item {
    const char *where, *text;
    int ends[2], words;
    struct path link;
    bool has_latency, has_bandwidth;
};

static bool fail(const struct item *item, struct errors *errors, const char *what, const char *word)
{
    return errors_add(errors, "%s: cluster.links: '%s': %s%s", item->where, item->text, what, word);
}

/* "node3" or "switch0" to a vertex; -1 when it is neither. */
static int vertex_of(const struct cable_graph *graph, const char *word)
{
    static const char *const kinds[] = {"node", "switch"};
    int most[] = {graph->places, MOST_SWITCHES};
    for (int kind = 0; kind < 2; kind++) {
        size_t length = strlen(kinds[kind]);
        struct quantity number;
        char why[128];
        if (!strncmp(word, kinds[kind], length) &&
            units_parse(word + length, UNIT_COUNT, &number, why, sizeof why) &&
            number.whole < (uint64_t)most[kind])
            return (int)number.whole + (kind ? graph->places : 0);
    }
    return -1;
}

static bool read_end(struct cable_graph *graph, struct item *item, const char *word,
                     struct errors *errors)
{
    char what[160];
    int vertex = vertex_of(graph, word);
    if (item->words == 2)
        return fail(item, errors, "expected bandwidth= or latency= instead of ", word);
    snprintf(what, sizeof what, "expected node0 to node%d, or switch0 to switch%d, instead of ",
             graph->places - 1, MOST_SWITCHES - 1);
    if (vertex < 0)
        return fail(item, errors, what, word);
    item->ends[item->words++] = vertex;
    return true;
}

static bool read_option(struct item *item, const char *word, const char *equals,
                        struct errors *errors)
{
    static const char *const names[] = {"bandwidth", "latency"};
    char name[32], why[160];
    struct quantity value;
    snprintf(name, sizeof name, "%.*s", (int)(equals - word), word);
    bool is_bandwidth = !strcmp(name, names[0]), is_latency = !strcmp(name, names[1]);
    if (!is_bandwidth && !is_latency)
        return errors_add(errors, "%s: cluster.links: '%s': unknown option '%s'%s", item->where,
                          item->text, name, text_suggestion(name, names, 2));
    if (is_bandwidth ? item->has_bandwidth : item->has_latency)
        return fail(item, errors, "given twice: ", name);
    if (!units_parse(equals + 1, is_bandwidth ? UNIT_BANDWIDTH : UNIT_TIME, &value, why, sizeof why))
        return errors_add(errors, "%s: cluster.links: '%s': %s: %s", item->where, item->text, name,
                          why);
    if (is_bandwidth && (value.real < 1 || value.real > 1e18))
        return fail(item, errors, "a bandwidth is from 1B/s to 1000PB/s: ", word);
    if (is_latency && value.real > 1e12)
        return fail(item, errors, "a latency is at most 1s: ", word);
    *(is_bandwidth ? &item->link.bandwidth_Bps : &item->link.latency_ps) = value.whole;
    *(is_bandwidth ? &item->has_bandwidth : &item->has_latency) = true;
    return true;
}

static bool read_words(struct cable_graph *graph, struct item *item, struct errors *errors)
{
    bool good = true;
    char *state, *copy = memory_text("%s", item->text);
    for (char *word = strtok_r(copy, " ", &state); word; word = strtok_r(NULL, " ", &state)) {
        const char *equals = strchr(word, '=');
        good = (equals ? read_option(item, word, equals, errors)
                       : read_end(graph, item, word, errors)) && good;
    }
    free(copy);
    if (good && item->words != 2)
        return fail(item, errors, "expected two ends such as 'node0 switch0'", "");
    if (good && item->ends[0] == item->ends[1])
        return fail(item, errors, "joins a vertex to itself", "");
    return good;
}

static bool read_item(struct cable_graph *graph, const struct config *config, int i,
                      struct errors *errors)
{
    struct item item = {.where = config_list_where(config, "cluster.links", i),
                        .text = config_list_item(config, "cluster.links", i),
                        .link = cluster_link_setting(config)};
    if (!read_words(graph, &item, errors))
        return false;
    for (int l = 0; l < graph->link_count; l++)
        if (graph->links[l].from == item.ends[0] && graph->links[l].to == item.ends[1])
            return fail(&item, errors, "this cable is listed twice", "");
    cable_graph_add_cable(graph, item.ends[0], item.ends[1], item.link);
    for (int end = 0; end < 2; end++)
        while (item.ends[end] >= graph->places + graph->switches)
            cable_graph_add_switch(graph);
    return true;
}

struct cable_graph *explicit_links_read(int nodes, const struct config *config, struct errors *errors)
{
    bool good = true;
    if (nodes > GRAPH_MOST_PLACES)
        good = errors_add(errors, "%s: topology explicit has at most %d nodes, not %d",
                          config_where(config, "nodes"), GRAPH_MOST_PLACES, nodes);
    else if (!config_is_set(config, "cluster.links"))
        good = errors_add(errors, "%s: topology explicit needs its cables in cluster.links",
                          config_where(config, "cluster.topology"));
    int count = good ? config_list_count(config, "cluster.links") : 0;
    if (count > MOST_CABLES)
        good = errors_add(errors, "%s: cluster.links has at most %d cables, not %d",
                          config_where(config, "cluster.links"), MOST_CABLES, count);
    struct cable_graph *graph = good ? cable_graph_create(nodes) : NULL;
    for (int i = 0; graph && i < count; i++)
        good = read_item(graph, config, i, errors) && good;
    if (graph && !good)
        cable_graph_free(graph);
    return good ? graph : NULL;
}
