/* In which order the axes of a mesh lie over the ranks. */
#include "threadrack/comm/mesh.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"

#include <stdlib.h>
#include <string.h>

const char *const mesh_axes[MESH_AXES] = {"data", "tensor", "pipeline", "context", "expert"};

const struct mesh_order mesh_order_default = {
    {AXIS_TENSOR, AXIS_CONTEXT, AXIS_EXPERT, AXIS_DATA, AXIS_PIPELINE}};

static bool has_axis(const struct mesh_order *order, int count, enum mesh_axis axis)
{
    for (int i = 0; i < count; i++)
        if (order->axes[i] == axis)
            return true;
    return false;
}

static bool add_word(const char *word, const char *where, struct mesh_order *order, int *count,
                     struct errors *errors)
{
    int axis = 0;
    while (axis < MESH_AXES && strcmp(word, mesh_axes[axis]) != 0)
        axis++;
    if (axis == MESH_AXES)
        return errors_add(errors, "%s: '%s' is no axis of a mesh; expected data, tensor, pipeline, context "
                                  "or expert, from the closest out%s",
                          where, word, text_suggestion(word, mesh_axes, MESH_AXES));
    if (has_axis(order, *count, (enum mesh_axis)axis))
        return errors_add(errors, "%s: the axis %s is given twice", where, word);
    order->axes[(*count)++] = (enum mesh_axis)axis;
    return true;
}

static void add_others(struct mesh_order *order, int count)
{
    for (int i = 0; i < MESH_AXES; i++)
        if (!has_axis(order, count, mesh_order_default.axes[i]))
            order->axes[count++] = mesh_order_default.axes[i];
}

bool mesh_order_read(const char *text, const char *where, struct mesh_order *order,
                     struct errors *errors)
{
    char *words = memory_text("%s", text), *rest = words, *word;
    int count = 0;
    bool good = true;
    while (good && (word = strsep(&rest, ",")))
        good = add_word(word, where, order, &count, errors);
    free(words);
    add_others(order, good ? count : 0);
    return good;
}

/* A word that has come already begins the next order. */
bool mesh_order_continues(const char *value, const char *piece)
{
    size_t length = strcspn(piece, ","), width;
    for (const char *word = value; word < piece; word += width + 1) {
        width = strcspn(word, ",");
        if (width == length && !strncmp(word, piece, length))
            return false;
    }
    return true;
}
