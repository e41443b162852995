/* A schedule over vectors that lie in one machine. It is made once into a list of moves in an order
 * that respects it; then the list runs over windows of the vectors that fit in the cache, where
 * what becomes of one element never depends on another: that is, where every move keeps its
 * elements' places. Else it runs over the whole vectors. Additions happen in the schedule's order,
 * so the result is the one that the algorithm gives on a real cluster. */
#include "inside.h"

#include "threadrack/base/memory.h"
#include "threadrack/math/math.h"

#include <stdlib.h>
#include <string.h>

enum move_kind {
    MOVE_SET_ASIDE, /* src's range is sent while it is being overwritten: keep a copy */
    MOVE_STORE,
    MOVE_ADD
};

struct move {
    enum move_kind kind;
    int src, dst;
    bool from_copy;
    size_t from, to, count; /* elements; places from the call's count on are in the scratch */
};

/* A member's place in the schedule while the list is made; one a strand, next to each other. */
struct cursor {
    struct call call;
    struct step step;
    int index; /* of the step after this one */
    bool held; /* the step has been loaded, and waits for another strand */
    bool sending, receiving, copied, ended;
};

/* The i-th range of what the cursor's step sends or receives. */
static bool piece_of(const struct moves *moves, const struct cursor *cursor, bool sent, int i,
                     struct share *range)
{
    if (moves->schedule->piece)
        return moves->schedule->piece(&cursor->call, cursor->index - 1, sent, i, range);
    *range = sent ? cursor->step.send : cursor->step.recv;
    return i == 0;
}

static bool overlap(struct share a, struct share b)
{
    return a.begin < b.begin + b.count && b.begin < a.begin + a.count;
}

static bool overwrites_what_it_sends(const struct moves *moves, const struct cursor *cursor)
{
    struct share sent, received;
    for (int i = 0; piece_of(moves, cursor, true, i, &sent); i++)
        for (int j = 0; piece_of(moves, cursor, false, j, &received); j++)
            if (overlap(sent, received))
                return true;
    return false;
}

static void add_move(struct moves *moves, struct move move)
{
    if (move.count == 0)
        return;
    moves->keeps_places &= move.from == move.to;
    *vector_push(&moves->moves, &moves->move_count, &moves->move_room) = move;
}

static void set_aside(struct moves *moves, struct cursor *cursor)
{
    struct share range;
    cursor->copied = true;
    for (int i = 0; piece_of(moves, cursor, true, i, &range); i++)
        add_move(moves, (struct move){.kind = MOVE_SET_ASIDE,
                                      .src = cursor->call.rank,
                                      .from = range.begin,
                                      .to = range.begin,
                                      .count = range.count});
}

/* One end of a message while its pieces are laid against the other end's; or the addend of what is
 * received. */
struct end {
    const struct cursor *cursor;
    enum { RECEIVED, SENT, ADDEND } which;
    int next;
    struct share left; /* of the present piece */
};

static bool more(const struct moves *moves, struct end *end)
{
    while (end->left.count == 0) {
        const struct cursor *cursor = end->cursor;
        int i = end->next++;
        if (end->which == ADDEND
                ? !moves->schedule->addend(&cursor->call, cursor->index - 1, i, &end->left)
                : !piece_of(moves, cursor, end->which == SENT, i, &end->left))
            return false;
    }
    return true;
}

/* Lays the two ends against each other, and leaves them where the shorter ends. */
static bool lay(struct moves *moves, struct end from, struct end to, enum move_kind kind)
{
    const struct cursor *sender = from.cursor, *receiver = to.cursor;
    bool sent = more(moves, &from), wanted = more(moves, &to);
    while (sent && wanted) {
        size_t count = from.left.count < to.left.count ? from.left.count : to.left.count;
        add_move(moves, (struct move){.kind = kind,
                                      .src = sender->call.rank,
                                      .dst = receiver->call.rank,
                                      .from_copy = from.which == SENT && sender->copied,
                                      .from = from.left.begin,
                                      .to = to.left.begin,
                                      .count = count});
        from.left = (struct share){from.left.begin + count, from.left.count - count};
        to.left = (struct share){to.left.begin + count, to.left.count - count};
        sent = more(moves, &from);
        wanted = more(moves, &to);
    }
    return !sent && !wanted;
}

