/* Where each wins (plots/experiments/winners.yaml): the bandwidths at which one strategy overtakes another are those
 * that formulas say, within a tenth; and what is recorded is what runs give. */
#include "tests/strategy/fixture.h"

#define HOW                                                                                                            \
    "cluster.device=v100 cluster.device.precision=fp32 cluster.device.memory=1TiB cluster.link.latency=1us batch=16 "  \
    "pipeline.schedule=1f1b allreduce=ring netmodel=hockney links=off math=off steps=1 "

/* ---- The formulas: P parameters, b rows of s positions, l blocks of width h; F flop/s, M and A bytes/s of memory and
 * of additions, B of a link; n nodes. ---- */

static const double F = 15.7e12 / 2, M = 900e9, A = 300e9, b = 16, s = 128, l = 16, vocabulary = 128;

static double parameters(double h)
{
    return l * (12 * h * h + 13 * h) + 2 * vocabulary * h + s * h + 2 * h;
}

/* Products forward and back: 6 flops a multiply-add of forward. */
static double products_s(double h)
{
    return 6 * b * (l * (12 * s * h * h + 2 * s * s * h) + s * h * vocabulary) / F;
}

/* Plain SGD reads weights and gradients and writes weights. */
static double update_s(double h)
{
    return 3 * 4 * parameters(h) / M;
}

/* Norms and residuals: some 20 arrays of (b, s, h) a block, which tensor ranks do not share. */
static double passes_s(double h)
{
    return 20 * 4 * l * b * s * h / M;
}

/* A ring over n of so many bytes: 2(n-1)/n of them sent, (n-1)/n added. */
static double ring_s(double n, double bytes, double B)
{
    return (n - 1) / n * bytes * (2 / B + 1 / A);
}

/* Of the gradients, behind the backward pass, which is two thirds. */
static double data_s(double n, double h, double B)
{
    double each = (products_s(h) + passes_s(h)) / n, exchange = ring_s(n, 4 * parameters(h), B);
    return each / 3 + fmax(2 * each / 3, exchange) + update_s(h);
}

/* 8 b s h (n-1)/n floats a block, and two sums of b s h at the ends. */
static double tensor_s(double n, double h, double B)
{
    return passes_s(h) + (products_s(h) + update_s(h)) / n + (4 * l + 2) * ring_s(n, 4 * b * s * h, B);
}

/* (m+n-1)/m of a stage's share; the ramps' messages are in nobody's shadow. */
static double pipeline_s(double n, double h, double B)
{
    double m = fmin(4 * n, b), message = 4 * b / m * s * h / B;
    return (m + n - 1) / m * (products_s(h) + passes_s(h)) / n + update_s(h) / n + 2 * (n - 1) * message;
}

/* ---- Crossovers. ---- */

static const struct contestant {
    const char *strategy;
    double (*step_s)(double n, double h, double B);
} data = {"data", data_s}, tensor = {"tensor", tensor_s}, pipeline = {"pipeline", pipeline_s};

struct pair {
    const struct contestant *low, *high; /* who wins below the crossover, and above it */
};

/* The lowest bandwidth at which they take as long. */
static double crossover(struct pair pair, double n, double h)
{
    double B = 1e9 / 8;
    while (B < 1e13 && pair.low->step_s(n, h, B) < pair.high->step_s(n, h, B))
        B *= 1.001;
    return B;
}

static double simulated_s(const struct contestant *who, int n, int h, double B)
{
    struct result *result =
        run(HOW "collectives=closed_form strategy=%s nodes=%d cluster.link.bandwidth=%.0fbit/s "
                "model=gpt:layers=16,heads=16,width=%d,context=128", who->strategy, n, 8 * B, h);
    double step_s = result->step_s;
    result_free(result);
    return step_s;
}

static void crosses_where_it_says(struct pair pair, int n, int h)
{
    double B = crossover(pair, n, h);
    bool below = simulated_s(pair.low, n, h, B / 1.1) < simulated_s(pair.high, n, h, B / 1.1);
    bool above = simulated_s(pair.low, n, h, B * 1.1) > simulated_s(pair.high, n, h, B * 1.1);
    if (!below || !above)
        fprintf(stderr, "\n%s and %s of width %d on %d nodes do not cross near %.4g Gbit/s\n", pair.low->strategy,
                pair.high->strategy, h, n, 8e-9 * B);
    CHECK(below && above);
}

static void formulas_say_where_they_cross(void)
{
    static const int widths[] = {1536, 4096};
    for (int w = 0; w < 2; w++)
        for (int n = 2; n <= 16; n *= 2) {
            bool touch = widths[w] == 4096 && n == 16; /* data and tensor are within 4 % of each other from 1 Tbit/s on */
            crosses_where_it_says((struct pair){&pipeline, &data}, n, widths[w]);
            crosses_where_it_says((struct pair){&pipeline, &tensor}, n, widths[w]);
            if (!touch)
                crosses_where_it_says((struct pair){&tensor, &data}, n, widths[w]);
        }
}

/* Where links are slow, bytes decide between data and tensor: 24 l h^2 for 8 l b s h, so h = b s / 3, which is 683. */
static void bytes_decide_by_width(void)
{
    double slow = 10e9 / 8;
    CHECK(simulated_s(&data, 16, 576, slow) < simulated_s(&tensor, 16, 576, slow));
    CHECK(simulated_s(&data, 16, 768, slow) > simulated_s(&tensor, 16, 768, slow));
}

/* ---- What is recorded. ---- */

/* The cell of a row, by its column's name in the first row. */
static void cell(const char *header, const char *row, const char *column, char *out, size_t room)
{
    size_t width = strlen(column);
    for (; strncmp(header, column, width) || (header[width] != ',' && header[width] != '\n'); header++, row++) {
        header = strchr(header, ',');
        row = strchr(row, ',');
        CHECK_FATAL(header && row);
    }
    snprintf(out, room, "%.*s", (int)strcspn(row, ",\n"), row);
}

static bool is_recorded(const char *header, const char *row)
{
    char strategy[32], nodes[8], rate[32], model[96], step[32];
    cell(header, row, "strategy", strategy, sizeof strategy);
    cell(header, row, "nodes", nodes, sizeof nodes);
    cell(header, row, "cluster.link.bandwidth", rate, sizeof rate);
    cell(header, row, "model", model, sizeof model);
    cell(header, row, "step_s", step, sizeof step);
    if (strcmp(nodes, "8") || strcmp(rate, "200Gbit/s") || !strstr(model, "width=1536"))
        return false;
    struct result *result = run(HOW "strategy=%s nodes=8 cluster.link.bandwidth=200Gbit/s "
                                    "model=gpt:layers=16,heads=16,width=1536,context=128", strategy);
    CHECK_NEAR(result->step_s, atof(step), 1e-6 * result->step_s);
    result_free(result);
    return true;
}

static void records_are_what_runs_give(void)
{
    char header[2048], row[2048];
    int seen = 0;
    FILE *file = fopen("plots/experiments/winners.csv", "r");
    CHECK_FATAL(file && fgets(header, sizeof header, file));
    while (fgets(row, sizeof row, file))
        seen += is_recorded(header, row);
    fclose(file);
    CHECK_EQUAL(seen, 4);
}

SUITE("experiment: where each wins", TEST(formulas_say_where_they_cross), TEST(bytes_decide_by_width),
      TEST(records_are_what_runs_give));
