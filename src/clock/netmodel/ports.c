#include "ports.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>
#include <string.h>

void ports_init(struct ports *ports, int nodes)
{
    ports->sending = memory_zeroed((size_t)nodes, sizeof *ports->sending);
    ports->receiving = memory_zeroed((size_t)nodes, sizeof *ports->receiving);
    ports->waiting = memory_zeroed((size_t)nodes, sizeof *ports->waiting);
    ports->wanted = memory_zeroed((size_t)nodes, sizeof *ports->wanted);
}

void ports_release(struct ports *ports, int nodes)
{
    for (int node = 0; node < nodes; node++) {
        free(ports->waiting[node].items);
        free(ports->wanted[node].items);
    }
    free(ports->sending);
    free(ports->receiving);
    free(ports->waiting);
    free(ports->wanted);
}

bool transfer_before(const struct transfer *a, const struct transfer *b)
{
    if (a->ready_ps != b->ready_ps)
        return a->ready_ps < b->ready_ps;
    if (a->src != b->src)
        return a->src < b->src;
    return a->sequence < b->sequence;
}

/* Transfers come in order nearly always, so the place is looked for from the end. */
static void list_insert(struct waiting_list *list, struct transfer *transfer)
{
    vector_push(&list->items, &list->count, &list->room);
    int place = list->count - 1;
    for (; place > 0 && transfer_before(transfer, list->items[place - 1]); place--)
        list->items[place] = list->items[place - 1];
    list->items[place] = transfer;
}

static void list_remove(struct waiting_list *list, const struct transfer *transfer)
{
    int place = 0;
    while (list->items[place] != transfer)
        place++;
    memmove(list->items + place, list->items + place + 1,
            (size_t)(--list->count - place) * sizeof *list->items);
}

static bool can_go(const struct ports *ports, const struct transfer *transfer)
{
    return !ports->sending[transfer->src] && !ports->receiving[transfer->dst];
}

static void occupy(struct ports *ports, const struct transfer *transfer)
{
    ports->sending[transfer->src] = ports->receiving[transfer->dst] = true;
}

bool ports_take(struct ports *ports, struct transfer *transfer)
{
    if (can_go(ports, transfer)) {
        occupy(ports, transfer);
        return true;
    }
    list_insert(&ports->waiting[transfer->src], transfer);
    list_insert(&ports->wanted[transfer->dst], transfer);
    return false;
}

void ports_give_back(struct ports *ports, const struct transfer *transfer)
{
    ports->sending[transfer->src] = ports->receiving[transfer->dst] = false;
}

static void list_append(struct waiting_list *out, const struct waiting_list *list)
{
    for (int i = 0; i < list->count; i++)
        *vector_push(&out->items, &out->count, &out->room) = list->items[i];
}

void ports_waiting_for(const struct ports *ports, const struct transfer *ended,
                       struct waiting_list *out)
{
    list_append(out, &ports->waiting[ended->src]);
    list_append(out, &ports->wanted[ended->dst]);
}

bool ports_retry(struct ports *ports, struct transfer *transfer)
{
    if (!can_go(ports, transfer))
        return false;
    list_remove(&ports->waiting[transfer->src], transfer);
    list_remove(&ports->wanted[transfer->dst], transfer);
    occupy(ports, transfer);
    return true;
}
