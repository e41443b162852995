/* Max-min fairness on random graphs and sets of flows that come and go: no link above its capacity,
 * every flow has a bottleneck (a full link on which no flow is above it), rates that a flow's
 * leaving moves, move up at its bottleneck; and the rates are, bit for bit, those of filling
 * everything anew by another program, whatever the order. With and without weights, cross traffic
 * and bounds. */
#include "tests/check.h"

#include "threadrack/base/philox.h"

#include "maxmin_anew.h"

#include <stdlib.h>

enum { MOST_LINKS = 24, MOST_FLOWS = 40, EVENTS = 40 };

/* What a flow is, to be added once more in another order. */
struct shape {
    double weight, bound;
    int shares[MOST_LINKS];
};

struct world {
    struct maxmin maxmin;
    struct draw draw;
    uint64_t draws;
    bool weighted, bounded, crossed;
    int numbers[MOST_FLOWS], count;
    struct shape shapes[MOST_FLOWS];
};

static int below(struct world *world, uint64_t n)
{
    return (int)draw_below(world->draw, world->draws++, n);
}

static double capacity_of(struct world *world)
{
    static const double some[] = {1e9, 1e9, 1.25e9, 4e9, 12345678.0, 1e5};
    return some[below(world, 6)] * 65536 * (world->crossed ? 20 : 1);
}

static void world_begin(struct world *world, uint32_t trial)
{
    *world = (struct world){.draw = {.seed = 5, .purpose = PURPOSE_TEST, .step = trial},
                            .weighted = trial & 1,
                            .bounded = trial & 2,
                            .crossed = trial & 4};
    int links = 2 + below(world, MOST_LINKS - 1);
    maxmin_init(&world->maxmin, links);
    for (int l = 0; l < links; l++)
        maxmin_set_capacity(&world->maxmin, l, capacity_of(world));
}

static struct shape random_shape(struct world *world)
{
    struct shape shape = {.weight = 1, .bound = INFINITY};
    int links = world->maxmin.link_count, hops = 1 + below(world, 5);
    if (world->weighted && below(world, 4))
        shape.weight = ldexp(1 + below(world, 1u << 30), -30);
    if (world->bounded && below(world, 2))
        shape.bound = 65536.0 * (1 + below(world, 500000000));
    for (int i = 0; i < hops; i++)
        shape.shares[below(world, (uint64_t)links)] = world->crossed ? 20 : 1;
    for (int i = 0; i < hops && world->crossed; i++)
        shape.shares[below(world, (uint64_t)links)] += 1;
    return shape;
}

static void add_shape(struct maxmin *maxmin, int number, const struct shape *shape)
{
    maxmin_add(maxmin, number, shape->weight, shape->bound);
    for (int l = 0; l < maxmin->link_count; l++)
        if (shape->shares[l] > 0)
            maxmin_cross(maxmin, number, l, shape->shares[l]);
}

static int free_number(const struct maxmin *maxmin)
{
    int number = 0;
    while (maxmin_has(maxmin, number))
        number++;
    return number;
}

static void come(struct world *world)
{
    struct shape shape = random_shape(world);
    int number = free_number(&world->maxmin);
    add_shape(&world->maxmin, number, &shape);
    world->shapes[world->count] = shape;
    world->numbers[world->count++] = number;
}

static void go(struct world *world)
{
    int i = below(world, (uint64_t)world->count);
    maxmin_remove(&world->maxmin, world->numbers[i]);
    world->numbers[i] = world->numbers[--world->count];
    world->shapes[i] = world->shapes[world->count];
}

/* ---- The properties ---- */

static double load_of(const struct maxmin *maxmin, int link)
{
    double load = 0;
    for (int i = 0; i < maxmin->links[link].count; i++) {
        struct visit visit = link_visits(&maxmin->links[link])[i];
        load += flow_crossings(&maxmin->flows[visit.flow])[visit.crossing].share *
                maxmin->flows[visit.flow].rate;
    }
    return load;
}

static bool is_bottleneck(const struct maxmin *maxmin, int number, int link)
{
    const struct flow *flow = &maxmin->flows[number];
    double weight = 0, level = flow->rate / flow->weight;
    for (int i = 0; i < maxmin->links[link].count; i++) {
        struct visit visit = link_visits(&maxmin->links[link])[i];
        const struct flow *other = &maxmin->flows[visit.flow];
        if (other->rate / other->weight > level * (1 + 1e-6) + 2 / flow->weight)
            return false;
        weight += flow_crossings(other)[visit.crossing].share * (other->weight + 1);
    }
    return load_of(maxmin, link) >= maxmin->links[link].capacity - 2 * weight;
}

