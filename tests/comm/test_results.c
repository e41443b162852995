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

static size_t sum_of_pieces(const struct schedule *schedule, const struct call *call, int index, bool sent)
{
    struct share range;
    size_t sum = 0;
    for (int i = 0; schedule->piece(call, index, sent, i, &range); i++)
        sum += range.count;
    return sum;
}

/* Steps whose counts are not those of their pieces. */
static int wrong_steps(const struct collective *collective, int size, const struct layout *layout)
{
    struct call call = {.size = size, .count = 1000 + (size_t)size / 2, .context = layout};
    const struct schedule *schedule = &collective->schedule;
    struct step step;
    int wrong = 0;
    for (call.rank = 0; call.rank < size; call.rank++)
        for (call.strand = 0; call.strand < schedule_strands(schedule, &call); call.strand++)
            for (int i = 0; schedule->step(&call, i, &step); i++)
                wrong += (step.send_to >= 0 && sum_of_pieces(schedule, &call, i, true) != step.send.count) ||
                         (step.recv_from >= 0 && sum_of_pieces(schedule, &call, i, false) != step.recv.count);
    return wrong;
}

/* What is timed is the step's count, what is moved are its pieces. */
static void pieces_are_what_a_step_counts(void)
{
    struct layout layouts[] = {{.levels = 2, .sizes = {4, 6}},       {.levels = 3, .sizes = {2, 3, 4}},
                               {.levels = 3, .sizes = {5, 1, 3}},    {.levels = 4, .sizes = {2, 3, 2, 2}},
                               {.levels = 4, .sizes = {3, 2, 1, 5}}};
    int seen = 0;
    for (int c = 0; collectives[c]; c++) {
        if (!collectives[c]->schedule.piece)
            continue;
        seen++;
        for (int size = 2; size <= 33; size++)
            CHECK_EQUAL(wrong_steps(collectives[c], size, NULL), 0);
        for (size_t i = 0; strstr(collectives[c]->options, "levels") && i < sizeof layouts / sizeof *layouts; i++) {
            int size = 1;
            for (int k = 0; k < layouts[i].levels; k++)
                size *= layouts[i].sizes[k];
            CHECK_EQUAL(wrong_steps(collectives[c], size, &layouts[i]), 0);
        }
    }
    CHECK(seen >= 5);
}

SUITE("comm: results", TEST(delivers), TEST(delivers_by_layout), TEST(pieces_are_what_a_step_counts));
