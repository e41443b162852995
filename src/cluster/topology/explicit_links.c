#include "explicit_links.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"

#include <stdlib.h>
#include <string.h>

/* A bound of looking for cables listed twice. */
enum { MOST_SWITCHES = 1024, MOST_CABLES = 16384 };

/* The options of a cable; those from OPTION_SHARING on are one of two words. */
enum option { OPTION_BANDWIDTH, OPTION_LATENCY, OPTION_SHARING, OPTION_DUPLEX, OPTIONS };
static const char *const option_names[OPTIONS] = {"bandwidth", "latency", "sharing", "duplex"};
static const char *const option_words[OPTIONS][2] = {
    [OPTION_SHARING] = {"shared", "fatpipe"}, [OPTION_DUPLEX] = {"full", "half"}};

/* One item of the list, being read. */
struct item {
    const char *where, *text;
    int ends[2], words;
    struct path link;
    bool has[OPTIONS];
    bool fatpipe, half_duplex;
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
        return fail(item, errors, "expected bandwidth=, latency=, sharing= or duplex= instead of ",
                    word);
    snprintf(what, sizeof what, "expected node0 to node%d, or switch0 to switch%d, instead of ",
             graph->places - 1, MOST_SWITCHES - 1);
    if (vertex < 0)
        return fail(item, errors, what, word);
    item->ends[item->words++] = vertex;
    return true;
}

static bool read_number(struct item *item, enum option option, const char *word, const char *text,
                        struct errors *errors)
{
    bool is_bandwidth = option == OPTION_BANDWIDTH;
    char why[160];
    struct quantity value;
    if (!units_parse(text, is_bandwidth ? UNIT_BANDWIDTH : UNIT_TIME, &value, why, sizeof why))
        return errors_add(errors, "%s: cluster.links: '%s': %s: %s", item->where, item->text,
                          option_names[option], why);
    if (is_bandwidth && (value.real < 1 || value.real > 1e18))
        return fail(item, errors, "a bandwidth is from 1B/s to 1000PB/s: ", word);
    if (!is_bandwidth && value.real > 1e12)
        return fail(item, errors, "a latency is at most 1s: ", word);
    *(is_bandwidth ? &item->link.bandwidth_Bps : &item->link.latency_ps) = value.whole;
    return true;
}

static bool read_word(struct item *item, enum option option, const char *text,
                      struct errors *errors)
{
    const char *const *words = option_words[option];
    bool second = !strcmp(text, words[1]);
    if (!second && strcmp(text, words[0]))
        return errors_add(errors, "%s: cluster.links: '%s': %s is %s or %s, not '%s'%s",
                          item->where, item->text, option_names[option], words[0], words[1], text,
                          text_suggestion(text, words, 2));
    *(option == OPTION_SHARING ? &item->fatpipe : &item->half_duplex) = second;
    return true;
}

static bool read_option(struct item *item, const char *word, const char *equals,
                        struct errors *errors)
{
    char name[32];
    int option = 0;
    snprintf(name, sizeof name, "%.*s", (int)(equals - word), word);
    while (option < OPTIONS && strcmp(name, option_names[option]))
        option++;
    if (option == OPTIONS)
        return errors_add(errors, "%s: cluster.links: '%s': unknown option '%s'%s", item->where,
                          item->text, name, text_suggestion(name, option_names, OPTIONS));
    if (item->has[option])
        return fail(item, errors, "given twice: ", name);
    item->has[option] = true;
    return option < OPTION_SHARING
               ? read_number(item, (enum option)option, word, equals + 1, errors)
               : read_word(item, (enum option)option, equals + 1, errors);
}

static bool read_words(struct cable_graph *graph, struct item *item, struct errors *errors)
{
    bool good = true;
    char *state, *copy = memory_text("%s", item->text);
    for (char *word = strtok_r(copy, " ", &state); word; word = strtok_r(NULL, " ", &state)) {
        const char *equals = strchr(word, '=');
        good = (equals ? read_option(item, word, equals, errors)
                       : read_end(graph, item, word, errors)) &&
               good;
    }
    free(copy);
    if (good && item->words != 2)
        return fail(item, errors, "expected two ends such as 'node0 switch0'", "");
    if (good && item->ends[0] == item->ends[1])
        return fail(item, errors, "joins a vertex to itself", "");
    if (good && item->fatpipe && item->half_duplex)
        return fail(item, errors, "duplex=half shares what sharing=fatpipe does not", "");
    return good;
}

/* Of the ends of cables that are named node<N> with N from `nodes` on: how many cables have one, the
 * largest N, and where the first is. */
struct beyond {
    int cables, largest;
    const char *where;
};

static void look_beyond(struct beyond *beyond, int nodes, const char *text, const char *where)
{
    bool found = false;
    char *state, *copy = memory_text("%s", text);
    for (char *word = strtok_r(copy, " ", &state); word; word = strtok_r(NULL, " ", &state)) {
        struct quantity number;
        char why[128];
        if (strncmp(word, "node", 4) || !units_parse(word + 4, UNIT_COUNT, &number, why, sizeof why) ||
            number.whole < (uint64_t)nodes || number.whole >= GRAPH_MOST_PLACES)
            continue;
        found = true;
        if ((int)number.whole > beyond->largest)
            beyond->largest = (int)number.whole;
    }
    if (found && beyond->cables++ == 0)
        beyond->where = where;
    free(copy);
}

/* Several of them are no slips: the cluster has other nodes. Returns how many, to read the rest by. */
static int nodes_meant(int nodes, const struct config *config, int count, struct errors *errors)
{
    struct beyond beyond = {0};
    for (int i = 0; i < count; i++)
        look_beyond(&beyond, nodes, config_list_item(config, "cluster.links", i),
                    config_list_where(config, "cluster.links", i));
    if (beyond.cables < 2)
        return nodes;
    errors_add(errors, "%s: the cluster has %d nodes, not %d: cluster.links has cables up to node%d "
                       "(%d of them to nodes beyond node%d, the first in %s)",
               config_where(config, "nodes"), beyond.largest + 1, nodes, beyond.largest, beyond.cables,
               nodes - 1, beyond.where);
    return beyond.largest + 1;
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
    int link = cable_graph_add_cable(graph, item.ends[0], item.ends[1], item.link);
    for (int way = 0; way < 2; way++) {
        graph->links[link + way].fatpipe = item.fatpipe;
        graph->links[link + way].half_duplex = item.half_duplex;
    }
    for (int end = 0; end < 2; end++)
        while (item.ends[end] >= graph->places + graph->switches)
            cable_graph_add_switch(graph);
    return true;
}

struct cable_graph *explicit_links_read(int nodes, const struct config *config,
                                        struct errors *errors)
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
    int meant = good ? nodes_meant(nodes, config, count, errors) : nodes;
    struct cable_graph *graph = good ? cable_graph_create(meant) : NULL;
    good = good && meant == nodes;
    for (int i = 0; graph && i < count; i++)
        good = read_item(graph, config, i, errors) && good;
    if (graph && !good)
        cable_graph_free(graph);
    return good ? graph : NULL;
}
