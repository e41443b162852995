/* A fat tree h;m;w;p: h levels; a switch of level i has m_i children, what is below it w_i parents,
 * and each such pair is joined by p_i cables (Zahavi 2010). Up by d-mod-k, down to the destination,
 * as SimGrid does (FatTreeZone::get_local_route).
 *
 * A place of level l has a label, a digit a level: below l it counts parents, from l on children.
 * Its position is that number, the first digit the least. Its k-th cable upwards, k = port w + (digit
 * of the parent), is links[l] + 2 (position w p + k). */
#include "platform.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

enum { MOST_LEVELS = 16 };

struct fat_tree {
    int levels, children[MOST_LEVELS], parents[MOST_LEVELS], ports[MOST_LEVELS];
    int first;                     /* added to positions where d-mod-k counts them */
    int places[MOST_LEVELS + 1];   /* of each level; level 0 are the hosts */
    int links[MOST_LEVELS];        /* the first cable from level l to l + 1 */
    int *limiters[MOST_LEVELS + 1]; /* of each place; NULL: there are none */
    bool split;
};

static void release(struct zone *zone)
{
    struct fat_tree *tree = zone->own;
    for (int l = 0; l <= tree->levels; l++)
        free(tree->limiters[l]);
    free(tree);
}

/* How many values the digit has at a level. */
static int radix(const struct fat_tree *tree, int level, int digit)
{
    return digit < level ? tree->parents[digit] : tree->children[digit];
}

static void label_of(const struct fat_tree *tree, int level, int position, int *label)
{
    for (int digit = 0; digit < tree->levels; digit++) {
        label[digit] = position % radix(tree, level, digit);
        position /= radix(tree, level, digit);
    }
}

static int position_of(const struct fat_tree *tree, int level, const int *label)
{
    int position = 0;
    for (int digit = tree->levels - 1; digit >= 0; digit--)
        position = position * radix(tree, level, digit) + label[digit];
    return position;
}

static bool read_numbers(struct fat_tree *tree, const struct zone *zone, const struct shape *shape,
                         char *why, size_t room)
{
    int levels = shape->count ? shape->numbers[0] : 0;
    bool good = levels >= 1 && levels <= MOST_LEVELS && shape->count == 1 + 3 * levels;
    snprintf(why, room, "expected topo_parameters h;m;w;p with h of each, up to %d levels",
             MOST_LEVELS);
    tree->levels = good ? levels : 0;
    for (int l = 0; l < tree->levels; l++) {
        tree->children[l] = shape->numbers[1 + l];
        tree->parents[l] = shape->numbers[1 + levels + l];
        tree->ports[l] = shape->numbers[1 + 2 * levels + l];
    }
    for (int l = 0; good && l <= levels; l++) {
        double places = 1, cables;
        for (int digit = 0; digit < levels; digit++)
            places *= radix(tree, l, digit);
        cables = l < levels ? places * tree->parents[l] * tree->ports[l] : 0;
        snprintf(why, room, places <= 1e6 && cables <= 1e7
                     ? "the fat tree has %.0f places at its foot for %d hosts"
                     : "the fat tree is too large: %.0f places in a level, %d hosts",
                 places, zone->count);
        good = places <= 1e6 && cables <= 1e7 && (l > 0 || (int)places == zone->count);
        tree->places[l] = good ? (int)places : 0;
    }
    return good;
}

bool zone_fat_tree_make(struct zone *zone, const struct shape *shape, int first, char *why,
                        size_t room)
{
    struct fat_tree *tree = zone->own = memory_zeroed(1, sizeof *tree);
    tree->first = first;
    tree->split = shape->sharing == SHARING_SPLIT;
    if (!read_numbers(tree, zone, shape, why, room))
        return false;
    int limiters = 0;
    for (int l = 0; l <= tree->levels && shape->limiter_Bps; l++) {
        tree->limiters[l] = memory_zeroed((size_t)tree->places[l], sizeof(int));
        for (int i = 0; i < tree->places[l]; i++)
            tree->limiters[l][i] = shape_add_limiter(shape, limiters++);
    }
    for (int l = 0; l < tree->levels; l++) {
        int up = tree->parents[l] * tree->ports[l];
        tree->links[l] = shape->platform->link_count;
        for (int i = 0; i < tree->places[l]; i++)
            for (int k = 0; k < up; k++)
                shape_add_link(shape, 1, "%s_link_from_%d_%d_port_%d", shape->name, l, i, k);
    }
    zone->alike = true;
    zone->longest = 4 * tree->levels + 1;
    return true;
}

/* Where a message is. */
struct at {
    int level, position, label[MOST_LEVELS];
};

static bool is_above(const struct fat_tree *tree, const struct at *at, const int *label)
{
    for (int digit = at->level; digit < tree->levels; digit++)
        if (at->label[digit] != label[digit])
            return false;
    return at->level > 0;
}

static int cable(const struct fat_tree *tree, int level, int position, int k)
{
    return tree->links[level] + 2 * (position * tree->parents[level] * tree->ports[level] + k);
}

static void limit(const struct fat_tree *tree, const struct at *at, struct trail *trail)
{
    if (tree->limiters[at->level])
        trail_add(trail, tree->limiters[at->level][at->position]);
}

static void climb(const struct fat_tree *tree, struct at *at, int destination, struct trail *trail)
{
    int l = at->level, d = destination + tree->first;
    for (int i = 0; i < l; i++)
        d /= tree->parents[i] * tree->ports[i];
    d %= tree->parents[l] * tree->ports[l];
    limit(tree, at, trail);
    trail_add(trail, cable(tree, l, at->position, d));
    at->label[l] = d % tree->parents[l];
    at->level++;
    at->position = position_of(tree, at->level, at->label);
}

/* Down from `at` by its child cable `i`, whose port is i / children. */
static void descend(const struct fat_tree *tree, struct at *at, int i, struct trail *trail)
{
    int l = at->level - 1, port = i / tree->children[l];
    int k = at->label[l] + port * tree->parents[l];
    struct at child = *at;
    child.level = l;
    child.label[l] = i % tree->children[l];
    child.position = position_of(tree, l, child.label);
    trail_add(trail, cable(tree, l, child.position, k) + tree->split);
    limit(tree, at, trail);
    *at = child;
}

static bool route(const struct zone *zone, const struct point *from, const struct point *to,
                  struct trail *trail, const struct point **from_gateway,
                  const struct point **to_gateway)
{
    const struct fat_tree *tree = zone->own;
    struct at at = {.position = from->id};
    int target[MOST_LEVELS];
    *from_gateway = *to_gateway = NULL;
    label_of(tree, 0, at.position, at.label);
    label_of(tree, 0, to->id, target);
    while (!is_above(tree, &at, target))
        climb(tree, &at, to->id, trail);
    while (at.level > 0) {
        /* SimGrid's loop goes on counting cables on the next switch down, and so does this. */
        int d = (from->id + tree->first) % tree->ports[at.level - 1];
        for (int i = d * tree->children[at.level - 1];
             at.level > 0 && i < tree->children[at.level - 1] * tree->ports[at.level - 1]; i++)
            if (i % tree->children[at.level - 1] == target[at.level - 1])
                descend(tree, &at, i, trail);
    }
    limit(tree, &at, trail);
    return true;
}

const struct zone_ops zone_fat_tree = {route, release};
