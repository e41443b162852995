#include "double_tree.h"

/* Of the places 1 to p - 1 (0 is the root), the even number of first ones form a binary tree in
 * order: position v is as high as it has zero bits at its end, so that odd ones are leaves. The
 * second tree is its mirror image, where odd ones are not. A place left over hangs in both trees
 * from the last position, which has room for a second child. */
struct shape {
    int even, top; /* positions of the tree, and its uppermost */
    int chunks;
};

/* Chunks 2 i + tree pass between a place and `peer` in the steps `at` + 2 i. */
struct edge {
    int peer, tree, at;
    bool incoming;
};

/* Two from above and two to below. */
struct edges {
    struct edge edge[4];
    int count, first, last; /* the member's first and last step, counted from the root's first */
};

static struct shape shape_of(const struct call *call)
{
    int even = (call->size - 1) & ~1;
    return (struct shape){
        .even = even, .top = even ? 1 << floor_log2(even) : 1, .chunks = chunks_of(call)};
}

/* The position of a place, and the place of a position. */
static int mirrored(const struct shape *shape, int tree, int place)
{
    return tree == 0 || place == 0 || place > shape->even ? place : shape->even + 1 - place;
}

static int parent_of(const struct shape *shape, int position)
{
    int bit = position & -position;
    if (position == shape->top)
        return 0;
    if (position > shape->even)
        return shape->even;
    return position & 2 * bit || position + bit > shape->even ? position - bit : position + bit;
}

/* The child on the right (or left) of a position; 0: none. */
static int child_of(const struct shape *shape, int position, bool right)
{
    int bit = (position & -position) / 2;
    if (position > shape->even || bit == 0)
        return 0;
    if (!right)
        return position - bit;
    while (bit && position + bit > shape->even)
        bit /= 2;
    return bit ? position + bit : 0;
}

/* The colour of the edge above a position in the first tree, 0 or 1; in the second, of the edge
 * above its mirror image, it is the other one. Whoever is below others in both trees has edges of
 * both colours above it, and so have two children of one position: this leaves one choice.
 * For even positions that is the parent's colour, xor the side, xor the parity of even / 2; an odd
 * one has the colour of its mirror image, which is even; what hangs from the last position has the
 * colour that its other child has not. */
static int colour_of(const struct shape *shape, int position)
{
    int colour = 0, odd = shape->even / 2 % 2;
    if (position > shape->even && shape->even) {
        colour = 1;
        position = child_of(shape, shape->even, false);
    }
    if (position % 2 && shape->even)
        position = shape->even + 1 - position;
    for (int above; (above = parent_of(shape, position)); position = above)
        colour ^= odd ^ (above > position);
    return colour;
}

/* When the first chunk comes to a position: in the first step of its edge's colour after its parent
 * had it, which is the next, or the one after it. */
static int arrival(const struct shape *shape, int tree, int position)
{
    int at = tree, odd = shape->even / 2 % 2, above = parent_of(shape, position);
    if (position % 2 && above) {
        at += colour_of(shape, position) == colour_of(shape, above) ? 2 : 1;
        position = above;
    }
    for (; (above = parent_of(shape, position)); position = above)
        at += 2 - (odd ^ (above > position));
    return at;
}

static void add_edge(const struct shape *shape, struct edges *edges, struct edge edge)
{
    int last = edge.at + (shape->chunks - 1 - edge.tree) / 2 * 2;
    if (edge.tree >= shape->chunks)
        return;
    if (edges->count == 0 || edge.at < edges->first)
        edges->first = edge.at;
    if (edges->count == 0 || last > edges->last)
        edges->last = last;
    edges->edge[edges->count++] = edge;
}

static void add_child(const struct shape *shape, struct edges *edges, int tree, int child)
{
    if (child)
        add_edge(shape, edges,
                 (struct edge){.peer = mirrored(shape, tree, child),
                               .tree = tree,
                               .at = arrival(shape, tree, child)});
}

static void add_tree(const struct call *call, const struct shape *shape, int tree, int place,
                     struct edges *edges)
{
    int position = mirrored(shape, tree, place);
    if (place == 0) {
        add_child(shape, edges, tree, shape->top);
        return;
    }
    add_edge(shape, edges,
             (struct edge){.peer = mirrored(shape, tree, parent_of(shape, position)),
                           .tree = tree,
                           .at = arrival(shape, tree, position),
                           .incoming = true});
    add_child(shape, edges, tree, child_of(shape, position, false));
    bool left_over = position == shape->even && call->size - 1 > shape->even;
    add_child(shape, edges, tree, left_over ? shape->even + 1 : child_of(shape, position, true));
}

static struct edges edges_of(const struct call *call, const struct shape *shape)
{
    struct edges edges = {.last = -1};
    int place = (call->rank - call->root + call->size) % call->size;
    for (int tree = 0; call->size > 1 && tree < 2; tree++)
        add_tree(call, shape, tree, place, &edges);
    return edges;
}

int double_tree_steps(const struct call *call)
{
    struct shape shape = shape_of(call);
    struct edges edges = edges_of(call, &shape);
    return edges.last - edges.first + 1;
}

bool double_tree_down(const struct call *call, int index, struct step *step)
{
    struct shape shape = shape_of(call);
    struct edges edges = edges_of(call, &shape);
    int now = edges.first + index;
    if (now > edges.last)
        return false;
    *step = (struct step){.send_to = -1, .recv_from = -1};
    for (int i = 0; i < edges.count; i++) {
        const struct edge *edge = &edges.edge[i];
        int chunk = now - edge->at + edge->tree;
        if (now < edge->at || (now - edge->at) % 2 || chunk >= shape.chunks)
            continue;
        *(edge->incoming ? &step->recv_from : &step->send_to) = member_at(call, edge->peer);
        *(edge->incoming ? &step->recv : &step->send) =
            share_of(call->count, (size_t)shape.chunks, (size_t)chunk);
    }
    return true;
}

bool double_tree_up(const struct call *call, int index, struct step *step)
{
    struct step down;
    int steps = double_tree_steps(call);
    if (index >= steps || !double_tree_down(call, steps - 1 - index, &down))
        return false;
    *step = (struct step){.send_to = down.recv_from,
                          .recv_from = down.send_to,
                          .send = down.recv,
                          .recv = down.send,
                          .reduce = down.send_to >= 0};
    return true;
}

uint64_t double_tree_ps(const struct call *call, size_t element_bytes, struct path path)
{
    struct shape shape = shape_of(call);
    int last = -1;
    for (int tree = 0; tree < 2 && tree < shape.chunks; tree++)
        for (int position = 1; position < call->size; position++) {
            int end = arrival(&shape, tree, position) + (shape.chunks - 1 - tree) / 2 * 2;
            last = end > last ? end : last;
        }
    return (uint64_t)(last + 1) * block_ps(call->count, (size_t)shape.chunks, element_bytes, path);
}
