#include "graph_match.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

enum { LEAST_ROOM = 8 };

void graph_match_init(struct graph_match *match, uint32_t ops)
{
    *match = (struct graph_match){
        .room = LEAST_ROOM,
        .lines = memory_zeroed(LEAST_ROOM, sizeof *match->lines),
        .following = memory_zeroed((size_t)ops + 1, sizeof *match->following)};
}

void graph_match_release(struct graph_match *match)
{
    free(match->lines);
    free(match->following);
}

static struct graph_line *find(struct graph_match *match, int source, uint32_t tag)
{
    uint64_t key = ((uint64_t)(uint32_t)source << 32 | tag) * UINT64_C(0x9E3779B97F4A7C15);
    size_t at = (key ^ key >> 32) & (match->room - 1);
    while (match->lines[at].used &&
           (match->lines[at].source != source || match->lines[at].tag != tag))
        at = (at + 1) & (match->room - 1);
    return &match->lines[at];
}

static void grow(struct graph_match *match)
{
    struct graph_line *old = match->lines;
    size_t room = match->room;
    match->room = 2 * room;
    match->lines = memory_zeroed(match->room, sizeof *match->lines);
    for (size_t i = 0; i < room; i++) {
        if (!old[i].used)
            continue;
        struct graph_line *line = find(match, old[i].source, old[i].tag);
        *line = old[i];
        if (!line->messages)
            line->messages_end = NULL;
    }
    free(old);
}

static struct graph_line *line_of(struct graph_match *match, int source, uint32_t tag)
{
    struct graph_line *line = find(match, source, tag);
    if (line->used)
        return line;
    if (2 * (match->count + 1) > match->room) {
        grow(match);
        line = find(match, source, tag);
    }
    match->count++;
    *line = (struct graph_line){.used = true, .source = source, .tag = tag};
    return line;
}

const struct graph_op *graph_match_message(struct graph_match *match, const struct graph *graph,
                                           struct transfer *message)
{
    struct graph_line *line = line_of(match, message->src, message->send_op->tag);
    if (line->first) {
        const struct graph_op *receive = &graph->ops[line->first - 1];
        line->first = match->following[receive->index];
        return receive;
    }
    message->next = NULL;
    if (line->messages)
        *line->messages_end = message;
    else
        line->messages = message;
    line->messages_end = &message->next;
    return NULL;
}

struct transfer *graph_match_receive(struct graph_match *match, const struct graph_op *receive)
{
    struct graph_line *line = line_of(match, receive->peer, receive->tag);
    struct transfer *message = line->messages;
    if (message) {
        line->messages = message->next;
        return message;
    }
    match->following[receive->index] = 0;
    if (line->first)
        match->following[line->last - 1] = receive->index + 1;
    else
        line->first = receive->index + 1;
    line->last = receive->index + 1;
    return NULL;
}
