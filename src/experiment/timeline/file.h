/* A JSON text that grows on disk, gzipped where its name ends in .gz, and has its name only once it is
 * whole: until then it is called NAME.part. Private to the experiment. */
#ifndef EXPERIMENT_TIMELINE_FILE_H
#define EXPERIMENT_TIMELINE_FILE_H

#include "threadrack/base/errors.h"

#include <stdbool.h>

struct timeline_file;

struct timeline_file *timeline_file_open(const char *name, struct errors *errors);
void timeline_file_add(struct timeline_file *file, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Gives it its name, and frees it. False and a message when any of it could not be written; then
 * nothing is left. */
bool timeline_file_finish(struct timeline_file *file, struct errors *errors);
/* Leaves nothing. */
void timeline_file_drop(struct timeline_file *file);

#endif
