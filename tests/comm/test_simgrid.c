/* SimGrid agrees: on every case of tests/simgrid, the times at which flows of open-loop sets end, and
 * the rates of all flows after an event of the closed loops, are within 0.1 % of those that SimGrid
 * 3.32 gives. Its figures are in tests/simgrid/<topology>-<setting>.csv and -rates.csv; of the rates
 * only those after each 16th event are stored. SIMGRID_FIGURES names another folder of figures: `make
 * check-simgrid`, and `make check` where SimGrid is installed, ask it anew, after every event. */
#include "tests/check.h"

#include "threadrack/base/memory.h"
#include "tests/simgrid/cases.h"

#include <stdlib.h>

/* ---- Against the figures ---- */

/* `kind` is empty or "-rates". */
static FILE *open_figures(const struct simgrid_case *one, const char *kind)
{
    const char *folder = getenv("SIMGRID_FIGURES");
    char path[512];
    snprintf(path, sizeof path, "%s/%s-%s%s.csv", folder && *folder ? folder : "tests/simgrid",
             one->topology, one->setting, kind);
    FILE *figures = fopen(path, "r");
    if (!figures)
        fprintf(stderr, "\ncannot read %s\n", path);
    CHECK(figures != NULL);
    return figures;
}

/* The greater of `worst` and the relative difference to the next figure; INFINITY: there is none. */
static double worse(double worst, double ours, FILE *figures)
{
    double figure;
    return fscanf(figures, "%lf", &figure) == 1 ? fmax(worst, fabs(ours - figure) / figure)
                                                : INFINITY;
}

static double at_end(double worst, FILE *figures)
{
    double figure;
    return fscanf(figures, "%lf", &figure) == EOF ? worst : INFINITY;
}

static void judge(const struct simgrid_case *one, const char *what, int count, double worst)
{
    if (getenv("SIMGRID_FIGURES"))
        printf("\n    %s, %s: %d %s, at most %.2g %% apart", one->topology, one->setting, count, what,
               100 * worst);
    CHECK(count > 0);
    CHECK_NEAR(worst, 0, 1e-3);
}

/* ---- When flows end ---- */

static void compare_ends(const struct simgrid_case *one, const struct cluster *cluster, FILE *figures)
{
    struct case_sets sets = case_sets_of(one, cluster);
    uint64_t *ends_ps = memory_zeroed((size_t)sets.count, sizeof *ends_ps);
    for (int first = 0, i = 0; first < sets.count; first = i) {
        while (i < sets.count && sets.flows[i].set == sets.flows[first].set)
            i++;
        case_run_set(cluster, &sets.flows[first], i - first, &ends_ps[first]);
    }
    double worst = fscanf(figures, "finish_s") == EOF ? INFINITY : 0;
    for (int i = 0; i < sets.count; i++)
        worst = worse(worst, (double)ends_ps[i] * 1e-12, figures);
    judge(one, "ends", sets.count, at_end(worst, figures));
    free(ends_ps);
    free(sets.flows);
}

/* ---- How fast they are ---- */

static void compare_rates(const struct simgrid_case *one, const struct cluster *cluster, FILE *figures)
{
    struct case_events events = case_events_of(one, cluster);
    int every = 1, count = 0;
    double worst = fscanf(figures, "rates_MBps every %d", &every) == 1 ? 0 : INFINITY;
    for (int i = 0; i < events.sets.count; i++) {
        if (events.sets.flows[i].set % every)
            continue;
        worst = worse(worst, events.rates_Bps[i] * 1e-6, figures);
        count++;
    }
    judge(one, "rates", count, at_end(worst, figures));
    free(events.sets.flows);
    free(events.rates_Bps);
}

/* ---- The tests ---- */

static void each_case(const char *kind, void (*compare)(const struct simgrid_case *one,
                                                        const struct cluster *cluster,
                                                        FILE *figures))
{
    for (const struct simgrid_case *one = simgrid_cases; one->topology; one++) {
        FILE *figures = open_figures(one, kind);
        if (!figures)
            continue;
        struct cluster *cluster = case_cluster(one);
        compare(one, cluster, figures);
        cluster_free(cluster);
        fclose(figures);
    }
}

static void ends_agree(void)
{
    each_case("", compare_ends);
}

static void rates_agree(void)
{
    each_case("-rates", compare_rates);
}

SUITE("comm: SimGrid", TEST(ends_agree), TEST(rates_agree));