static bool has_addend(const struct moves *moves, const struct cursor *cursor)
{
    struct share first;
    return cursor->step.reduce && moves->schedule->addend &&
           moves->schedule->addend(&cursor->call, cursor->index - 1, 0, &first);
}

static void carry(struct moves *moves, const struct cursor *sender, const struct cursor *receiver)
{
    bool apart = has_addend(moves, receiver);
    struct end from = {sender, SENT, 0, {0}}, to = {receiver, RECEIVED, 0, {0}};
    bool good = lay(moves, from, to, receiver->step.reduce && !apart ? MOVE_ADD : MOVE_STORE);
    if (apart)
        good = lay(moves, (struct end){receiver, ADDEND, 0, {0}}, to, MOVE_ADD) && good;
    if (!good || sender->step.send.count != receiver->step.recv.count)
        BUG("%s: members %d and %d of %d disagree on a message's length", moves->schedule->name,
            sender->call.rank, receiver->call.rank, receiver->call.size);
}

/* Whether what the cursor's step waits for has come about. */
static bool may_begin(const struct cursor *cursor)
{
    const struct after *after = &cursor->step.after;
    const struct cursor *other = cursor - cursor->call.strand + after->strand;
    bool at_step = other->held || other->sending || other->receiving;
    int ended = other->index - (at_step || other->ended);
    if (ended >= after->steps)
        return true;
    return after->sent && ended == after->steps - 1 && at_step && !other->held && !other->sending;
}

/* False when it has no more, or waits for another strand. */
static bool enter_step(struct moves *moves, struct cursor *cursor)
{
    struct step *step = &cursor->step;
    if (!cursor->held && !moves->schedule->step(&cursor->call, cursor->index++, step)) {
        cursor->ended = true;
        return false;
    }
    cursor->held = true;
    if (!may_begin(cursor))
        return false;
    cursor->held = false;
    cursor->sending = step->send_to >= 0;
    cursor->receiving = step->recv_from >= 0;
    cursor->copied = false;
    bool within = !cursor->sending && !cursor->receiving;
    if ((within || (cursor->sending && cursor->receiving)) &&
        overwrites_what_it_sends(moves, cursor))
        set_aside(moves, cursor);
    if (within)
        carry(moves, cursor, cursor);
    return true;
}

/* All members' strands while the list is made. */
struct cast {
    struct cursor *cursors; /* member i's from first[i] on, up to first[i + 1] */
    int *first, size;
};

/* The strand that is to send what this one receives; NULL: it is not ready. */
static struct cursor *sender_of(const struct cast *cast, const struct cursor *self)
{
    int source = self->step.recv_from;
    for (int i = cast->first[source]; i < cast->first[source + 1]; i++) {
        struct cursor *cursor = &cast->cursors[i];
        if (cursor->sending && cursor->step.send_to == self->call.rank &&
            cursor->step.to_strand == self->call.strand)
            return cursor;
    }
    return NULL;
}

/* The member's receive, if its sender is ready. */
static bool take(struct moves *moves, const struct cast *cast, struct cursor *self)
{
    struct cursor *sender = self->receiving ? sender_of(cast, self) : NULL;
    if (!sender)
        return false;
    carry(moves, sender, self);
    sender->sending = self->receiving = false;
    return true;
}

static bool advance(struct moves *moves, const struct cast *cast)
{
    bool moved = false;
    for (int i = 0; i < cast->first[cast->size]; i++) {
        struct cursor *cursor = &cast->cursors[i];
        bool entered = true;
        while (entered && !cursor->ended && !cursor->sending && !cursor->receiving) {
            entered = enter_step(moves, cursor);
            moved |= entered || cursor->ended;
        }
        moved |= take(moves, cast, cursor);
    }
    return moved;
}

static struct cast cast_of(const struct moves *moves, int size)
{
    struct cast cast = {.first = memory_zeroed((size_t)size + 1, sizeof *cast.first), .size = size};
    struct call call = {.size = size,
                        .root = moves->root,
                        .count = moves->count,
                        .context = moves->schedule->context};
    for (call.rank = 0; call.rank < size; call.rank++)
        cast.first[call.rank + 1] =
            cast.first[call.rank] + schedule_strands(moves->schedule, &call);
    cast.cursors = memory_zeroed((size_t)cast.first[size], sizeof *cast.cursors);
    for (call.rank = 0; call.rank < size; call.rank++)
        for (int i = cast.first[call.rank]; i < cast.first[call.rank + 1]; i++) {
            call.strand = i - cast.first[call.rank];
            cast.cursors[i].call = call;
        }
    return cast;
}

