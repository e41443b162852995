#include "wish.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/units.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { ELEMENT_BYTES = sizeof(float) };
static const char file_word[] = "msccl:";

/* ---- Words. ---- */

static bool has_option(const struct collective *collective, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = collective->options; (at = strstr(at, name)); at += length)
        if ((at == collective->options || at[-1] == ' ') && strchr(" ", at[length]))
            return true;
    return false;
}

bool wish_needs_levels(const struct collective *collective)
{
    return has_option(collective, "levels");
}

/* Of 1 to INT_MAX, up to `end`, which becomes where it ends. */
static bool read_number(const char *text, char **end, int *number)
{
    long value = *text >= '0' && *text <= '9' ? strtol(text, end, 10) : 0;
    *number = (int)value;
    return value >= 1 && value <= INT_MAX;
}

static bool read_levels(struct wish *wish, const char *key, const char *text, const char *where,
                        struct errors *errors)
{
    const char *at = text;
    for (wish->levels = 0; wish->levels < LAYOUT_LEVELS - 1; at++) {
        char *end;
        if (!read_number(at, &end, &wish->sizes[wish->levels++]))
            break;
        if (!*end)
            return true;
        at = end;
        if (*at != 'x' || !strcmp(key, "box"))
            break;
    }
    return errors_add(errors, "%s: %s=%s is not %s", where, key, text,
                      strcmp(key, "box") ? "whole numbers from 1 on, such as 8x4"
                                         : "a whole number from 1 on");
}

static bool read_rows(struct wish *wish, const char *text, const char *where, struct errors *errors)
{
    char *end;
    return (read_number(text, &end, &wish->rows) && !*end) ||
           errors_add(errors, "%s: rows=%s is not a whole number from 1 on", where, text);
}

static bool read_chunk(struct wish *wish, const char *text, const char *where,
                       struct errors *errors)
{
    struct quantity quantity;
    char why[160];
    if (!units_parse(text, UNIT_SIZE, &quantity, why, sizeof why))
        return errors_add(errors, "%s: chunk=%s: %s", where, text, why);
    wish->chunk = quantity.whole / ELEMENT_BYTES;
    return wish->chunk > 0 || errors_add(errors, "%s: chunk=%s: it has to hold a float of %d bytes",
                                         where, text, ELEMENT_BYTES);
}

static bool read_option(struct wish *wish, const char *key, const char *value, const char *where,
                        struct errors *errors)
{
    const struct collective *fixed = wish->fixed;
    if (!has_option(fixed, key))
        return errors_add(errors, "%s: '%s' has no option '%s'%s%s", where, fixed->name, key,
                          *fixed->options ? "; it has " : "", fixed->options);
    if (!strcmp(key, "rows"))
        return read_rows(wish, value, where, errors);
    if (!strcmp(key, "chunk"))
        return read_chunk(wish, value, where, errors);
    return (wish->levels == 0 || errors_add(errors, "%s: give box or levels, not both", where)) &&
           read_levels(wish, key, value, where, errors);
}

static bool read_member(struct wish *wish, const char *operation, const char *asked,
                        const char *where, struct errors *errors)
{
    struct member_text text;
    if (!member_parse(asked, where, &text, errors))
        return false;
    wish->fixed = collective_find(operation, text.name, where, errors);
    bool good = wish->fixed;
    if (good && text.positional)
        good = errors_add(errors, "%s: '%s' is no option of the form name=value", where,
                          text.positional);
    for (int i = 0; good && i < text.count; i++)
        good = read_option(wish, text.keys[i], text.values[i], where, errors);
    member_release(&text);
    if (good && wish->levels && wish->rows)
        good = errors_add(errors, "%s: give rows or levels, not both", where);
    return good;
}

bool wish_read(struct wish *wish, const char *operation, const char *asked, const char *where,
               struct errors *errors)
{
    *wish = (struct wish){0};
    if (!strcmp(asked, "auto"))
        return true;
    if (strncmp(asked, file_word, strlen(file_word)))
        return read_member(wish, operation, asked, where, errors);
    wish->msccl = msccl_load(asked + strlen(file_word), operation, where, errors);
    wish->fixed = wish->msccl ? msccl_collective(wish->msccl) : NULL;
    return wish->msccl;
}

void wish_release(struct wish *wish)
{
    msccl_free(wish->msccl);
    *wish = (struct wish){0};
}

/* ---- Levels. ---- */

/* Of units next to each other, how many share each box of `room` of the units' numbers; 0 unless
 * that is one number for all boxes. Boxes take the places of their units. */
static int gather_boxes(int *units, int count, int room)
{
    int each = 1;
    while (each < count && units[each] / room == units[0] / room)
        each++;
    if (count % each)
        return 0;
    for (int i = 1; i < count; i++)
        if ((units[i] / room == units[i - 1] / room) != (i % each != 0))
            return 0;
    for (int i = 0; i < count / each; i++)
        units[i] = units[i * each] / room;
    return each;
}

/* Level by level of the cluster; where it does not fit any more, the rest is one level. */
static int levels_by_wiring(const struct cluster *cluster, const int *nodes, int size,
                            int sizes[LAYOUT_LEVELS])
{
    int rooms[CLUSTER_LEVELS_MOST], levels = cluster_nesting(cluster, rooms), count = 0;
    int *units = memory_zeroed((size_t)size, sizeof *units);
    for (int i = 0; i < size; i++)
        units[i] = cluster_node_of(cluster, nodes[i]);
    for (int k = 0; k < levels && size > 1; k++) {
        bool last = k + 1 == levels;
        int each = last ? size : gather_boxes(units, size, rooms[k]);
        if (each == 0) {
            each = size;
            levels = 0;
        }
        if (each > 1)
            sizes[count++] = each;
        size /= each;
    }
    free(units);
    return count;
}

int wish_levels(const struct wish *wish, const struct cluster *cluster, const int *nodes, int size,
                int sizes[LAYOUT_LEVELS])
{
    int count = 0, left = size;
    if (!wish->levels && !wish->rows) {
        count = levels_by_wiring(cluster, nodes, size, sizes);
        return count > 1 ? count : 0;
    }
    if (wish->rows) {
        sizes[0] = size / wish->rows;
        sizes[1] = wish->rows;
        return size % wish->rows ? 0 : 2;
    }
    for (; count < wish->levels && left % wish->sizes[count] == 0; count++) {
        sizes[count] = wish->sizes[count];
        left /= sizes[count];
    }
    if (count < wish->levels)
        return 0;
    if (left > 1 || count < 2)
        sizes[count++] = left;
    return count;
}
