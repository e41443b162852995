/* Rows of the global batch by worker (shares=): even, given as weights, or by speed.
 *
 * A replica of several nodes is as fast as the slowest one (speeds.c). Rounding is by largest remainders
 * (base/share.h).
 */
#include "inside.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/share.h"
#include "threadrack/base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_MOST = 16 };
static const double weight_least = 1e-6, weight_most = 1e6;

/* By worker, servers left out. */
static void weigh_by_speed(const struct setup *setup, double *weights, int workers)
{
    const struct mesh mesh = {.shape = setup->shape, .order = setup->order};
    double *speeds = setup_speeds(setup);
    for (int i = 0; i < workers; i++)
        weights[i] = INFINITY;
    for (int rank = 0; rank < setup->nodes; rank++) {
        int worker = mesh_point(&mesh, rank).replica - setup->servers;
        if (worker >= 0)
            weights[worker] = fmin(weights[worker], speeds[rank]);
    }
    free(speeds);
}

/* ---- Weights that are given ---- */

static bool read_weights(const char *text, double *weights, int workers)
{
    int count = 0;
    for (char *end; count < workers; text = end + 1) {
        if (strspn(text, "0123456789.eE+-") == 0)
            return false;
        weights[count] = strtod(text, &end);
        if (end == text || !(weights[count] >= weight_least && weights[count] <= weight_most))
            return false;
        count++;
        if (*end != ':')
            return !*end && count == workers;
    }
    return false;
}

static bool find_weights(const struct setup *setup, double *weights, int workers, struct errors *errors)
{
    const char *text = config_text(setup->config, "shares");
    if (!strcmp(text, "speed")) {
        weigh_by_speed(setup, weights, workers);
        return true;
    }
    return read_weights(text, weights, workers) ||
           errors_add(errors, "%s: '%s': expected even, speed, or a weight from 1e-6 to 1e6 for each of the "
                              "%d workers, as in 2:1:1",
                      config_where(setup->config, "shares"), text, workers);
}

/* ---- Whether they fit ---- */

static int smallest(const struct share *shares, int workers)
{
    int least = 0;
    for (int i = 1; i < workers; i++)
        if (shares[i].count < shares[least].count)
            least = i;
    return least;
}

static bool check(struct setup *setup, const double *weights, int workers, struct errors *errors)
{
    const struct config *config = setup->config;
    int least = smallest(setup->rows, workers);
    size_t rows = setup->rows[least].count, needed = 1;
    double sum = 0;
    for (int i = 0; i < workers; i++)
        sum += weights[i];
    if (config_choice(config, "microbatches") < 0)
        needed = (size_t)setup->microbatches;
    else if (rows && (size_t)setup->microbatches > rows)
        setup->microbatches = (int)rows;
    return rows >= needed ||
           errors_add(errors, "%s: worker %d would have %zu of the batch's %zu rows, and needs %zu "
                              "(one a microbatch): an empty share is refused; give batch=%.0f or more, or "
                              "other shares",
                      config_where(config, "shares"), least, rows,
                      setup->batch, needed, ceil((double)needed * sum / weights[least]));
}

static bool have_use(const struct setup *setup)
{
    return !setup->strategy->has_server && setup_workers(setup) > 1;
}

/* Ranks that share experts out exchange places of as many rows. */
static bool check_experts(const struct setup *setup, int workers, struct errors *errors)
{
    bool equal = true;
    for (int i = 1; i < workers; i++)
        equal = equal && setup->rows[i].count == setup->rows[0].count;
    return equal || mesh_length(setup->shape, AXIS_EXPERT) == 1 ||
           errors_add(errors, "%s: ranks that share experts out need equal shares: give shares=even or "
                              "mesh.expert=1",
                      config_where(setup->config, "shares"));
}

bool shares_resolve(struct setup *setup, struct errors *errors)
{
    if (!strcmp(config_text(setup->config, "shares"), "even"))
        return true;
    if (!have_use(setup)) /* said in the notes; what is no word is an error all the same */
        return !strcmp(config_text(setup->config, "shares"), "speed") ||
               strchr(config_text(setup->config, "shares"), ':') ||
               errors_add(errors, "%s: '%s': expected even, speed, or weights as in 2:1:1",
                          config_where(setup->config, "shares"), config_text(setup->config, "shares"));
    int workers = setup_workers(setup);
    double *weights = memory_zeroed((size_t)workers, sizeof *weights);
    bool good = find_weights(setup, weights, workers, errors);
    if (good) {
        setup->rows = memory_zeroed((size_t)workers, sizeof *setup->rows);
        shares_by_weight(setup->batch, weights, workers, setup->rows);
        good = check(setup, weights, workers, errors) && check_experts(setup, workers, errors);
    }
    free(weights);
    return good;
}

void shares_notes(const struct setup *setup, struct result *result)
{
    const struct cluster *cluster = setup->cluster;
    const char *words = config_text(setup->config, "shares");
    int workers = setup->rows ? setup_workers(setup) : 0;
    struct text list = {0};
    for (int i = 0; i < workers && i < SHOWN_MOST; i++)
        text_add(&list, "%s%zu", i ? " " : "", setup->rows[i].count);
    if (workers)
        result_note(result, "shares=%s: the %d workers take %s%s rows of the batch", words, workers,
                    list.bytes, workers > SHOWN_MOST ? " ..." : "");
    text_release(&list);
    if (workers && !strcmp(words, "speed") && cluster->speed_traces)
        result_note(result, "shares=speed goes by lasting speeds: cluster.slow.trace does not move rows");
    if (workers && setup->strategy->updates_alone)
        result_note(result, "shares=%s: strategy %s averages replicas alike, however many rows each took", words,
                    setup->strategy->name);
}
