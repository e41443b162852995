/* Traces: what changes when, from a CSV file. */
#include "slow.h"

#include "threadrack/base/memory.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    const char *path;
    const struct cluster *cluster; /* of links that are named; NULL: nodes that are numbered */
    int line, count;
    struct trace *traces;
    struct errors *errors;
};

static bool complain(const struct reading *reading, long column, const char *expected)
{
    return errors_add(reading->errors, "%s:%d:%ld: expected %s", reading->path, reading->line, column,
                      expected);
}

/* The next cell as a number within the range, and moves on behind its comma; the last cell ends the
 * line. */
static bool take(const struct reading *reading, const char *line, const char **at, bool last,
                 double least, double most, const char *expected, double *out)
{
    char *end;
    const char *cell = *at + strspn(*at, " \t");
    *out = strtod(cell, &end);
    bool number = strspn(cell, "+-.0123456789eE") == (size_t)(end - cell) && end > cell;
    const char *after = end + strspn(end, last ? " \t\r\n" : " \t");
    *at = after + 1;
    return (number && *after == (last ? 0 : ',') && *out >= least && *out <= most) ||
           complain(reading, cell - line + 1, expected);
}

static bool add(const struct reading *reading, double time_s, int number, double factor)
{
    struct trace *trace = &reading->traces[number];
    uint64_t begin_ps = (uint64_t)floor(time_s * 1e12 + 0.5);
    if (trace->count && begin_ps <= trace->begin_ps[trace->count - 1])
        return complain(reading, 1, "a later time than that of the same one above");
    if (trace->count == trace->room) {
        trace->room = trace->room ? 2 * trace->room : 4;
        trace->begin_ps = memory_resize(trace->begin_ps, (size_t)trace->room * sizeof *trace->begin_ps);
        trace->factor = memory_resize(trace->factor, (size_t)trace->room * sizeof *trace->factor);
    }
    trace->begin_ps[trace->count] = begin_ps;
    trace->factor[trace->count++] = factor;
    return true;
}

static bool take_time(const struct reading *reading, const char *line, const char **at, double *time_s)
{
    return take(reading, line, at, false, 0, 1e6, "a time in seconds from 0 to 1e6, and a comma",
                time_s);
}

static bool take_factor(const struct reading *reading, const char *line, const char **at, double *factor)
{
    return take(reading, line, at, true, 1e-6, 1e6, "a factor from 1e-6 to 1e6, and no more columns",
                factor);
}

static bool read_node(const struct reading *reading, const char *line)
{
    double time_s, number, factor;
    char expected[96];
    const char *at = line;
    snprintf(expected, sizeof expected, "the number of a node from 0 to %d", reading->count - 1);
    return take_time(reading, line, &at, &time_s) &&
           take(reading, line, &at, false, 0, reading->count - 1, expected, &number) &&
           (number == floor(number) || complain(reading, 1, expected)) &&
           take_factor(reading, line, &at, &factor) && add(reading, time_s, (int)number, factor);
}

static bool add_named(const struct reading *reading, double time_s, const char *name, long column,
                      double factor)
{
    bool found = false, good = true;
    for (int i = 0; good && i < reading->count; i++)
        if (link_is_named(reading->cluster, i, name)) {
            good = add(reading, time_s, i, factor);
            found = true;
        }
    return good && (found || complain(reading, column,
                                      "a link such as node0->switch0 (links.csv has their names), or a "
                                      "node or switch for all of its links"));
}

static bool read_link(const struct reading *reading, const char *line)
{
    double time_s, factor;
    const char *at = line;
    if (!take_time(reading, line, &at, &time_s))
        return false;
    at += strspn(at, " \t");
    long column = at - line + 1;
    size_t length = strcspn(at, ",\r\n"), end = length;
    if (at[length] != ',')
        return complain(reading, column, "the name of a link, and a comma");
    while (end && strchr(" \t", at[end - 1]))
        end--;
    char *name = memory_text("%.*s", (int)end, at);
    at += length + 1;
    bool good = take_factor(reading, line, &at, &factor) &&
                add_named(reading, time_s, name, column, factor);
    free(name);
    return good;
}

static bool read_row(const struct reading *reading, const char *line)
{
    return reading->cluster ? read_link(reading, line) : read_node(reading, line);
}

static bool is_header(const struct reading *reading, const char *line)
{
    return reading->line == 1 && !strncmp(line, "time", strlen("time"));
}

static bool read_rows(struct reading *reading, FILE *stream)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    bool good = true;
    while (good && (length = getline(&line, &room, stream)) >= 0) {
        reading->line++;
        bool blank = strspn(line, " \t\r\n") == (size_t)length;
        good = blank || is_header(reading, line) || read_row(reading, line);
    }
    free(line);
    return good && (!ferror(stream) ||
                    errors_add_status(reading->errors, STATUS_FAILED, "%s: cannot be read: %s",
                                      reading->path, strerror(errno)));
}

bool traces_read(struct trace *traces, const struct cluster *cluster, int count, const char *path,
                 const char *where, struct errors *errors)
{
    struct reading reading = {
        .path = path, .cluster = cluster, .count = count, .traces = traces, .errors = errors};
    FILE *stream = fopen(path, "r");
    if (!stream)
        return errors_add(errors, "%s: cannot open '%s': %s", where, path, strerror(errno));
    bool good = read_rows(&reading, stream);
    fclose(stream);
    return good;
}

int trace_segment(const struct trace *trace, uint64_t time_ps)
{
    int low = 0, high = trace->count; /* the first that begins behind it is in [low, high] */
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (trace->begin_ps[middle] <= time_ps)
            low = middle + 1;
        else
            high = middle;
    }
    return low - 1;
}

double trace_factor(const struct trace *trace, uint64_t time_ps)
{
    int segment = trace_segment(trace, time_ps);
    return segment < 0 ? 1 : trace->factor[segment];
}

void trace_release(struct trace *trace)
{
    free(trace->begin_ps);
    free(trace->factor);
}
