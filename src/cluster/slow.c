#include "slow.h"

#include "node_range.h"

#include "threadrack/base/exact.h"
#include "threadrack/base/memory.h"
#include "threadrack/base/philox.h"
#include "threadrack/base/units.h"

#include <stdlib.h>
#include <string.h>

static const double slowest = 1e-6, fastest = 1e6;

static void slow_fraction(struct cluster *cluster, const struct config *config)
{
    /* 0.29 * 100 is a little less than 29 in binary, and means 29. */
    int slow = (int)(config_real(config, "cluster.slow.fraction") * cluster->nodes + 1e-6);
    for (int i = cluster->nodes - slow; i < cluster->nodes; i++)
        cluster->devices[i].speed = config_real(config, "cluster.slow.speed");
}

bool slow_factor(const char *text, double *out)
{
    struct quantity quantity;
    char why[128];
    bool good = units_parse(text, UNIT_REAL, &quantity, why, sizeof why);
    *out = quantity.real;
    return good && *out >= slowest && *out <= fastest;
}

/* One of the pieces between pluses: A, A:B, each with @SPEED or without. */
static bool slow_piece(struct cluster *cluster, const char *piece, double speed)
{
    int first, last;
    if (!node_range(&piece, cluster->nodes, &first, &last) ||
        (*piece == '@' ? !slow_factor(piece + 1, &speed) : *piece))
        return false;
    for (int i = first; i <= last; i++)
        cluster->devices[i].speed = speed;
    return true;
}

static bool slow_nodes(struct cluster *cluster, const struct config *config, struct errors *errors)
{
    static const char key[] = "cluster.slow.nodes";
    if (!config_is_set(config, key))
        return true;
    char *copy = memory_text("%s", config_text(config, key)), *rest = copy, *piece;
    bool good = true;
    while (good && (piece = strsep(&rest, "+")))
        good = slow_piece(cluster, piece, config_real(config, "cluster.slow.speed")) ||
               errors_add(errors,
                          "%s: '%s': expected nodes from 0 to %d such as 5, 0:7 or 3@0.25, whose speed "
                          "is from 1e-6 to 1e6",
                          config_where(config, key), piece, cluster->nodes - 1);
    free(copy);
    return good;
}

/* ---- Drawn speeds. ---- */

static double lognormal(struct draw draw, uint64_t number, const double *values)
{
    return exact_exp(values[0] * draw_normal(draw, number));
}

static double uniform(struct draw draw, uint64_t number, const double *values)
{
    return values[0] + (values[1] - values[0]) * draw_uniform(draw, number);
}

static bool read_spread(struct spread *spread, const struct member_text *member)
{
    for (int i = 0; i < member->count; i++) {
        bool known = false;
        for (int k = 0; k < 2; k++)
            if (spread->keys[k] && !strcmp(spread->keys[k], member->keys[i]))
                known = slow_factor(member->values[i], &spread->values[k]) &&
                        spread->values[k] >= spread->least[k];
        if (!known)
            return false;
    }
    return !member->positional && (spread->draw != uniform || spread->values[0] <= spread->values[1]);
}

double spread_draw(const struct spread *spread, struct draw draw, int number, double factor)
{
    factor *= spread->draw(draw, (uint64_t)number, spread->values);
    return factor < slowest ? slowest : factor > fastest ? fastest : factor;
}

bool spread_parse(struct spread *spread, const struct config *config, const char *key, struct errors *errors)
{
    static const struct spread spreads[] = {
        {"lognormal", {"sigma", NULL}, {0.2, 0}, {0, 0}, lognormal},
        {"uniform", {"low", "high"}, {0.5, 1}, {0, 0}, uniform},
    };
    struct member_text member;
    const char *text = config_text(config, key);
    *spread = (struct spread){0};
    if (!strcmp(text, "none"))
        return true;
    bool good = member_parse(text, config_where(config, key), &member, errors), found = false;
    for (int i = 0; good && !found && i < 2; i++) {
        *spread = spreads[i];
        found = !strcmp(member.name, spread->name) && read_spread(spread, &member);
    }
    member_release(&member);
    return good && (found || errors_add(errors,
                                        "%s: '%s': expected none, lognormal:sigma=0.2 or "
                                        "uniform:low=0.5,high=1",
                                        config_where(config, key), text));
}

static bool spread_speeds(struct cluster *cluster, const struct config *config,
                          struct errors *errors)
{
    struct spread spread;
    struct draw draw = {.seed = config_whole(config, "cluster.slow.seed"), .purpose = PURPOSE_SPEED};
    if (!spread_parse(&spread, config, "cluster.slow.spread", errors))
        return false;
    for (int i = 0; spread.draw && i < cluster->nodes; i++)
        cluster->devices[i].speed = spread_draw(&spread, draw, i, cluster->devices[i].speed);
    return true;
}

/* ---- Speeds that change. ---- */

static bool trace_speeds(struct cluster *cluster, const struct config *config, struct errors *errors)
{
    static const char key[] = "cluster.slow.trace";
    if (!config_is_set(config, key))
        return true;
    cluster->speed_traces = memory_zeroed((size_t)cluster->nodes, sizeof *cluster->speed_traces);
    return traces_read(cluster->speed_traces, NULL, cluster->nodes, config_text(config, key),
                       config_where(config, key), errors);
}

bool slow_apply(struct cluster *cluster, const struct config *config, struct errors *errors)
{
    slow_fraction(cluster, config);
    return slow_nodes(cluster, config, errors) && spread_speeds(cluster, config, errors) &&
           trace_speeds(cluster, config, errors);
}

void slow_release(struct cluster *cluster)
{
    for (int i = 0; cluster->speed_traces && i < cluster->nodes; i++)
        trace_release(&cluster->speed_traces[i]);
    free(cluster->speed_traces);
    for (int i = 0; cluster->link_traces && i < cluster->link_count; i++)
        trace_release(&cluster->link_traces[i]);
    free(cluster->link_traces);
}
