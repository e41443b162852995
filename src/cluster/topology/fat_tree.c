/* A fat tree, as a parallel-ports generalised fat tree (Zahavi: D-Mod-K routing providing non-blocking
 * traffic for shift permutations on real life fat trees, 2010): `h; m1,..,mh; w1,..,wh; p1,..,ph`
 * has h levels of switches above the nodes; a vertex of level l has m_l children, and each of those
 * w_l parents, and each such pair p_l cables. `k` is the three-level tree of switches with k ports
 * (Al-Fares, Loukissas, Vahdat: A scalable, commodity data center network architecture, SIGCOMM
 * 2008): 3; k/2,k/2,k; 1,k/2,k/2; 1,1,1, with k^3/4 places.
 *
 * A vertex of level l (0: places) is named by h digits, the lowest fastest: digits below l count to
 * w, the others to m. A child and its parents of level l + 1 differ in digit l only. So with
 * W_l = w1 ... wl and M_l = m1 ... ml, a message from src climbs, while src / M_l != dst / M_l, from
 * vertex low + W_l (src / M_l) of level l, where low < W_l holds the digits chosen so far, and
 * descends through the vertices low + W_l (dst / M_l).
 *
 * Going up, there are w p cables to choose from at each level. spread=dmodk: number
 * (dst / (w1 p1 ... wl pl)) mod (w p), and going down cable src mod p of the p, as SimGrid's
 * FatTreeZone does; so all messages to one destination come by one way. spread=hash: up and down by
 * the route's hash.
 *
 * Cables are numbered level by level, by the child, then by the parallel cable, then by the parent's
 * digit; the first link goes up. */
#include "../numbers.h"

#include "threadrack/base/memory.h"
#include "threadrack/cluster/topology.h"

#include <string.h>

struct fat_tree {
    struct path cable;
    int height;
    int children[MOST_NUMBERS], parents[MOST_NUMBERS], cables[MOST_NUMBERS]; /* m, w, p */
    int below[MOST_NUMBERS + 1]; /* M_l: places below a vertex of level l */
    int above[MOST_NUMBERS + 1]; /* W_l: top switches that a place reaches in l steps up */
    int first_cable[MOST_NUMBERS];   /* of those above level l */
    int first_switch[MOST_NUMBERS + 1]; /* of level l; places count as switches before 0 */
    bool hashed;
};

static bool bad_form(const struct config *config, struct errors *errors)
{
    const char *key = "cluster.fat_tree.form";
    return errors_add(errors,
                      "%s: %s: expected h; m1,..,mh; w1,..,wh; p1,..,ph such as '2;4,4;1,2;1,2' (4 "
                      "children, 4 children; 1 parent, 2 parents; 1 cable, 2 cables), not '%s'",
                      config_where(config, key), key, config_text(config, key));
}

static bool read_form(struct fat_tree *tree, const struct config *config, struct errors *errors)
{
    const char *text = config_text(config, "cluster.fat_tree.form");
    int *const rows[] = {&tree->height, tree->children, tree->parents, tree->cables};
    for (int row = 0; row < 4; row++) {
        struct numbers numbers;
        text += strspn(text, " ");
        size_t length = strcspn(text, ";");
        if (!numbers_parse(text, length, &numbers) ||
            numbers.count != (row ? tree->height : 1) ||
            (row == 0 && numbers.values[0] > MOST_NUMBERS) ||
            numbers_product(&numbers) > MOST_PRODUCT || !text[length] != (row == 3))
            return bad_form(config, errors);
        memcpy(rows[row], numbers.values, (size_t)numbers.count * sizeof(int));
        text += length + 1;
    }
    return true;
}

static void set_k(struct fat_tree *tree, int k)
{
    *tree = (struct fat_tree){.height = 3,
                              .children = {k / 2, k / 2, k},
                              .parents = {1, k / 2, k / 2},
                              .cables = {1, 1, 1}};
}

static int places_of_k(int k)
{
    return k * k * (k / 4) + k * k * (k % 4) / 4;
}

static bool read_numbers(struct fat_tree *tree, const struct config *config, int nodes,
                         struct errors *errors)
{
    bool form = config_is_set(config, "cluster.fat_tree.form");
    if (form && config_is_set(config, "cluster.fat_tree.k"))
        return errors_add(errors, "%s: cluster.fat_tree.form is given as well (%s); give one of the two",
                          config_where(config, "cluster.fat_tree.k"),
                          config_where(config, "cluster.fat_tree.form"));
    if (form)
        return read_form(tree, config, errors);
    int k = 2;
    if (config_is_set(config, "cluster.fat_tree.k"))
        k = (int)config_whole(config, "cluster.fat_tree.k");
    else
        while (places_of_k(k) < nodes)
            k += 2;
    if (k % 2)
        return errors_add(errors, "%s: cluster.fat_tree.k: half of a switch's ports go down, so k is "
                          "even: %d or %d, not %d",
                          config_where(config, "cluster.fat_tree.k"), k - 1, k + 1, k);
    set_k(tree, k);
    return true;
}

