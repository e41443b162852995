#include "goal_text.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>
#include <string.h>

void goal_draft_release(struct goal_draft *draft)
{
    free(draft->ops);
    free(draft->labels);
    free(draft->slots);
    free(draft->edges);
    *draft = (struct goal_draft){0};
}

/* ---- Labels: FNV-1a, open addressing, at most half full. ---- */

static uint64_t hash(const char *text, size_t length)
{
    uint64_t value = 14695981039346656037u;
    for (size_t i = 0; i < length; i++)
        value = (value ^ (unsigned char)text[i]) * 1099511628211u;
    return value ^ value >> 32;
}

static uint32_t *slot_of(const struct goal_draft *draft, const char *text, size_t length)
{
    size_t at = hash(text, length) & (draft->slot_count - 1);
    for (;; at = (at + 1) & (draft->slot_count - 1)) {
        uint32_t number = draft->slots[at];
        if (!number || (draft->labels[number - 1].length == length &&
                        !memcmp(draft->labels[number - 1].text, text, length)))
            return &draft->slots[at];
    }
}

static void grow_slots(struct goal_draft *draft)
{
    free(draft->slots);
    draft->slot_count = draft->slot_count ? 2 * draft->slot_count : 64;
    draft->slots = memory_zeroed(draft->slot_count, sizeof *draft->slots);
    for (int i = 0; i < draft->label_count; i++)
        *slot_of(draft, draft->labels[i].text, draft->labels[i].length) = (uint32_t)i + 1;
}

uint32_t goal_draft_label(struct goal_draft *draft, const char *text, size_t length, uint32_t line)
{
    if (2 * ((size_t)draft->label_count + 1) > draft->slot_count)
        grow_slots(draft);
    uint32_t *slot = slot_of(draft, text, length);
    if (!*slot) {
        *vector_push(&draft->labels, &draft->label_count, &draft->label_room) =
            (struct goal_label){.text = text, .length = length, .line = line, .op = -1};
        *slot = (uint32_t)draft->label_count;
    }
    return *slot - 1;
}

/* ---- From edges to lists of dependents. ---- */

static bool labels_are_defined(const struct goal_draft *draft, const char *name,
                               struct errors *errors)
{
    bool good = true;
    for (int i = 0; i < draft->label_count; i++) {
        const struct goal_label *label = &draft->labels[i];
        if (label->op < 0)
            good = errors_add(errors, "%s:%u: no statement of this rank has the label '%.*s'", name,
                              label->line, (int)label->length, label->text);
    }
    return good;
}

static void link_ops(const struct goal_draft *draft, struct graph *graph)
{
    size_t edges = (size_t)draft->edge_count, at = 0;
    graph->dependents = memory_zeroed(edges + 1, sizeof *graph->dependents);
    size_t *next = memory_zeroed((size_t)graph->op_count + 1, sizeof *next);
    for (size_t i = 0; i < edges; i++)
        next[draft->labels[draft->edges[i].before].op]++;
    for (uint32_t op = 0; op <= graph->op_count; op++) {
        size_t count = next[op];
        graph->ops[op].first = next[op] = at;
        at += count;
    }
    for (size_t i = 0; i < edges; i++) {
        const struct goal_edge *edge = &draft->edges[i];
        uint32_t after = (uint32_t)draft->labels[edge->after].op;
        graph->dependents[next[draft->labels[edge->before].op]++] =
            (struct graph_dependent){.op = after, .on_begin = edge->on_begin};
        graph->ops[after].waits++;
    }
    free(next);
}

/* Takes away what can run, again and again; what is left waits in a circle. */
static uint32_t first_in_circle(const struct graph *graph)
{
    uint32_t *waits = memory_zeroed((size_t)graph->op_count + 1, sizeof *waits);
    uint32_t *ready = memory_zeroed((size_t)graph->op_count + 1, sizeof *ready);
    uint32_t ready_count = 0, taken = 0, found = graph->op_count;
    for (uint32_t op = 0; op < graph->op_count; op++)
        if (!(waits[op] = graph->ops[op].waits))
            ready[ready_count++] = op;
    for (; taken < ready_count; taken++)
        for (size_t i = graph->ops[ready[taken]].first; i < graph->ops[ready[taken] + 1].first; i++)
            if (!--waits[graph->dependents[i].op])
                ready[ready_count++] = graph->dependents[i].op;
    for (uint32_t op = graph->op_count; op-- > 0;)
        if (waits[op])
            found = op;
    free(waits);
    free(ready);
    return found;
}

bool goal_draft_finish(struct goal_draft *draft, const char *name, int rank, struct graph *graph,
                       struct errors *errors)
{
    if (!labels_are_defined(draft, name, errors))
        return false;
    graph->op_count = (uint32_t)draft->op_count;
    graph->ops = memory_zeroed((size_t)draft->op_count + 1, sizeof *graph->ops);
    if (draft->op_count)
        memcpy(graph->ops, draft->ops, (size_t)draft->op_count * sizeof *graph->ops);
    link_ops(draft, graph);
    uint32_t circle = first_in_circle(graph);
    if (circle < graph->op_count)
        return errors_add(errors, "%s:%u: rank %d can never do this: what it requires requires it",
                          name, graph->ops[circle].line, rank);
    return true;
}
