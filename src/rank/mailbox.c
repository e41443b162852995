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

static void must_match(const struct group *group, int source, int target, size_t sent, size_t wanted)
{
    if (sent != wanted)
        BUG("rank %d sends %zu bytes to rank %d, which wants %zu (a group of %d)", source, sent,
            target, wanted, group->size);
}

static void ring_bell(struct rank *rank)
{
    if (!rank->waiting)
        return;
    rank->waiting = false;
    rack_unblock(rank->rack, 1);
    pthread_cond_signal(&rank->bell);
}

void mailbox_send(struct rank *self, struct group *group, int peer, uint32_t number,
                  const void *bytes, size_t count)
{
    struct rank *target = &self->rack->ranks[group->members[peer]];
    pthread_mutex_lock(&target->lock);
    struct parcel *wanted = parcel_take(&target->wanted, group, self->id);
    if (wanted) {
        must_match(group, self->id, target->id, count, wanted->count);
        memcpy(wanted->bytes, bytes, count);
        ring_bell(target);
    } else {
        parcel_put(&target->sent, (struct parcel){.group = group,
                                                  .source = self->id,
                                                  .number = number,
                                                  .bytes = (void *)(uintptr_t)bytes,
                                                  .count = count});
    }
    pthread_mutex_unlock(&target->lock);
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
    int source = group->members[peer];
    pthread_mutex_lock(&self->lock);
    struct parcel *sent = parcel_take(&self->sent, group, source);
    if (sent) {
        must_match(group, source, self->id, sent->count, count);
        memcpy(bytes, sent->bytes, count);
        leave_mailbox(self->rack, sent);
    } else {
        parcel_put(&self->wanted, (struct parcel){.group = group,
                                                  .source = source,
                                                  .number = number,
                                                  .bytes = bytes,
                                                  .count = count});
    }
    pthread_mutex_unlock(&self->lock);
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
    struct rank *target = &self->rack->ranks[group->members[peer]];
    pthread_mutex_lock(&target->lock);
    struct parcel *parcel = parcel_find(&target->sent, group, self->id, number);
    if (parcel && !parcel->copied)
        enter_mailbox(self->rack, parcel);
    pthread_mutex_unlock(&target->lock);
}

void mailbox_wait_received(struct rank *self, struct group *group, uint32_t number)
{
    pthread_mutex_lock(&self->lock);
    while (parcel_find(&self->wanted, group, -1, number)) {
        self->waiting = true;
        rack_block(self->rack, self, "a message");
        while (self->waiting)
            pthread_cond_wait(&self->bell, &self->lock);
    }
    pthread_mutex_unlock(&self->lock);
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
    for (struct parcel *parcel = rank->sent.first; parcel; parcel = parcel->next)
        leave_mailbox(rank->rack, parcel);
    free_parcels(rank->sent.first);
    free_parcels(rank->sent.spare);
    free_parcels(rank->wanted.first);
    free_parcels(rank->wanted.spare);
}
