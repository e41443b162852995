/* How the clock tells its observers; nothing but a test where there is none. */
#ifndef CLOCK_OBSERVE_H
#define CLOCK_OBSERVE_H

#include "threadrack/clock/observer.h"

#include "state.h"

void tell(const struct clock *clock, const struct sight *sight);
void tell_rank(const struct clock *clock, int rank, enum sight_kind kind);
void tell_lane(const struct clock *clock, int rank, const struct lane *lane, enum sight_kind kind);
void tell_message(const struct clock *clock, const struct transfer *message, enum sight_kind kind);

static inline void observe_rank(const struct clock *clock, int rank, enum sight_kind kind)
{
    if (clock->observers)
        tell_rank(clock, rank, kind);
}

static inline void observe_lane(const struct clock *clock, int rank, const struct lane *lane,
                                enum sight_kind kind)
{
    if (clock->observers)
        tell_lane(clock, rank, lane, kind);
}

static inline void observe_message(const struct clock *clock, const struct transfer *message,
                                   enum sight_kind kind)
{
    if (clock->observers)
        tell_message(clock, message, kind);
}

#endif
