/* Which strategy won where: among runs that differ in strategy and mesh alone. */
#ifndef THREADRACK_OUTPUT_WINNERS_H
#define THREADRACK_OUTPUT_WINNERS_H

#include "threadrack/experiment/sweep.h"

#include <stdio.h>

/* Prints nothing when no two strategies can be compared. */
void winners_print(const struct sweep *sweep, FILE *stream);

#endif