static void make_moves(struct moves *moves, int size)
{
    struct cast cast = cast_of(moves, size);
    moves->keeps_places = true;
    if (moves->schedule->scratch)
        moves->scratch = moves->schedule->scratch(&cast.cursors[0].call);
    while (advance(moves, &cast))
        ;
    for (int i = 0; i < cast.first[size]; i++)
        if (!cast.cursors[i].ended)
            BUG("%s is stuck for %d members", moves->schedule->name, size);
    free(cast.cursors);
    free(cast.first);
}

static const struct moves *moves_for(struct group *group, const struct meeting *meeting)
{
    for (int i = 0; i < group->known_count; i++) {
        const struct moves *moves = &group->known[i];
        if (moves->schedule == meeting->meant.schedule && moves->root == meeting->meant.root &&
            moves->count == meeting->meant.count)
            return moves;
    }
    struct moves *moves = vector_push(&group->known, &group->known_count, &group->known_room);
    moves->schedule = meeting->meant.schedule;
    moves->root = meeting->meant.root;
    moves->count = meeting->meant.count;
    make_moves(moves, group->size);
    return moves;
}

/* What a run of moves works on: the members' vectors, with the scratch behind each, and room for
 * what is set aside. Of a windowed run only the window's elements have room. */
struct field {
    float *const *vectors;
    size_t count, scratch;
    enum element element;
    struct share window;
    float *scratches, *copies;
};

static struct share clip(const struct move *move, struct share window)
{
    size_t begin = move->from > window.begin ? move->from : window.begin;
    size_t range_end = move->from + move->count, window_end = window.begin + window.count;
    size_t end = range_end < window_end ? range_end : window_end;
    return (struct share){begin, end > begin ? end - begin : 0};
}

static float *place_of(const struct field *field, int member, size_t element)
{
    if (element < field->count)
        return field->vectors[member] + element;
    return field->scratches + (size_t)member * field->scratch + (element - field->count);
}

static void run_move(const struct field *field, const struct move *move)
{
    struct share part = clip(move, field->window);
    if (part.count == 0)
        return;
    float *copy = field->copies + (size_t)move->src * field->window.count +
                  (part.begin - field->window.begin);
    const float *from = move->from_copy ? copy : place_of(field, move->src, part.begin);
    float *to = place_of(field, move->dst, move->to + (part.begin - move->from));
    if (move->kind == MOVE_SET_ASIDE)
        memcpy(copy, place_of(field, move->src, part.begin), part.count * sizeof *copy);
    else if (move->kind == MOVE_STORE)
        memcpy(to, from, part.count * sizeof *from);
    else
        math_add_as(field->element, part.count, to, from);
}

enum { CACHE_FLOATS = 128 * 1024, WINDOW_LEAST = 512 };

static size_t window_floats(int size)
{
    size_t window = CACHE_FLOATS / (size_t)size;
    return window < WINDOW_LEAST ? WINDOW_LEAST : window;
}

static void make_room(struct group *group, size_t floats)
{
    if (group->scratch_floats >= floats)
        return;
    group->scratch = memory_resize(group->scratch, floats * sizeof *group->scratch);
    group->scratch_floats = floats;
}

void moves_run(struct group *group, const struct meeting *meeting)
{
    const struct moves *moves = moves_for(group, meeting);
    size_t size = (size_t)group->size, all = meeting->meant.count + moves->scratch;
    size_t window = moves->keeps_places && !moves->scratch ? window_floats(group->size) : all;
    make_room(group, (window + moves->scratch) * size);
    struct field field = {.vectors = meeting->vectors,
                          .count = meeting->meant.count,
                          .element = meeting->meant.element,
                          .scratch = moves->scratch,
                          .copies = group->scratch,
                          .scratches = group->scratch + window * size};
    for (size_t begin = 0; begin < all; begin += window) {
        size_t left = all - begin;
        field.window = (struct share){begin, left < window ? left : window};
        for (int i = 0; i < moves->move_count; i++)
            run_move(&field, &moves->moves[i]);
    }
}

void moves_release(struct group *group)
{
    for (int i = 0; i < group->known_count; i++)
        free(group->known[i].moves);
    free(group->known);
    free(group->scratch);
}
