/* What the members of the family share. */
#ifndef CLOCK_NOISE_H
#define CLOCK_NOISE_H

#include "threadrack/clock/noise.h"

#define NOISE(name) extern const struct noise_ops noise_##name;
#include "noise.def"
#undef NOISE

/* A number within the range, into *to; else a message. */
bool noise_number(double *to, double least, double most, const char *key, const char *value,
                  const char *where, struct errors *errors);
bool noise_time(uint64_t *to_ps, const char *key, const char *value, const char *where,
                struct errors *errors);

static inline struct draw noise_draw(const struct noise *noise, int rank)
{
    return (struct draw){.seed = noise->seed, .purpose = PURPOSE_NOISE, .rank = (uint32_t)rank};
}

/* duration x factor, rounded half up, at least 1 ps. */
uint64_t noise_scaled(uint64_t duration_ps, double factor);

#endif
