#include "graphs.h"

/* ---- Neighbours. ---- */

static void add(struct neighbours *all, int from, int to)
{
    all->from[all->count] = from;
    all->to[all->count++] = to;
}

static void ring(int size, int member, size_t step, struct neighbours *all)
{
    (void)step;
    add(all, (member + size - 1) % size, (member + 1) % size);
    if (size > 2)
        add(all, (member + 1) % size, (member + size - 1) % size);
}

/* The most square factors, rows no more than columns. */
static int rows_of(int size)
{
    int rows = 1;
    for (int i = 1; i * i <= size; i++)
        if (size % i == 0)
            rows = i;
    return rows;
}

static void torus(int size, int member, size_t step, struct neighbours *all)
{
    int rows = rows_of(size), columns = size / rows, row = member / columns;
    struct neighbours across = {0}, along = {0};
    (void)step;
    if (columns > 1)
        ring(columns, member % columns, 0, &across);
    if (rows > 1)
        ring(rows, row, 0, &along);
    for (int i = 0; i < across.count; i++)
        add(all, row * columns + across.from[i], row * columns + across.to[i]);
    for (int i = 0; i < along.count; i++)
        add(all, along.from[i] * columns + member % columns, along.to[i] * columns + member % columns);
}

/* One peer a step, 1, 2, 4, ... away in turn (Assran et al.: Stochastic gradient push, ICML 2019; Ying
 * et al., NeurIPS 2021). */
static void exponential(int size, int member, size_t step, struct neighbours *all)
{
    int rounds = 0;
    while (1 << rounds < size)
        rounds++;
    int distance = 1 << step % (size_t)rounds;
    add(all, (member + size - distance) % size, (member + distance) % size);
}

const char *const gossip_graphs[] = {"ring", "torus", "exponential", "full", NULL};

void graph_neighbours(int graph, int size, int member, size_t step, struct neighbours *all)
{
    static void (*const graphs[])(int, int, size_t, struct neighbours *) = {ring, torus, exponential};
    graphs[graph](size, member, step, all);
}

/* ---- Two colours. ---- */

static bool is_even(int length)
{
    return length == 1 || length % 2 == 0;
}

bool gossip_graph_alternates(int graph, int size)
{
    if (graph == GRAPH_FULL)
        return true;
    int rows = graph == GRAPH_TORUS ? rows_of(size) : 1;
    return is_even(rows) && is_even(size / rows);
}

bool graph_is_active(int graph, int size, int member)
{
    int columns = graph == GRAPH_TORUS ? size / rows_of(size) : size;
    return (member / columns + member % columns) % 2 == 0;
}

/* 1, 3, 5, 9, 17, ... away, either way (Assran et al. 2019, in their code: an exponential graph whose distances
 * are odd). */
static int draw_odd_distance(int size, int member, struct draw draw)
{
    int rounds = 1;
    while (1 << rounds < size - 1)
        rounds++;
    int round = (int)draw_below(draw, 0, (uint32_t)rounds);
    int distance = round ? 1 + (1 << round) : 1;
    return (member + (draw_below(draw, 1, 2) ? distance : size - distance)) % size;
}

int graph_draw_neighbour(int graph, int size, int member, struct draw draw)
{
    struct neighbours all = {0};
    if (graph == GRAPH_FULL)
        return 1 + 2 * (int)draw_below(draw, 0, (uint32_t)size / 2);
    if (graph == GRAPH_EXPONENTIAL)
        return draw_odd_distance(size, member, draw);
    graph_neighbours(graph, size, member, 0, &all);
    return all.from[draw_below(draw, 0, (uint32_t)all.count)];
}