static bool has_bottleneck(const struct maxmin *maxmin, int number)
{
    const struct flow *flow = &maxmin->flows[number];
    for (int i = 0; i < flow->count; i++)
        if (is_bottleneck(maxmin, number, flow_crossings(flow)[i].link))
            return true;
    return flow->rate >= flow->bound - 1;
}

static int faults(const struct world *world)
{
    const struct maxmin *maxmin = &world->maxmin;
    int wrong = 0;
    for (int l = 0; l < maxmin->link_count; l++)
        wrong += load_of(maxmin, l) > maxmin->links[l].capacity;
    for (int i = 0; i < world->count; i++)
        wrong += !has_bottleneck(maxmin, world->numbers[i]);
    return wrong;
}

static int unlike_anew(const struct world *world)
{
    int wrong = 0;
    double *rates = maxmin_anew(&world->maxmin);
    for (int i = 0; i < world->count; i++)
        wrong += rates[world->numbers[i]] != world->maxmin.flows[world->numbers[i]].rate;
    free(rates);
    return wrong;
}

/* All flows once more, in reverse order, into a solver that knows nothing. */
static int unlike_reversed(const struct world *world)
{
    struct maxmin other;
    int wrong = 0;
    maxmin_init(&other, world->maxmin.link_count);
    for (int l = 0; l < other.link_count; l++)
        maxmin_set_capacity(&other, l, world->maxmin.links[l].capacity);
    for (int i = world->count - 1; i >= 0; i--)
        add_shape(&other, i, &world->shapes[i]);
    maxmin_update(&other);
    for (int i = 0; i < world->count; i++)
        wrong += other.flows[i].rate != world->maxmin.flows[world->numbers[i]].rate;
    maxmin_release(&other);
    return wrong;
}

/* ---- The tests ---- */

static void events(struct world *world)
{
    int batch = below(world, 4) ? 1 : 1 + below(world, 6);
    for (int i = 0; i < batch; i++)
        if (world->count < MOST_FLOWS && (world->count == 0 || below(world, 5) < 3))
            come(world);
        else
            go(world);
    maxmin_update(&world->maxmin);
}

static void fair_and_full(void)
{
    int unfair = 0, unlike = 0, ordered = 0;
    for (uint32_t trial = 0; trial < 2000; trial++) {
        struct world world;
        world_begin(&world, trial);
        for (int event = 0; event < EVENTS; event++) {
            events(&world);
            unlike += unlike_anew(&world);
        }
        unfair += faults(&world);
        ordered += unlike_reversed(&world);
        maxmin_release(&world.maxmin);
    }
    CHECK_EQUAL(unfair, 0);
    CHECK_EQUAL(unlike, 0);
    CHECK_EQUAL(ordered, 0);
}

static int by_rate(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static void sorted_levels(const struct world *world, double *levels)
{
    for (int i = 0; i < world->count; i++)
        levels[i] = world->maxmin.flows[world->numbers[i]].rate / world->shapes[i].weight;
    qsort(levels, (size_t)world->count, sizeof *levels, by_rate);
}

/* Max-min maximises the least level, then the next, and so on. So with one more link's capacity no
 * sorted vector of levels can be lexicographically less than before. */
static void monotone(void)
{
    int less = 0, more = 0;
    for (uint32_t trial = 0; trial < 1000; trial++) {
        struct world world;
        double before[MOST_FLOWS], after[MOST_FLOWS];
        world_begin(&world, trial);
        for (int i = 0; i < MOST_FLOWS; i++)
            come(&world);
        maxmin_update(&world.maxmin);
        sorted_levels(&world, before);
        int link = below(&world, (uint64_t)world.maxmin.link_count);
        maxmin_set_capacity(&world.maxmin, link, 1.5 * world.maxmin.links[link].capacity);
        maxmin_forget(&world.maxmin);
        maxmin_update(&world.maxmin);
        sorted_levels(&world, after);
        int first = 0;
        while (first < MOST_FLOWS && fabs(after[first] - before[first]) <= 1e-6 * before[first])
            first++;
        less += first < MOST_FLOWS && after[first] < before[first];
        more += first < MOST_FLOWS && after[first] > before[first];
        maxmin_release(&world.maxmin);
    }
    CHECK_EQUAL(less, 0);
    CHECK(more > 100);
}

SUITE("clock: max-min", TEST(fair_and_full), TEST(monotone));
