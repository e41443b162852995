#include "trace_check.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static char wrong[256];

__attribute__((format(printf, 1, 2))) static const char *say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(wrong, sizeof wrong, format, arguments);
    va_end(arguments);
    return wrong;
}

/* A track's slices, in the order in which they begin. */
struct slice {
    double begin_us, end_us; /* end < 0: not yet */
};
struct track {
    int pid, tid;
    bool named;
    struct slice *slices;
    int count, room;
    int *open; /* indices of slices: a stack */
    int depth, open_room;
    double last_us;
};
struct arrow {
    long long id;
    const json_t *begin, *end;
};
struct counter {
    const char *name;
    double last_us;
    long long value;
    bool is_rate;
};

struct reading {
    struct track *tracks;
    int track_count, track_room;
    struct arrow *arrows;
    int arrow_count, arrow_room;
    struct counter *counters;
    int counter_count, counter_room;
    int *pids; /* that have a name */
    int pid_count, pid_room;
};

static int whole(const json_t *event, const char *key)
{
    const json_t *value = json_object_get(event, key);
    return json_is_integer(value) ? (int)json_integer_value(value) : -1;
}

static double time_us(const json_t *event)
{
    const json_t *value = json_object_get(event, "ts");
    return json_is_number(value) ? json_number_value(value) : -1;
}

static const char *name_of(const json_t *event)
{
    const char *name = json_string_value(json_object_get(event, "name"));
    return name ? name : "";
}

static struct track *track_of(struct reading *reading, int pid, int tid)
{
    for (int i = 0; i < reading->track_count; i++)
        if (reading->tracks[i].pid == pid && reading->tracks[i].tid == tid)
            return &reading->tracks[i];
    struct track *track =
        vector_push(&reading->tracks, &reading->track_count, &reading->track_room);
    track->pid = pid;
    track->tid = tid;
    return track;
}

static bool pid_named(const struct reading *reading, int pid)
{
    for (int i = 0; i < reading->pid_count; i++)
        if (reading->pids[i] == pid)
            return true;
    return false;
}

static const char *metadata(struct reading *reading, const json_t *event)
{
    const char *what = name_of(event);
    const char *name = name_of(json_object_get(event, "args"));
    if (!strcmp(what, "process_name") && *name)
        *vector_push(&reading->pids, &reading->pid_count, &reading->pid_room) = whole(event, "pid");
    else if (!strcmp(what, "thread_name") && *name)
        track_of(reading, whole(event, "pid"), whole(event, "tid"))->named = true;
    else if (!strstr(what, "_sort_index"))
        return say("metadata '%s' without a name", what);
    return NULL;
}

static const char *begin(struct reading *reading, const json_t *event)
{
    struct track *track = track_of(reading, whole(event, "pid"), whole(event, "tid"));
    if (!track->named || !pid_named(reading, track->pid))
        return say("pid %d tid %d has no name", track->pid, track->tid);
    if (!*name_of(event))
        return say("a slice without a name");
    if (time_us(event) < track->last_us)
        return say("pid %d tid %d: slices go backwards", track->pid, track->tid);
    track->last_us = time_us(event);
    *vector_push(&track->open, &track->depth, &track->open_room) = track->count;
    *vector_push(&track->slices, &track->count, &track->room) = (struct slice){time_us(event), -1};
    return NULL;
}

static const char *end(struct reading *reading, const json_t *event)
{
    struct track *track = track_of(reading, whole(event, "pid"), whole(event, "tid"));
    if (track->depth == 0)
        return say("pid %d tid %d: an end without a beginning", track->pid, track->tid);
    if (time_us(event) < track->last_us)
        return say("pid %d tid %d: a slice of negative length", track->pid, track->tid);
    track->last_us = time_us(event);
    track->slices[track->open[--track->depth]].end_us = time_us(event);
    return NULL;
}

static const char *arrow(struct reading *reading, const json_t *event, bool begins)
{
    long long id = json_integer_value(json_object_get(event, "id"));
    struct arrow *found = NULL; /* both ends are written together: look from the end */
    for (int i = reading->arrow_count - 1; i >= 0 && !found; i--)
        if (reading->arrows[i].id == id)
            found = &reading->arrows[i];
    if (!found) {
        found = vector_push(&reading->arrows, &reading->arrow_count, &reading->arrow_room);
        found->id = id;
    }
    const json_t **place = begins ? &found->begin : &found->end;
    if (*place || !json_object_get(event, "cat"))
        return say("arrow %lld has two beginnings or ends, or no category", id);
    *place = event;
    return NULL;
}

