#include "tree.h"

bool tree_message(const struct call *call, bool up, int index, struct bundle *bundle, bool *sends)
{
    struct tree tree = tree_of(call);
    int own = tree.place > 0;
    if (index >= tree.children + own)
        return false;
    bool to_parent = own && index == (up ? tree.children : 0);
    *sends = to_parent == up;
    if (to_parent) {
        *bundle =
            (struct bundle){.peer = tree_parent(&tree), .first = tree.place, .places = tree.below};
        return true;
    }
    int k = up ? index : tree.children - 1 - (index - own);
    int child = tree.place + (1 << k);
    *bundle =
        (struct bundle){.peer = child, .first = child, .places = tree_child_size(call, &tree, k)};
    return true;
}

bool tree_step(const struct call *call, bool up, int index, struct step *step)
{
    struct bundle bundle;
    bool sends;
    if (!tree_message(call, up, index, &bundle, &sends))
        return false;
    int peer = member_at(call, bundle.peer);
    struct share all = {0, cyclic_count(call, member_at(call, bundle.first), bundle.places)};
    *step = sends ? (struct step){.send_to = peer, .recv_from = -1, .send = all}
                  : (struct step){.send_to = -1, .recv_from = peer, .recv = all};
    return true;
}

bool tree_piece(const struct call *call, bool up, int index, bool sent, int i, struct share *range)
{
    struct bundle bundle;
    bool sends;
    return tree_message(call, up, index, &bundle, &sends) && sends == sent &&
           cyclic_piece(call, member_at(call, bundle.first), bundle.places, i, range);
}

bool tree_round(const struct call *call, size_t count, int index, struct round *round)
{
    int p = call->size, levels = ceil_log2(p);
    bool up = index < levels;
    int reach = 1 << (up ? index : index - levels), stride = up ? 2 * reach : 1;
    if (index >= 2 * levels)
        return false;
    *round = (struct round){.pairing = ROUND_ONE_WAY,
                            .distance = up ? -reach : reach,
                            .elements = count,
                            .reduce = up,
                            .sender = up ? reach : 0,
                            .senders = up ? (p - reach + stride - 1) / stride
                                       : p - reach < reach ? p - reach : reach,
                            .stride = stride};
    return true;
}

uint64_t tree_ps(const struct call *call, size_t element_bytes, struct path path)
{
    uint64_t total = 0;
    for (int places = call->size; places > 1;) {
        int kept = 1 << (ceil_log2(places) - 1);
        total += blocks_ps(call, places - kept, element_bytes, path);
        places = kept;
    }
    return total;
}
