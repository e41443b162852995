/* An explicit assignment: a CSV of columns row,node, each training row once. A first line of words is a
 * header. */
#include "partitions.h"

#include "threadrack/base/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct reading {
    const char *path;
    size_t line, rows;
    int parts;
    uint32_t *part_of; /* UINT32_MAX: not yet assigned */
    struct errors *errors;
};

static bool complain(const struct reading *reading, size_t column, const char *expected, size_t most)
{
    return errors_add(reading->errors, "%s:%zu:%zu: expected %s from 0 to %zu", reading->path,
                      reading->line, column, expected, most);
}

static bool take(const char **at, char ending, size_t most, size_t *out)
{
    char *end;
    const char *from = *at + strspn(*at, " \t");
    *out = strtoul(from, &end, 10);
    bool digits = *from >= '0' && *from <= '9';
    end += strspn(end, ending ? " \t" : " \t\r\n");
    *at = end + 1;
    return digits && *end == ending && *out <= most;
}

static bool read_line(const struct reading *reading, const char *line)
{
    const char *at = line;
    size_t row, node, second;
    if (!take(&at, ',', reading->rows - 1, &row))
        return complain(reading, 1, "a training row", reading->rows - 1);
    second = (size_t)(at - line) + 1;
    if (!take(&at, 0, (size_t)reading->parts - 1, &node))
        return complain(reading, second, "a node", (size_t)reading->parts - 1);
    if (reading->part_of[row] != UINT32_MAX)
        return errors_add(reading->errors, "%s:%zu:1: row %zu is assigned twice", reading->path,
                          reading->line, row);
    reading->part_of[row] = (uint32_t)node;
    return true;
}

static bool read_lines(struct reading *reading, FILE *stream)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    bool good = true;
    while (good && (length = getline(&line, &room, stream)) >= 0) {
        reading->line++;
        bool header = reading->line == 1 && !strncmp(line, "row", strlen("row"));
        bool blank = strspn(line, " \t\r\n") == (size_t)length;
        good = header || blank || read_line(reading, line);
    }
    free(line);
    return good && (!ferror(stream) ||
                    errors_add_status(reading->errors, STATUS_FAILED, "%s: cannot be read: %s",
                                      reading->path, strerror(errno)));
}

static bool assign(const struct partition_spec *spec, const struct dataset *data,
                   const int32_t *labels, int parts, uint32_t *part_of, const char *where,
                   struct errors *errors)
{
    FILE *stream = fopen(spec->path, "r");
    struct reading reading = {.path = spec->path, .rows = data->train_rows, .parts = parts,
                              .part_of = part_of, .errors = errors};
    (void)labels;
    if (!stream)
        return errors_add(errors, "%s: cannot open '%s': %s", where, spec->path, strerror(errno));
    memset(part_of, 0xFF, data->train_rows * sizeof *part_of);
    bool good = read_lines(&reading, stream);
    fclose(stream);
    for (size_t row = 0; good && row < data->train_rows; row++)
        if (part_of[row] == UINT32_MAX)
            good = errors_add(errors, "%s: %s assigns training row %zu of %zu to no node", where,
                              spec->path, row, data->train_rows);
    return good;
}

const struct partition_ops partition_file = {
    .name = "file",
    .summary = "as a CSV file of columns row,node says",
    .options = "PATH",
    .assign = assign,
};
