/* What a piece of computing asks of a device: known from shapes, before the maths runs. */
#ifndef THREADRACK_CLOCK_WORK_H
#define THREADRACK_CLOCK_WORK_H

#include <stdbool.h>
#include <stdint.h>

/* What numbers are for: how many bytes they are accounted with, in memory, on links and in costs, is their
 * precision's to say. The maths holds all of them in floats. */
enum number {
    NUMBER_FULL,     /* four bytes whatever the precision: optimizer state, statistics, losses */
    NUMBER_VALUE,    /* parameters, activations, and gradients of activations */
    NUMBER_GRADIENT, /* gradients of parameters */
    NUMBERS
};

/* Mixed precision (Micikevicius et al. 2018): `masters` are copies of the parameters in full that the
 * optimizer steps, and which are written as values besides. */
struct precision {
    uint8_t bytes[NUMBERS]; /* 4 or 2 each */
    bool masters;
};

struct work {
    uint64_t flops;    /* floating-point operations; a multiply-add is two */
    uint64_t bytes;    /* read and written in the device's memory, each operand once; besides, ... */
    uint64_t values, gradients; /* ... so many numbers of these kinds */
    uint64_t kernels;  /* launches; 0 only for work that costs nothing */
    uint64_t fixed_ps; /* besides: a duration given outright, as null models do */
};

#endif
