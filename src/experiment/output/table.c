#include "table.h"

#include "threadrack/base/memory.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void table_add(struct table *table, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char **cell = vector_push(&table->cells, &table->count, &table->room);
    if (vasprintf(cell, format, arguments) < 0)
        *cell = memory_text("?");
    va_end(arguments);
}

void table_release(struct table *table)
{
    for (int i = 0; i < table->count; i++)
        free(table->cells[i]);
    free(table->cells);
    *table = (struct table){0};
}

struct shape {
    int width;
    bool shown, numeric;
};

static struct shape shape_of(const struct table *table, int column)
{
    struct shape shape = {.width = (int)strlen(table->cells[column]), .numeric = true};
    for (int i = column + table->columns; i < table->count; i += table->columns) {
        const char *cell = table->cells[i];
        int width = (int)strlen(cell);
        shape.width = width > shape.width ? width : shape.width;
        shape.shown = shape.shown || width;
        shape.numeric = shape.numeric && (!width || isdigit((unsigned char)*cell) || *cell == '-');
    }
    return shape;
}

void table_print(const struct table *table, FILE *stream)
{
    struct shape *shapes = memory_zeroed((size_t)table->columns, sizeof *shapes);
    int last = 0;
    for (int column = 0; column < table->columns; column++) {
        shapes[column] = shape_of(table, column);
        last = shapes[column].shown ? column : last;
    }
    for (int i = 0; i < table->count; i++) {
        const struct shape *shape = &shapes[i % table->columns];
        int width = i % table->columns == last && !shape->numeric ? 0 : shape->width;
        if (shape->shown)
            fprintf(stream, "  %*s", shape->numeric ? width : -width, table->cells[i]);
        if (i % table->columns == table->columns - 1)
            fputc('\n', stream);
    }
    free(shapes);
}
