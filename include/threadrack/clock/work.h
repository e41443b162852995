/* What a piece of computing asks of a device: known from shapes, before the maths runs. */
#ifndef THREADRACK_CLOCK_WORK_H
#define THREADRACK_CLOCK_WORK_H

#include <stdint.h>

struct work {
    uint64_t flops;    /* floating-point operations; a multiply-add is two */
    uint64_t bytes;    /* read and written in the device's memory, each operand once */
    uint64_t kernels;  /* launches; 0 only for work that costs nothing */
    uint64_t fixed_ps; /* besides: a duration given outright, as null models do */
};

#endif
