/* SimGrid agrees: on every case of tests/simgrid the flow model's times are within 0.1 % of those
 * that SimGrid 3.32 gives. Its figures are in tests/simgrid/<topology>-<setting>.csv, made by `make
 * check-simgrid`; SIMGRID_FIGURES names another folder of them, as that target does, so that where
 * SimGrid is installed it is asked anew. */
#include "tests/check.h"

#include "threadrack/base/memory.h"
#include "tests/simgrid/cases.h"

#include <stdlib.h>

/* ---- Against the figures ---- */

static FILE *open_figures(const struct simgrid_case *one)
{
    const char *folder = getenv("SIMGRID_FIGURES");
    char path[512], heading[64];
    snprintf(path, sizeof path, "%s/%s-%s.csv", folder && *folder ? folder : "tests/simgrid",
             one->topology, one->setting);
    FILE *figures = fopen(path, "r");
    if (!figures)
        fprintf(stderr, "\ncannot read %s\n", path);
    else if (!fgets(heading, sizeof heading, figures) || strcmp(heading, "finish_s\n"))
        fprintf(stderr, "\n%s does not begin with finish_s\n", path);
    return figures;
}

/* The greatest relative difference; INFINITY when there are too few or too many figures. */
static double compare(const struct case_sets *sets, const uint64_t *ends_ps, FILE *figures)
{
    double worst = 0, figure;
    for (int i = 0; i < sets->count; i++) {
        if (fscanf(figures, "%lf", &figure) != 1)
            return INFINITY;
        worst = fmax(worst, fabs((double)ends_ps[i] * 1e-12 - figure) / figure);
    }
    return fscanf(figures, "%lf", &figure) == 1 ? INFINITY : worst;
}

static double worst_of(const struct simgrid_case *one, FILE *figures)
{
    struct cluster *cluster = case_cluster(one);
    struct case_sets sets = case_sets_of(one, cluster);
    uint64_t *ends_ps = memory_zeroed((size_t)sets.count, sizeof *ends_ps);
    for (int first = 0, i = 0; first < sets.count; first = i) {
        while (i < sets.count && sets.flows[i].set == sets.flows[first].set)
            i++;
        case_run_set(cluster, &sets.flows[first], i - first, &ends_ps[first]);
    }
    double worst = compare(&sets, ends_ps, figures);
    free(ends_ps);
    free(sets.flows);
    cluster_free(cluster);
    return worst;
}

static void simgrid_agrees(void)
{
    for (const struct simgrid_case *one = simgrid_cases; one->topology; one++) {
        FILE *figures = open_figures(one);
        CHECK(figures != NULL);
        if (!figures)
            continue;
        double worst = worst_of(one, figures);
        if (getenv("SIMGRID_FIGURES"))
            printf("\n    %s, %s: at most %.2g %% apart", one->topology, one->setting, 100 * worst);
        CHECK_NEAR(worst, 0, 1e-3);
        fclose(figures);
    }
}

SUITE("comm: SimGrid", TEST(simgrid_agrees));
