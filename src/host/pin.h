/* Binding the calling thread; private to this floor. */
#ifndef THREADRACK_HOST_PIN_H
#define THREADRACK_HOST_PIN_H

#include "threadrack/host/host.h"

/* More than any kernel has: its mask must fit into what it is asked to fill. */
enum { MOST_CPUS = 65536 };

/* Binds the calling thread to one processing unit, and looks whether it is there. */
bool pin_here(const struct host *host, int pu);

#endif
