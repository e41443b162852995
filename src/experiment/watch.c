#include "watch.h"

#include "threadrack/base/memory.h"
#include "threadrack/clock/links.h"

#include "timeline/timeline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Beyond these, counting each message costs more than most runs. */
enum { AUTO_NODES = 64, AUTO_LINKS = 1 << 13 };

/* Why links=auto counts none, for the caller to free; NULL: it does. */
static char *why_not_counted(const struct setup *setup)
{
    const char *resolver = config_text(setup->config, "clock.resolver");
    if (setup->closed)
        return memory_text("collectives=closed_form counts messages by formulas, and they pass no link");
    if (strcmp(resolver, "auto") && strcmp(resolver, "events"))
        return memory_text("clock.resolver=%s, which was asked for, sees no single message "
                           "(clock.resolver=events does)", resolver);
    if (setup->nodes > AUTO_NODES)
        return memory_text("there are more than %d nodes (links=on counts them all the same)", AUTO_NODES);
    if (setup->cluster->link_count > AUTO_LINKS)
        return memory_text("there are more than %d links (links=on counts them all the same)", AUTO_LINKS);
    return NULL;
}

static bool counts_links(const struct setup *setup)
{
    const char *links = config_text(setup->config, "links");
    if (strcmp(links, "auto"))
        return !strcmp(links, "on");
    char *why = why_not_counted(setup);
    bool counts = setup->nodes > 1 && !why;
    free(why);
    return counts;
}

bool watch_wants(const struct setup *setup)
{
    return counts_links(setup) || config_is_set(setup->config, "trace");
}

/* A default is cut to what there is; what was asked for must be there. */
static bool parse(const struct setup *setup, const char *key, int low, int high, const char *what,
                  struct window *window, struct errors *errors)
{
    return window_parse(config_text(setup->config, key), low, high,
                        config_is_given(setup->config, key), what, config_where(setup->config, key),
                        window, errors);
}

/* Ranks that a placement spreads may be on any node. */
static int last_node(const struct setup *setup)
{
    return (setup->cluster->node_of ? setup->cluster->nodes : setup->nodes) - 1;
}

static int nodes_shown(const struct setup *setup, const struct window *nodes)
{
    int shown = 0;
    for (int rank = 0; rank < setup->nodes; rank++)
        shown += window_has(nodes, cluster_node_of(setup->cluster, rank));
    return shown;
}

static bool windows(const struct setup *setup, struct window *steps, struct window *nodes,
                    struct errors *errors)
{
    bool good = parse(setup, "trace.steps", 1, setup->steps, "step", steps, errors);
    return parse(setup, "trace.nodes", 0, last_node(setup), "node", nodes, errors) && good;
}

bool watch_check(const struct setup *setup, struct errors *errors)
{
    struct window steps, nodes;
    return !config_is_set(setup->config, "trace") || windows(setup, &steps, &nodes, errors);
}

bool watch_begin(struct watch *watch, const struct setup *setup, struct rack *rack,
                 struct errors *errors)
{
    struct window steps, nodes;
    *watch = (struct watch){0};
    if (counts_links(setup)) {
        watch->links = link_meter_create(setup->cluster);
        rack_observe(rack, link_meter_observer(watch->links));
    }
    if (!config_is_set(setup->config, "trace"))
        return true;
    if (!windows(setup, &steps, &nodes, errors))
        return false;
    watch->timeline = timeline_create(config_text(setup->config, "trace"), rack_clock(rack),
                                      setup->cluster, setup->nodes, &steps, &nodes, errors);
    if (watch->timeline)
        rack_observe(rack, timeline_observer(watch->timeline));
    return watch->timeline;
}

/* ---- After the run. ---- */

static void copy_link(const struct watch *watch, const struct setup *setup, int link,
                      struct result *result)
{
    const struct cluster *cluster = setup->cluster;
    struct link_result *to = &result->link[link];
    const struct link *from = &cluster->links[link];
    to->name = memory_text("%s", cluster_link_name(cluster, link));
    to->from = memory_text("%s", cluster_vertex_name(cluster, from->from));
    to->to = memory_text("%s", cluster_vertex_name(cluster, from->to));
    to->bandwidth_Bps = from->bandwidth_Bps;
    to->latency_ps = from->latency_ps;
    to->record = *link_meter_record(watch->links, link);
    to->busy_share = link_meter_busy(watch->links, link, setup->netmodel, result->length_ps);
}

/* By busy share, then by bytes; the first of equals. */
static bool hotter(const struct link_result *a, const struct link_result *b)
{
    double left = isnan(a->busy_share) ? -1 : a->busy_share;
    double right = isnan(b->busy_share) ? -1 : b->busy_share;
    return left > right || (left == right && a->record.bytes > b->record.bytes);
}

static void report_links(const struct watch *watch, const struct setup *setup, struct result *result)
{
    int links = setup->cluster->link_count;
    result->link = memory_zeroed((size_t)links + 1, sizeof *result->link);
    result->link_count = links;
    for (int link = 0; link < links; link++) {
        copy_link(watch, setup, link, result);
        if (result->link[link].record.bytes &&
            (result->hottest_link < 0 ||
             hotter(&result->link[link], &result->link[result->hottest_link])))
            result->hottest_link = link;
    }
}

static bool finish_timeline(struct watch *watch, const struct setup *setup, struct result *result,
                            struct errors *errors)
{
    struct window steps, nodes;
    windows(setup, &steps, &nodes, errors);
    int shown_steps = window_count(&steps, 1, result->steps);
    int shown_nodes = nodes_shown(setup, &nodes);
    char *left_out = NULL;
    if (shown_steps < result->steps || shown_nodes < setup->nodes)
        left_out = memory_text("the timeline shows %d of %d steps and %d of %d nodes "
                               "(trace.steps=%s, trace.nodes=%s), and arrows between these",
                               shown_steps, result->steps, shown_nodes, setup->nodes,
                               config_text(setup->config, "trace.steps"),
                               config_text(setup->config, "trace.nodes"));
    bool good = timeline_finish(watch->timeline, left_out, errors);
    watch->timeline = NULL;
    if (left_out)
        result_note(result, "%s", left_out);
    free(left_out);
    return good;
}

static void note_uncounted(const struct setup *setup, struct result *result)
{
    char *why = why_not_counted(setup);
    if (why && setup->nodes > 1 && !config_is_given(setup->config, "links"))
        result_note(result, "links are not counted: %s", why);
    free(why);
}

bool watch_finish(struct watch *watch, const struct setup *setup, struct result *result,
                  struct errors *errors)
{
    if (watch->links)
        report_links(watch, setup, result);
    else
        note_uncounted(setup, result);
    return !watch->timeline || finish_timeline(watch, setup, result, errors);
}

void watch_release(struct watch *watch)
{
    link_meter_free(watch->links);
    timeline_drop(watch->timeline);
    *watch = (struct watch){0};
}
