#include "commands.h"

#include "threadrack/base/text.h"
#include "threadrack/base/units.h"
#include "threadrack/clock/cost.h"
#include "threadrack/clock/netmodel.h"
#include "threadrack/clock/noise.h"
#include "threadrack/clock/resolver.h"
#include "threadrack/cluster/placement.h"
#include "threadrack/cluster/topology.h"
#include "threadrack/comm/collective.h"
#include "threadrack/comm/compressor.h"
#include "threadrack/data/data.h"
#include "threadrack/data/partition.h"
#include "threadrack/experiment/output.h"
#include "threadrack/model/model.h"
#include "threadrack/strategy/strategy.h"

#include "list.h"

#include <string.h>

enum { NAME_WIDTH = 28, HOST_NODES = 16 };

void list_row(const char *name, const char *summary, const char *options)
{
    printf("  %-*s %s\n", NAME_WIDTH, name, summary);
    if (options && *options)
        printf("  %-*s   %s\n", NAME_WIDTH, "", options);
}

/* A function that prints each row of a family's table. */
#define LIST(table, name_of)                                                                       \
    static int list_##table(void)                                                                  \
    {                                                                                              \
        for (int i = 0; table[i]; i++)                                                             \
            list_row(name_of(table[i]), table[i]->summary, table[i]->options);                     \
        return EXIT_OK;                                                                            \
    }
#define OWN_NAME(member) ((member)->name)

LIST(topologies, OWN_NAME)
LIST(placements, OWN_NAME)
LIST(resolvers, OWN_NAME)
LIST(compute_costs, OWN_NAME)
LIST(noises, OWN_NAME)
LIST(partitions, OWN_NAME)
LIST(compressors, OWN_NAME)
LIST(workloads, OWN_NAME)
LIST(pipelines, OWN_NAME)
LIST(models, OWN_NAME)
LIST(optimizers, OWN_NAME)
LIST(schedules, OWN_NAME)
LIST(datasets, OWN_NAME)

static int list_netmodels(void)
{
    for (int i = 0; netmodels[i]; i++) {
        list_row(netmodels[i]->name, netmodels[i]->summary, netmodels[i]->validity);
        printf("  %-*s   %s\n", NAME_WIDTH, "", netmodels[i]->options);
    }
    return EXIT_OK;
}

static const char *collective_name(const struct collective *collective)
{
    static char name[64];
    snprintf(name, sizeof name, "%s %s", collective->operation, collective->name);
    return name;
}

static int list_collectives(void)
{
    for (int i = 0; collectives[i]; i++)
        list_row(collective_name(collectives[i]), collectives[i]->summary, collectives[i]->options);
    list_row("any but barrier", "msccl:FILE.xml, an algorithm of your own (MSCCL's XML)", NULL);
    return EXIT_OK;
}

static void list_layer(const char *name, const char *summary)
{
    list_row(name, summary, NULL);
}

static int list_layers(void)
{
    layers_each(list_layer);
    return EXIT_OK;
}

static int list_losses(void)
{
    losses_each(list_layer);
    return EXIT_OK;
}

static int list_host(void)
{
    struct errors errors;
    errors_init(&errors);
    struct host *host = host_open(&errors);
    int code = host ? EXIT_OK : complain(&errors);
    if (host) {
        host_print(host, HOST_NODES, stdout);
        host_close(host);
    }
    errors_release(&errors);
    return code;
}

static const struct family {
    const char *name, *summary;
    int (*list)(void);
} families[] = {
    {"topologies", "how nodes are wired (cluster.topology)", list_topologies},
    {"placements", "which node each rank is on (placement)", list_placements},
    {"netmodels", "what a message costs (netmodel)", list_netmodels},
    {"resolvers", "how the clock finds its times (clock.resolver)", list_resolvers},
    {"computes", "what computing costs (compute)", list_compute_costs},
    {"compressors", "how gradients are compressed (compress)", list_compressors},
    {"partitions", "which node has which rows (partition)", list_partitions},
    {"noises", "what slows compute ops at random (noise)", list_noises},
    {"collectives", "operations of a group, and their algorithms (allreduce)", list_collectives},
    {"strategies", "how training is spread over nodes (strategy)", list_workloads},
    {"pipelines", "in which order stages take microbatches (pipeline.schedule)", list_pipelines},
    {"models", "networks to train (model)", list_models},
    {"layers", "what networks are made of", list_layers},
    {"losses", "what a network's output is held against (loss, in a model's file)", list_losses},
    {"optimizers", "how parameters are updated (optimizer)", list_optimizers},
    {"schedules", "how the learning rate changes (lr_schedule)", list_schedules},
    {"datasets", "what to train on (data)", list_datasets},
    {"clusters", "cluster files that come with threadrack (cluster)", list_clusters},
    {"devices", "presets of a node's device (cluster.device)", list_devices},
    {"plots", "figures that `threadrack plot` draws", list_plots},
    {"host", "this machine, and where nodes would sit", list_host},
    {"settings", "every key, with its unit and default", list_settings},
    {"columns", "what the columns of the CSV files mean", list_columns},
};
enum { FAMILIES = sizeof families / sizeof *families };

static const struct family *find(const char *name, struct argp_state *state)
{
    const char *names[FAMILIES];
    for (int i = 0; i < FAMILIES; i++) {
        names[i] = families[i].name;
        if (!strcmp(name, names[i]))
            return &families[i];
    }
    argp_error(state, "there is no family '%s'%s", name, text_suggestion(name, names, FAMILIES));
    return NULL;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    const struct family **family = state->input;
    if (key != ARGP_KEY_ARG)
        return ARGP_ERR_UNKNOWN;
    if (*family)
        argp_error(state, "'%s': one family at a time", argument);
    *family = find(argument, state);
    return 0;
}

/* Without a family. */
static int list_all(void)
{
    int code = EXIT_OK;
    for (int i = 0; i < FAMILIES; i++) {
        printf("%s%s: %s\n", i ? "\n" : "", families[i].name, families[i].summary);
        if (families[i].list() != EXIT_OK)
            code = EXIT_FAILED;
    }
    return code;
}

int command_list(int count, char **arguments)
{
    const struct argp_child children[] = {{&help_argp, 0, NULL, 0}, {0}};
    struct text doc = {0};
    text_add(&doc, "Say what there is, from the tables themselves. Without FAMILY: all.\n\n");
    for (int i = 0; i < FAMILIES; i++)
        text_add(&doc, "  %-13s%s\n", families[i].name, families[i].summary);
    text_add(&doc, "\vExamples:\n  threadrack list strategies\n  threadrack list settings");
    const struct argp argp = {
        .parser = parse, .args_doc = "[FAMILY]", .doc = doc.bytes, .children = children};
    const struct family *family = NULL;
    argp_parse(&argp, count, arguments, 0, NULL, &family);
    text_release(&doc);
    return family ? family->list() : list_all();
}
