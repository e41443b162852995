/* PyTorch beside us: tests/bench/torch_steps.py as a process that is asked turn by turn. */
#ifndef THREADRACK_TESTS_BENCH_PEER_H
#define THREADRACK_TESTS_BENCH_PEER_H

#include <stdbool.h>
#include <stddef.h>

struct peer;

/* Debian's python3-torch, as it is installed, or tuned: OpenBLAS's serial build with the kernels of
 * this processor, and malloc thresholds that keep large tensors' memory. NULL, and a line that says
 * why, where it (or what it is tuned with) is not installed. */
struct peer *peer_start(const char *model, size_t batch, bool tuned);
double peer_seconds(struct peer *peer); /* CPU time of a step, measured now */
void peer_stop(struct peer *peer);

#endif