static const char *count(struct reading *reading, const json_t *event)
{
    struct counter *counter = NULL;
    for (int i = 0; i < reading->counter_count && !counter; i++)
        if (!strcmp(reading->counters[i].name, name_of(event)))
            counter = &reading->counters[i];
    if (!counter) {
        counter = vector_push(&reading->counters, &reading->counter_count, &reading->counter_room);
        *counter = (struct counter){name_of(event), -1, 0, false};
    }
    const json_t *args = json_object_get(event, "args"), *value = json_object_get(args, "bytes");
    counter->is_rate = !value;
    value = value ? value : json_object_get(args, "bytes_per_s");
    if (!json_is_integer(value) || !pid_named(reading, whole(event, "pid")))
        return say("counter '%s' has no number or no process", counter->name);
    if (time_us(event) <= counter->last_us)
        return say("counter '%s' goes back in time", counter->name);
    counter->last_us = time_us(event);
    counter->value = json_integer_value(value);
    return counter->value < 0 ? say("counter '%s' is negative", counter->name) : NULL;
}

static const char *take(struct reading *reading, const json_t *event)
{
    const char *kind = json_string_value(json_object_get(event, "ph"));
    if (!kind || strlen(kind) != 1 || !strchr("MBECsf", *kind))
        return say("an event of kind '%s'", kind ? kind : "(none)");
    if (*kind != 'M' && time_us(event) < 0)
        return say("an event of kind %s has no time", kind);
    if (whole(event, "pid") < 0)
        return say("an event of kind %s has no pid", kind);
    switch (*kind) {
    case 'M':
        return metadata(reading, event);
    case 'B':
        return begin(reading, event);
    case 'E':
        return end(reading, event);
    case 'C':
        return count(reading, event);
    default:
        return arrow(reading, event, *kind == 's');
    }
}

static bool inside_a_slice(struct reading *reading, const json_t *event)
{
    const struct track *track = track_of(reading, whole(event, "pid"), whole(event, "tid"));
    for (int i = 0; i < track->count; i++)
        if (track->slices[i].begin_us <= time_us(event) && time_us(event) <= track->slices[i].end_us)
            return true;
    return false;
}

static const char *check_ends(struct reading *reading)
{
    for (int i = 0; i < reading->track_count; i++)
        if (reading->tracks[i].depth)
            return say("pid %d tid %d: a slice never ends", reading->tracks[i].pid,
                       reading->tracks[i].tid);
    for (int i = 0; i < reading->arrow_count; i++) {
        const struct arrow *it = &reading->arrows[i];
        if (!it->begin || !it->end)
            return say("arrow %lld has one end only", it->id);
        if (time_us(it->end) < time_us(it->begin))
            return say("arrow %lld goes back in time", it->id);
        if (!inside_a_slice(reading, it->begin) || !inside_a_slice(reading, it->end))
            return say("arrow %lld ends outside every slice", it->id);
    }
    for (int i = 0; i < reading->counter_count; i++)
        if (reading->counters[i].value)
            return say("counter '%s' does not end at 0", reading->counters[i].name);
    return NULL;
}

static void release(struct reading *reading, struct trace_counts *counts)
{
    *counts = (struct trace_counts){.processes = reading->pid_count,
                                    .arrows = reading->arrow_count};
    for (int i = 0; i < reading->counter_count; i++)
        *(reading->counters[i].is_rate ? &counts->rates : &counts->counters) += 1;
    for (int i = 0; i < reading->track_count; i++) {
        counts->slices += reading->tracks[i].count;
        free(reading->tracks[i].slices);
        free(reading->tracks[i].open);
    }
    free(reading->tracks);
    free(reading->arrows);
    free(reading->counters);
    free(reading->pids);
}

/* gzread reads files that are not gzipped, too. */
static json_t *load(const char *path)
{
    struct text text = {0};
    char piece[1 << 14];
    gzFile file = gzopen(path, "rb");
    int got = 0;
    while (file && (got = gzread(file, piece, sizeof piece)) > 0)
        text_add_bytes(&text, piece, (size_t)got);
    if (file)
        gzclose(file);
    json_t *root = text.bytes && got == 0 ? json_loadb(text.bytes, text.length, 0, NULL) : NULL;
    text_release(&text);
    return root;
}

const char *trace_check(const char *path, struct trace_counts *counts)
{
    struct reading reading = {0};
    json_t *root = load(path);
    const json_t *events = json_object_get(root, "traceEvents");
    const char *said = json_is_array(events) ? NULL : say("%s is no JSON with traceEvents", path);
    for (size_t i = 0; !said && i < json_array_size(events); i++)
        said = take(&reading, json_array_get(events, i));
    if (!said)
        said = check_ends(&reading);
    release(&reading, counts);
    json_decref(root);
    return said;
}
