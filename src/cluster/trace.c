/* Traces: what changes when, from a CSV file. */
#include "slow.h"

#include "threadrack/base/memory.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    const char *path, *what;
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

static bool read_row(const struct reading *reading, const char *line)
{
    double time_s, number, factor;
    char expected[96];
    const char *at = line;
    snprintf(expected, sizeof expected, "the number of a %s from 0 to %d", reading->what,
             reading->count - 1);
    return take(reading, line, &at, false, 0, 1e6, "a time in seconds from 0 to 1e6, and a comma",
                &time_s) &&
           take(reading, line, &at, false, 0, reading->count - 1, expected, &number) &&
           (number == floor(number) || complain(reading, 1, expected)) &&
           take(reading, line, &at, true, 1e-6, 1e6, "a factor from 1e-6 to 1e6, and no more columns",
                &factor) &&
           add(reading, time_s, (int)number, factor);
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

bool traces_read(struct trace *traces, int count, const char *what, const char *path,
                 const char *where, struct errors *errors)
{
    struct reading reading = {
        .path = path, .what = what, .count = count, .traces = traces, .errors = errors};
    FILE *stream = fopen(path, "r");
    if (!stream)
        return errors_add(errors, "%s: cannot open '%s': %s", where, path, strerror(errno));
    bool good = read_rows(&reading, stream);
    fclose(stream);
    return good;
}

void trace_release(struct trace *trace)
{
    free(trace->begin_ps);
    free(trace->factor);
}
