/* What the members of a round send, and what they pay for it: the half of rounds.c that looks
 * things up. */
#ifndef CLOCK_RESOLVER_PRICES_H
#define CLOCK_RESOLVER_PRICES_H

#include "rounds.h"

/* Members that take part in rounds that go both ways: all, or the places of folding. */
int passage_members(const struct passage *passage);
/* The member `distance` ahead of that one, or behind. */
int passage_peer(const struct passage *passage, const struct round *round, int member,
                 int distance);

/* All members from one on, up to `until`, send as much, or receive. */
struct cut {
    uint64_t bytes;
    int until;
};

/* Before the cuts of a round are asked for. */
void cut_vector(struct passage *passage, const struct round *round);
/* Of a round that goes both ways. The sender of `member` lies at `shift`. */
struct cut cut_sent(const struct passage *passage, const struct round *round, int member);
struct cut cut_received(const struct passage *passage, const struct round *round, int member,
                        int shift);

/* Of one message. */
struct path passage_path(struct passage *passage, int source, int target);
int64_t passage_stream_ps(struct passage *passage, struct path path, uint64_t bytes);
int64_t passage_add_ps(struct passage *passage, int member, uint64_t bytes);

bool same_pairing(const struct round *a, const struct round *b);
/* Whether costs are the same for all members whose messages have one size. If not, the pairing has
 * to be told before prices are asked for. */
bool paid_alike(const struct passage *passage, const struct round *round);
void list_pairing(struct passage *passage, const struct round *round);
/* Holds until the next is asked for. */
const struct price *price_of(struct passage *passage, const struct round *round, uint64_t bytes);
/* One member's message into a list. */
void price_member(struct passage *passage, const struct round *round, struct price_list *list,
                  int member, uint64_t bytes);

#endif
