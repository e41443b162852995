/* Point to point, in memory. Whoever comes second, sender or receiver, copies the bytes from region
 * to region; so a post never blocks, and only a receiver ever waits. */
#include "inside.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>
#include <string.h>

static struct parcel *parcel_take(struct parcel_list *list, const struct group *group, int source)
{
    for (struct parcel **place = &list->first; *place; place = &(*place)->next) {
        struct parcel *parcel = *place;
        if (parcel->group != group || parcel->source != source)
            continue;
        *place = parcel->next;
        parcel->next = list->spare;
        list->spare = parcel; /* its fields stay readable until the next put */
        return parcel;
    }
    return NULL;
}

static void parcel_put(struct parcel_list *list, struct parcel parcel)
{
    struct parcel *slot = list->spare;
    if (slot)
        list->spare = slot->next;
    else
        slot = memory_zeroed(1, sizeof *slot);
    *slot = parcel;
    slot->next = NULL;
    struct parcel **end = &list->first;
    while (*end)
        end = &(*end)->next;
    *end = slot;
}

static struct parcel *parcel_find(const struct parcel_list *list, const struct group *group,
                                  int source, uint32_t number)
{
    for (struct parcel *parcel = list->first; parcel; parcel = parcel->next)
        if (parcel->group == group && parcel->number == number &&
            (source < 0 || parcel->source == source))
            return parcel;
    return NULL;
}

/* Of a message whose two ends have met. With no lock held. */
static void must_match(struct rank *self, int source, int target, size_t sent, size_t wanted)
{
    if (sent != wanted)
        rank_fail(self, "rank %d sends %zu bytes to rank %d, which wants %zu there", source, sent,
                  target, wanted);
}

static struct rank *rank_of(struct rack *rack, const struct group *group, int peer)
{
    return &rack->ranks[group_member_rank(group, peer)];
}

static void ring_bell(struct rank *rank)
{
    if (!rank->desk->waiting)
        return;
    rank->desk->waiting = false;
    rack_unblock(rank->rack, 1);
    pthread_cond_signal(&rank->desk->bell);
}

void mailbox_send(struct rank *self, struct group *group, int peer, uint32_t number,
                  const void *bytes, size_t count)
{
    struct rank *target = rank_of(self->rack, group, peer);
    struct desk *desk = target->desk;
    pthread_mutex_lock(&desk->lock);
    struct parcel *wanted = parcel_take(&desk->wanted, group, self->id);
    size_t expected = wanted ? wanted->count : count;
    if (wanted && expected == count) {
        memcpy(wanted->bytes, bytes, count);
        ring_bell(target);
    } else if (!wanted) {
        parcel_put(&desk->sent, (struct parcel){.group = group,
                                                  .source = self->id,
                                                  .number = number,
                                                  .bytes = (void *)(uintptr_t)bytes,
                                                .count = count});
    }
    pthread_mutex_unlock(&desk->lock);
    must_match(self, self->id, target->id, count, expected);
}

static void leave_mailbox(struct rack *rack, const struct parcel *parcel)
{
    if (!parcel->copied)
        return;
    free(parcel->bytes);
    atomic_fetch_sub(&rack->mailbox_bytes, parcel->count);
}

void mailbox_receive(struct rank *self, struct group *group, int peer, uint32_t number, void *bytes,
                     size_t count)
{
    int source = group_member_rank(group, peer);
    struct desk *desk = self->desk;
    pthread_mutex_lock(&desk->lock);
    struct parcel *sent = parcel_take(&desk->sent, group, source);
    size_t coming = sent ? sent->count : count;
    if (sent) {
        memcpy(bytes, sent->bytes, coming < count ? coming : count);
        leave_mailbox(self->rack, sent);
    } else {
        parcel_put(&desk->wanted, (struct parcel){.group = group,
                                                  .source = source,
                                                  .number = number,
                                                .bytes = bytes,
                                                .count = count});
    }
    pthread_mutex_unlock(&desk->lock);
    must_match(self, source, self->id, coming, count);
}

static void enter_mailbox(struct rack *rack, struct parcel *parcel)
{
    void *copy = memory_zeroed(parcel->count, 1);
    memcpy(copy, parcel->bytes, parcel->count);
    parcel->bytes = copy;
    parcel->copied = true;
    uint64_t now = atomic_fetch_add(&rack->mailbox_bytes, parcel->count) + parcel->count;
    uint64_t most = atomic_load(&rack->mailbox_most);
    while (now > most && !atomic_compare_exchange_weak(&rack->mailbox_most, &most, now))
        ;
}

void mailbox_wait_sent(struct rank *self, struct group *group, int peer, uint32_t number)
{
    struct desk *desk = rank_of(self->rack, group, peer)->desk;
    pthread_mutex_lock(&desk->lock);
    struct parcel *parcel = parcel_find(&desk->sent, group, self->id, number);
    if (parcel && !parcel->copied)
        enter_mailbox(self->rack, parcel);
    pthread_mutex_unlock(&desk->lock);
}

static bool bell_has_rung(const void *desk)
{
    return !((const struct desk *)desk)->waiting;
}

void mailbox_wait_received(struct rank *self, struct group *group, uint32_t number)
{
    struct desk *desk = self->desk;
    pthread_mutex_lock(&desk->lock);
    while (parcel_find(&desk->wanted, group, -1, number)) {
        desk->waiting = true;
        rank_block(self, &desk->lock, &desk->bell, bell_has_rung, desk);
    }
    pthread_mutex_unlock(&desk->lock);
}

static void free_parcels(struct parcel *parcel)
{
    while (parcel) {
        struct parcel *next = parcel->next;
        free(parcel);
        parcel = next;
    }
}

void mailbox_release(struct rank *rank)
{
    struct desk *desk = rank->desk;
    for (struct parcel *parcel = desk->sent.first; parcel; parcel = parcel->next)
        leave_mailbox(rank->rack, parcel);
    free_parcels(desk->sent.first);
    free_parcels(desk->sent.spare);
    free_parcels(desk->wanted.first);
    free_parcels(desk->wanted.spare);
}
