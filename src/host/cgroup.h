/* The control groups, version 1 and 2, that this process is in; private to this floor. */
#ifndef THREADRACK_HOST_CGROUP_H
#define THREADRACK_HOST_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

/* Calls visit(context, folder, version) for the process's group under the controller ("memory",
 * "pids") and each group above it: a limit of any of them holds. A folder may not exist, since a
 * container often sees its own group as the root. */
void cgroup_each(const char *controller,
                 void (*visit)(void *context, const char *folder, int version), void *context);

/* Reads folder/name as one number; false when there is none ("max", or no such file). */
bool cgroup_number(const char *folder, const char *name, uint64_t *value);
/* Reads the line "key number" of folder/name; 0 when there is none. */
uint64_t cgroup_field(const char *folder, const char *name, const char *key);

#endif