/* Cables at each level are as many as its vertices times w p. */
static bool measure(struct fat_tree *tree, struct fabric *fabric)
{
    int64_t below = 1, above = 1, links = 0, switches = 0, places = 1;
    for (int l = 0; l < tree->height; l++)
        places *= tree->children[l];
    for (int l = 0; l <= tree->height; l++) {
        int64_t vertices = above * (places / below);
        if (places > MOST_PRODUCT || vertices > MOST_PRODUCT || links > INT32_MAX / 4)
            return false;
        tree->below[l] = (int)below;
        tree->above[l] = (int)above;
        tree->first_switch[l] = (int)switches;
        switches += l ? vertices : 0;
        if (l == tree->height)
            break;
        tree->first_cable[l] = (int)links;
        links += vertices * tree->parents[l] * tree->cables[l];
        below *= tree->children[l];
        above *= tree->parents[l];
    }
    fabric->places = (int)places;
    fabric->switches = (int)switches;
    fabric->links = (int)(2 * links);
    fabric->route_room = 2 * tree->height;
    return true;
}

static bool shape(struct fabric *fabric, const struct config *config, int nodes,
                  struct errors *errors)
{
    bool open = !config_is_set(config, "cluster.fat_tree.form") &&
                !config_is_set(config, "cluster.fat_tree.k");
    struct fat_tree *tree = fabric->state = memory_zeroed(1, sizeof *tree);
    if (!read_numbers(tree, config, nodes, errors))
        return false;
    tree->cable = cluster_link_setting(config);
    tree->hashed = config_choice(config, "cluster.fat_tree.spread") == 1;
    if (open && !nodes)
        return true;
    return measure(tree, fabric) ||
           errors_add(errors, "%s: topology fat_tree: more than %d vertices of a level, or %d cables",
                      config_where(config, "cluster.topology"), MOST_PRODUCT, INT32_MAX / 4);
}

static int cable_of(const struct fat_tree *tree, int level, int child, int parent, int parallel)
{
    int ports = tree->parents[level] * tree->cables[level];
    return tree->first_cable[level] + child * ports + parallel * tree->parents[level] + parent;
}

static void wire_level(const struct fabric *fabric, struct wiring *wiring, int l)
{
    const struct fat_tree *tree = fabric->state;
    int w = tree->above[l], vertices = w * (fabric->places / tree->below[l]);
    int child_base = l ? fabric->places + tree->first_switch[l] : 0;
    int parent_base = fabric->places + tree->first_switch[l + 1];
    for (int child = 0; child < vertices; child++)
        for (int parallel = 0; parallel < tree->cables[l]; parallel++)
            for (int parent = 0; parent < tree->parents[l]; parent++) {
                int low = child % w, high = child / w / tree->children[l];
                int above = low + w * (parent + tree->parents[l] * high);
                wiring_cable(wiring, child_base + child, parent_base + above, tree->cable);
            }
}

static void wire(const struct fabric *fabric, struct wiring *wiring)
{
    const struct fat_tree *tree = fabric->state;
    for (int l = 0; l < tree->height; l++)
        wire_level(fabric, wiring, l);
}

/* How far up a message goes. */
static int top_of(const struct fat_tree *tree, int src, int dst)
{
    int level = 1;
    while (src / tree->below[level] != dst / tree->below[level])
        level++;
    return level;
}

static int route(const struct fabric *fabric, int src, int dst, uint64_t hash, int *links)
{
    const struct fat_tree *tree = fabric->state;
    int top = top_of(tree, src, dst), low = 0, ports = 1;
    for (int l = 0; l < top; l++) {
        int w = tree->parents[l], p = tree->cables[l];
        int port = tree->hashed ? route_pick(&hash, w * p) : dst / ports % (w * p);
        int back = tree->hashed ? route_pick(&hash, p) : src % p;
        int up = low + tree->above[l] * (src / tree->below[l]);
        int down = low + tree->above[l] * (dst / tree->below[l]);
        links[l] = 2 * cable_of(tree, l, up, port % w, port / w);
        links[2 * top - 1 - l] = 2 * cable_of(tree, l, down, port % w, back) + 1;
        low += tree->above[l] * (port % w);
        ports = ports > MOST_PRODUCT ? ports : ports * w * p;
    }
    return 2 * top;
}

static struct path path(const struct fabric *fabric, int src, int dst, uint64_t hash)
{
    (void)hash;
    const struct fat_tree *tree = fabric->state;
    return path_repeat(tree->cable, 2 * top_of(tree, src, dst));
}

/* Halves along an even top: the cables of the narrowest level above a half. */
static uint64_t bisection(const struct fabric *fabric)
{
    const struct fat_tree *tree = fabric->state;
    if (tree->children[tree->height - 1] % 2)
        return 0;
    int64_t least = INT64_MAX;
    for (int l = 0; l < tree->height; l++) {
        int64_t cables = (int64_t)tree->above[l] * (fabric->places / tree->below[l]) / 2 *
                         tree->parents[l] * tree->cables[l];
        least = cables < least ? cables : least;
    }
    return (uint64_t)least * tree->cable.bandwidth_Bps;
}

const struct topology_ops topology_fat_tree = {
    .name = "fat_tree",
    .summary = "switches in levels, k-ary or h; m; w; p (Zahavi 2010), with equal-cost paths",
    .options = "cluster.fat_tree.k cluster.fat_tree.form cluster.fat_tree.spread",
    .shape = shape,
    .wire = wire,
    .route = route,
    .path = path,
    .bisection = bisection,
};
