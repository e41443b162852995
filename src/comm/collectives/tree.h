/* The binomial tree whose subtrees are neighbours: member at place v, counted from the root, has
 * the places [v, v + span) below it, span the lowest bit of v, and its children are v + 1, v + 2, v
 * + 4,
 * ... Gathering goes up it, least subtree first; scattering comes down, largest first. */
#ifndef COMM_COLLECTIVES_TREE_H
#define COMM_COLLECTIVES_TREE_H

#include "blocks.h"

struct tree {
    int place, children;
    int below; /* places in this member's subtree, itself among them */
};

static inline int member_at(const struct call *call, int place)
{
    int member = place + call->root;
    return member < call->size ? member : member - call->size;
}

static inline struct tree tree_of(const struct call *call)
{
    int place = call->rank - call->root;
    struct tree tree = {.place = place < 0 ? place + call->size : place};
    int room = call->size - 1 - tree.place; /* places behind it */
    int levels = tree.place ? __builtin_ctz((unsigned)tree.place) : 31;
    if (room > 0)
        tree.children = floor_log2(room) + 1 < levels ? floor_log2(room) + 1 : levels;
    tree.below = tree.place && 1 << levels <= room ? 1 << levels : room + 1;
    return tree;
}

static inline int tree_parent(const struct tree *tree)
{
    return tree->place & (tree->place - 1);
}

/* Places in the k-th child's subtree. */
static inline int tree_child_size(const struct call *call, const struct tree *tree, int k)
{
    int child = tree->place + (1 << k), rest = call->size - child;
    return rest < 1 << k ? rest : 1 << k;
}

/* What a message of the tree holds: `places` blocks from `first` on. */
struct bundle {
    int peer, first, places;
    bool up; /* towards the root */
};

/* The index-th message of a gathering (up) or scattering member. */
bool tree_message(const struct call *call, bool up, int index, struct bundle *bundle, bool *sends);
bool tree_step(const struct call *call, bool up, int index, struct step *step);
bool tree_piece(const struct call *call, bool up, int index, bool sent, int i, struct share *range);
/* A round of a reduce of `count` elements up this tree to member 0, then a broadcast down another. */
bool tree_round(const struct call *call, size_t count, int index, struct round *round);
/* alpha and bytes of the tree's longest way: ceil(lg p) alpha + n (p-1)/(p beta). */
uint64_t tree_ps(const struct call *call, size_t element_bytes, struct path path);

#endif
