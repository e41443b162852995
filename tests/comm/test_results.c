/* Every collective delivers the mathematical result, for every group size 1..17 and awkward counts,
 * on real threads. The table says what each operation promises. */
#include "tests/comm/trial.h"

static bool has_root(const struct collective *collective)
{
    static const char *const rooted[] = {"broadcast", "reduce", "gather", "scatter"};
    for (int i = 0; i < 4; i++)
        if (!strcmp(collective->operation, rooted[i]))
            return true;
    return false;
}

static void delivers(void)
{
    static const size_t counts[] = {1, 5, 1023};
    struct errors errors;
    errors_init(&errors);
    struct host *host = host_open(&errors);
    struct cluster *cluster = CLUSTER("nodes=17");
    CHECK_FATAL(host && cluster);
    for (int size = 1; size <= 17; size++)
        for (int c = 0; collectives[c]; c++)
            for (int n = 0; n < 3; n++)
                try_one(host, cluster, size, collectives[c], counts[n],
                        has_root(collectives[c]) ? (size + n) / 2 % size : 0);
    try_one(host, cluster, 16, collectives[0], 1000003, 0);
    try_one(host, cluster, 13, collectives[1], 300007, 0);
    cluster_free(cluster);
    host_close(host);
    errors_release(&errors);
}

/* The same with layouts: chunks of 100 elements, each box that divides the group, and three levels. */
static void delivers_by_layout(void)
{
    struct errors errors;
    errors_init(&errors);
    struct host *host = host_open(&errors);
    struct cluster *cluster = CLUSTER("nodes=12");
    CHECK_FATAL(host && cluster);
    for (int c = 0; collectives[c]; c++)
        for (int size = 2; *collectives[c]->options && size <= 12; size++)
            for (int box = 1; box <= size; box++) {
                struct layout layout = {.levels = 2,
                                        .sizes = {box, size / box},
                                        .chunk = (size_t)(90 + 10 * box)};
                struct collective collective = *collectives[c];
                collective.schedule.context = &layout;
                if (size % box == 0)
                    try_one(host, cluster, size, &collective, 1023, has_root(&collective));
                if (size % (2 * box) == 0) {
                    layout.levels = 3;
                    layout.sizes[1] = 2;
                    layout.sizes[2] = size / (2 * box);
                    try_one(host, cluster, size, &collective, 1023, has_root(&collective));
                }
            }
    cluster_free(cluster);
    host_close(host);
    errors_release(&errors);
}

SUITE("comm: results", TEST(delivers), TEST(delivers_by_layout));
