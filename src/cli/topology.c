/* `threadrack topology`: what a cluster's wiring amounts to, its routes, and a picture. */
#include "commands.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"
#include "threadrack/cluster/survey.h"

#include "graphviz.h"
#include "topology_print.h"

#include <stdlib.h>
#include <string.h>

enum { OPTION_DOT = 256, OPTION_PNG, OPTION_JSON, OPTION_ROUTE };

static const char doc[] =
    "Print nodes, links, diameter, bisection and routes of a cluster, and draw it. FILE or NAME is a "
    "cluster file, as for cluster=; words override its keys."
    "\v"
    "Examples:\n"
    "  threadrack topology boxes-of-8 nodes=32\n"
    "  threadrack topology cluster.topology=torus cluster.torus.dimensions=4x4x8 --route 0,17\n"
    "  threadrack topology cluster.topology=fat_tree cluster.fat_tree.k=4 --png tree.png";

static const struct argp_option options[] = {
    {"route", OPTION_ROUTE, "A,B", 0, "Print the route between two nodes (may be given again)", 0},
    {"dot", OPTION_DOT, "FILE", 0, "Write the graph in Graphviz's language; - prints it alone", 0},
    {"png", OPTION_PNG, "FILE", 0, "Draw it, by Graphviz's `dot`", 0},
    {"json", OPTION_JSON, NULL, 0, "Print as JSON", 0},
    {0},
};

struct asked {
    struct config *config;
    struct errors *errors;
    bool named, json;
    const char *dot, *png;
    struct pair *routes;
    int route_count, route_room;
};

static void take_route(struct asked *asked, const char *text, struct argp_state *state)
{
    struct pair *pair = vector_push(&asked->routes, &asked->route_count, &asked->route_room);
    int end = 0;
    if (strspn(text, "0123456789,") != strlen(text) ||
        sscanf(text, "%9d,%9d%n", &pair->src, &pair->dst, &end) != 2 || text[end])
        argp_error(state, "--route '%s': expected two nodes such as 0,17", text);
}

static void take_word(struct asked *asked, const char *word, struct argp_state *state)
{
    if (!strchr(word, '=')) {
        if (asked->named)
            argp_error(state, "'%s': expected key=value, since a cluster is named already", word);
        asked->named = true;
        char *named = memory_text("cluster=%s", word);
        config_set(asked->config, named, asked->errors);
        free(named);
    } else {
        config_set(asked->config, word, asked->errors);
    }
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;
    switch (key) {
    case OPTION_ROUTE:
        take_route(asked, argument, state);
        return 0;
    case OPTION_DOT:
        asked->dot = argument;
        return 0;
    case OPTION_PNG:
        asked->png = argument;
        return 0;
    case OPTION_JSON:
        asked->json = true;
        return 0;
    case ARGP_KEY_ARG:
        take_word(asked, argument, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static bool check_routes(const struct asked *asked, const struct cluster *cluster)
{
    for (int i = 0; i < asked->route_count; i++)
        if (asked->routes[i].src >= cluster->nodes || asked->routes[i].dst >= cluster->nodes)
            return errors_add(asked->errors, "--route %d,%d: nodes are 0 to %d", asked->routes[i].src,
                              asked->routes[i].dst, cluster->nodes - 1);
    return true;
}

static struct cluster *build(const struct asked *asked)
{
    const struct config *config = asked->config;
    struct errors *errors = asked->errors;
    for (int i = 0; i < config_swept_count(config); i++)
        errors_add(errors, "'%s' has several values: a topology is one cluster",
                   config_swept_key(config, i));
    if (errors->count || !cluster_read(asked->config, errors))
        return NULL;
    bool given = config_source(config, "nodes") != SOURCE_DEFAULT;
    int before = errors->count;
    struct cluster *cluster =
        cluster_create(config, given ? (int)config_whole(config, "nodes") : 0, errors);
    if (cluster && !given && !cluster_places(config) && errors->count == before)
        errors_add(errors,
                   "nodes is not given, and topology %s (%s) takes any number of nodes: give it, "
                   "such as nodes=16",
                   cluster->topology->name, config_where(config, "cluster.topology"));
    if (cluster && cluster->platform && (asked->dot || asked->png))
        errors_add(errors, "--dot, --png: links of an imported platform have no ends to draw");
    if (cluster && !errors->count && check_routes(asked, cluster))
        return cluster;
    cluster_free(cluster);
    return NULL;
}

static void print(const struct asked *asked, const struct cluster *cluster)
{
    struct survey survey;
    survey_take(cluster, &survey);
    if (asked->json)
        topology_print_json(cluster, &survey, asked->routes, asked->route_count);
    else
        topology_print(cluster, &survey, asked->routes, asked->route_count);
    survey_release(&survey);
}

/* What an imported file says and has no effect. */
static void print_notes(const struct cluster *cluster)
{
    for (int i = 0; i < cluster->note_count; i++)
        fprintf(stderr, "note: %s\n", cluster->notes[i]);
}

static int show(const struct asked *asked, const struct cluster *cluster)
{
    bool prints_graph = asked->dot && !strcmp(asked->dot, "-");
    if (!prints_graph)
        print(asked, cluster);
    bool good = (!asked->dot || graphviz_write(cluster, asked->dot, asked->errors)) &&
                (!asked->png || graphviz_draw(cluster, asked->png, asked->errors));
    print_notes(cluster);
    return good ? EXIT_OK : complain(asked->errors);
}

int command_topology(int count, char **arguments)
{
    const struct setting *const tables[] = {cluster_settings};
    const struct argp_child children[] = {{&help_argp, 0, NULL, 0}, {0}};
    const struct argp argp = {.options = options,
                              .parser = parse,
                              .args_doc = "[FILE|NAME] [key=value ...]",
                              .doc = doc,
                              .children = children};
    struct errors errors;
    errors_init(&errors);
    struct asked asked = {.config = config_create(tables, 1), .errors = &errors};
    argp_parse(&argp, count, arguments, 0, NULL, &asked);
    struct cluster *cluster = build(&asked);
    int code = cluster ? show(&asked, cluster) : complain(&errors);
    cluster_free(cluster);
    config_free(asked.config);
    free(asked.routes);
    errors_release(&errors);
    return code;
}
