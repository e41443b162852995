/* manifest.json: all that is needed to run it again, and what depends on the host. */
#ifndef THREADRACK_OUTPUT_MANIFEST_H
#define THREADRACK_OUTPUT_MANIFEST_H

#include "cell.h"
#include "rows.h"

/* The parts that are known before a run. */
json_t *manifest_create(const struct sweep *sweep, char **arguments, const struct host *host);
/* A run's entry. */
json_t *manifest_run(struct place place);
/* Of a bench: what was asked. */
json_t *manifest_point(const struct sweep *sweep, int index);
/* The whole file: appends its text; `runs` (an array, NULL where there is none) is borrowed. */
void manifest_write(json_t *manifest, json_t *runs, struct text *out);

#endif
