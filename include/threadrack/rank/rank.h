/* A rank: what a rank program holds.
 *
 * A rank program is straight SPMD C, what one rank does in a step. Each of its calls does two
 * separate things: the *real* half runs on the rank's own thread (maths, bytes really copied from
 * region to region, blocking only until the data is there), and the *virtual* half appends an op to
 * the rank's op stream, before the thread works or blocks. The clock (clock/clock.h) resolves the
 * streams; virtual time never depends on the host.
 *
 * With math=off only the virtual half happens: rank_is_real() is false, memory is counted but not
 * mapped, and rank_alloc returns NULL. The same source runs in both ways.
 *
 * The word *post* means: register now, never block. Buffers of a post belong to the operation until
 * its wait; bytes move when the last member posts, or at the wait.
 */
#ifndef THREADRACK_RANK_RANK_H
#define THREADRACK_RANK_RANK_H

#include "threadrack/clock/work.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rank;

int rank_id(const struct rank *self);
bool rank_is_real(const struct rank *self);

/* ---- Memory: the rank's region. Only in set-up; peaks count what program order fixes. ---- */

enum memory_kind {
    MEMORY_PARAMETERS,
    MEMORY_GRADIENTS,
    MEMORY_OPTIMIZER,
    MEMORY_ACTIVATIONS,
    MEMORY_COMMUNICATION,
    MEMORY_DATA,
    MEMORY_KINDS
};
const char *memory_kind_name(enum memory_kind kind);

/* Zeroed memory from the region, aligned to 64 bytes; NULL where the rank is not real. Never fails:
 * a region's size is found beforehand by the same calls (see rank/rack.h). */
void *rank_alloc(struct rank *self, enum memory_kind kind, size_t bytes);

/* What the run accounts numbers with (rack_set_precision). */
size_t rank_number_bytes(const struct rank *self, enum number number);
bool rank_has_masters(const struct rank *self);
/* So many floats, accounted with the number's bytes. */
float *rank_alloc_numbers(struct rank *self, enum memory_kind kind, enum number number, size_t count);
/* Memory of so many bytes (0: there is none) that is accounted as so many others. */
void *rank_alloc_accounted(struct rank *self, enum memory_kind kind, size_t bytes, size_t accounted);

/* ---- Computing. ---- */

/* Records the op, and says whether the maths must run; if so rank_compute_end follows it.
 *     if (rank_compute_begin(self, work)) {
 *         gemm(...);
 *         rank_compute_end(self);
 *     }
 */
bool rank_compute_begin(struct rank *self, struct work work);
void rank_compute_end(struct rank *self);

/* ---- An observer: a real rank whose doings are never costed. ---- */

/* Evaluation and checkpoints run off the clock: an observer records no ops and its memory is the
 * host's, freed with it. It has no peers. */
struct rank *rank_observer(void);
void rank_observer_free(struct rank *observer);

#endif
