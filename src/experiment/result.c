#include "inside.h"

#include "threadrack/base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void result_note(struct result *result, const char *format, ...)
{
    char *note = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&note, format, arguments) < 0)
        BUG("out of host memory while writing a note");
    va_end(arguments);
    *vector_push(&result->notes, &result->note_count, &result->note_room) = note;
}

void result_free(struct result *result)
{
    if (!result)
        return;
    char *texts[] = {result->reason, result->strategy,  result->cluster,
                     result->model,  result->netmodel,  result->allreduce};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free(texts[i]);
    for (int i = 0; i < result->note_count; i++)
        free(result->notes[i]);
    free(result->notes);
    for (int i = 0; i < result->link_count; i++) {
        free(result->link[i].name);
        free(result->link[i].from);
        free(result->link[i].to);
    }
    free(result->link);
    skew_free(result->skew);
    free(result->step);
    free(result->staleness);
    free(result->node_of);
    free(result->node);
    free(result->memory);
    free(result);
}
