/* A schedule over vectors that lie in one machine. It is made once into a list of moves in an order
 * that respects it; then the list runs over windows of the vectors that fit in the cache, since what
 * becomes of one element never depends on another. Additions happen in the schedule's order, so the
 * result is the one that the algorithm gives on a real cluster. */
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
    struct share range;
};

/* A member's place in the schedule while the list is made. */
struct cursor {
    struct call call;
    struct step step;
    int index;
    bool sending, receiving, copied, ended;
};

static bool overlap(struct share a, struct share b)
{
    return a.begin < b.begin + b.count && b.begin < a.begin + a.count;
}

static void add_move(struct moves *moves, struct move move)
{
    if (move.range.count)
        *vector_push(&moves->moves, &moves->move_count, &moves->move_room) = move;
}

static bool enter_step(struct moves *moves, struct cursor *cursor)
{
    struct step *step = &cursor->step;
    if (!moves->schedule->step(&cursor->call, cursor->index++, step)) {
        cursor->ended = true;
        return false;
    }
    cursor->sending = step->send_to >= 0;
    cursor->receiving = step->recv_from >= 0;
    cursor->copied = cursor->sending && cursor->receiving && overlap(step->send, step->recv);
    if (cursor->copied)
        add_move(moves, (struct move){
                            .kind = MOVE_SET_ASIDE, .src = cursor->call.rank, .range = step->send});
    return true;
}

/* The member's receive, if its sender is ready. */
static bool take(struct moves *moves, struct cursor *cursors, struct cursor *self)
{
    if (!self->receiving)
        return false;
    struct cursor *sender = &cursors[self->step.recv_from];
    if (!sender->sending || sender->step.send_to != self->call.rank)
        return false;
    if (sender->step.send.begin != self->step.recv.begin ||
        sender->step.send.count != self->step.recv.count)
        BUG("%s: members %d and %d of %d disagree on a range", moves->schedule->name,
            sender->call.rank, self->call.rank, self->call.size);
    add_move(moves, (struct move){.kind = self->step.reduce ? MOVE_ADD : MOVE_STORE,
                                  .src = sender->call.rank,
                                  .dst = self->call.rank,
                                  .from_copy = sender->copied,
                                  .range = self->step.recv});
    sender->sending = self->receiving = false;
    return true;
}

static bool advance(struct moves *moves, struct cursor *cursors, int size)
{
    bool moved = false;
    for (int i = 0; i < size; i++) {
        struct cursor *cursor = &cursors[i];
        while (!cursor->ended && !cursor->sending && !cursor->receiving)
            moved |= enter_step(moves, cursor);
        moved |= take(moves, cursors, cursor);
    }
    return moved;
}

static void make_moves(struct moves *moves, int size)
{
    struct cursor *cursors = memory_zeroed((size_t)size, sizeof *cursors);
    for (int i = 0; i < size; i++)
        cursors[i].call = (struct call){
            .size = size, .rank = i, .root = moves->root, .count = moves->count};
    while (advance(moves, cursors, size))
        ;
    for (int i = 0; i < size; i++)
        if (!cursors[i].ended)
            BUG("%s is stuck for %d members", moves->schedule->name, size);
    free(cursors);
}

static const struct moves *moves_for(struct group *group, const struct meeting *meeting)
{
    for (int i = 0; i < group->known_count; i++) {
        const struct moves *moves = &group->known[i];
        if (moves->schedule == meeting->schedule && moves->root == meeting->root &&
            moves->count == meeting->count)
            return moves;
    }
    struct moves *moves = vector_push(&group->known, &group->known_count, &group->known_room);
    moves->schedule = meeting->schedule;
    moves->root = meeting->root;
    moves->count = meeting->count;
    make_moves(moves, group->size);
    return moves;
}

static struct share clip(struct share range, struct share window)
{
    size_t begin = range.begin > window.begin ? range.begin : window.begin;
    size_t range_end = range.begin + range.count, window_end = window.begin + window.count;
    size_t end = range_end < window_end ? range_end : window_end;
    return (struct share){begin, end > begin ? end - begin : 0};
}

static void run_move(struct group *group, const struct move *move, float *const *vectors,
                     struct share window)
{
    struct share part = clip(move->range, window);
    if (part.count == 0)
        return;
    float *copy = group->scratch + (size_t)move->src * window.count + (part.begin - window.begin);
    const float *from = move->from_copy ? copy : vectors[move->src] + part.begin;
    if (move->kind == MOVE_SET_ASIDE)
        memcpy(copy, vectors[move->src] + part.begin, part.count * sizeof *copy);
    else if (move->kind == MOVE_STORE)
        memcpy(vectors[move->dst] + part.begin, from, part.count * sizeof *from);
    else
        math_add(part.count, vectors[move->dst] + part.begin, from);
}

enum { CACHE_FLOATS = 128 * 1024, WINDOW_LEAST = 512 };

static size_t window_floats(int size)
{
    size_t window = CACHE_FLOATS / (size_t)size;
    return window < WINDOW_LEAST ? WINDOW_LEAST : window;
}

void moves_run(struct group *group, const struct meeting *meeting)
{
    const struct moves *moves = moves_for(group, meeting);
    size_t window = window_floats(group->size), need = window * (size_t)group->size;
    if (group->scratch_floats < need) {
        group->scratch = memory_resize(group->scratch, need * sizeof *group->scratch);
        group->scratch_floats = need;
    }
    for (size_t begin = 0; begin < meeting->count; begin += window) {
        size_t left = meeting->count - begin;
        struct share part = {begin, left < window ? left : window};
        for (int i = 0; i < moves->move_count; i++)
            run_move(group, &moves->moves[i], meeting->vectors, part);
    }
}

void moves_release(struct group *group)
{
    for (int i = 0; i < group->known_count; i++)
        free(group->known[i].moves);
    free(group->known);
    free(group->scratch);
}
