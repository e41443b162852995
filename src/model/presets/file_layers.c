/* A layer is a word, `relu`, or a mapping of one entry: `linear: 32`, where the value is that of the
 * kind's first key, or `linear: {out: 32, bias: off}`. */
#include "file_kinds.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"
#include "threadrack/base/units.h"

#include "widths.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

static bool complain(const struct tree *node, const char *path, struct errors *errors,
                     const char *what)
{
    return errors_add(errors, "%s:%d:%d: %s", path, node->line, node->column, what);
}

static bool read_whole(const struct tree *node, size_t *out)
{
    const char *at = node->kind == TREE_TEXT && node->text ? node->text : "";
    *out = widths_take_number(&at, WIDEST);
    return *out && !*at;
}

bool file_read_count(const struct tree *node, const char *what, size_t most, const char *path,
                     size_t *out, struct errors *errors)
{
    return (read_whole(node, out) && *out <= most) ||
           errors_add(errors, "%s:%d:%d: %s: expected a whole number from 1 to %zu", path,
                      node->line, node->column, what, most);
}

static bool read_thousandths(const struct tree *node, size_t *out)
{
    char why[128];
    struct quantity quantity;
    const char *text = node->kind == TREE_TEXT && node->text ? node->text : "";
    if (!units_parse(text, UNIT_REAL, &quantity, why, sizeof why) || !(quantity.real >= 0) ||
        quantity.real > WIDEST)
        return false;
    *out = (size_t)llround(1000 * quantity.real);
    return fabs(1000 * quantity.real - (double)*out) < 1e-6 * (1 + (double)*out);
}

static bool is_word(const struct tree *node, const char *word)
{
    return node->kind == TREE_TEXT && node->text && !strcmp(node->text, word);
}

static bool read_value(const struct tree *node, const char *name, enum file_value kind,
                       const char *path, size_t *out, struct errors *errors)
{
    char where[512];
    enum activation activation;
    snprintf(where, sizeof where, "%s:%d:%d", path, node->line, node->column);
    if (kind == VALUE_ACTIVATION) {
        bool good = activation_read(node->kind == TREE_TEXT && node->text ? node->text : "", where,
                                    &activation, errors);
        *out = good ? (size_t)activation : 0;
        return good;
    }
    if (kind == VALUE_SWITCH) {
        *out = is_word(node, "on");
        return *out || is_word(node, "off") ||
               errors_add(errors, "%s: %s: expected on or off", where, name);
    }
    if (kind == VALUE_REAL)
        return read_thousandths(node, out) ||
               errors_add(errors, "%s: %s: expected a number from 0 to %d, of at most three decimals",
                          where, name, WIDEST);
    if (kind == VALUE_ZERO && is_word(node, "0")) {
        *out = 0;
        return true;
    }
    if (kind == VALUE_OUT && is_word(node, "classes")) {
        *out = CLASSES_OF_DATA;
        return true;
    }
    return read_whole(node, out) ||
           errors_add(errors, "%s: %s: expected a whole number from %d to %d%s", where, name,
                      kind != VALUE_ZERO, WIDEST, kind == VALUE_OUT ? ", or classes" : "");
}

static const struct file_kind *find_kind(const struct tree *node, const char *name,
                                         const char *path, struct errors *errors)
{
    const char *names[FILE_KINDS + 1];
    for (int i = 0; i < FILE_KINDS; i++) {
        names[i] = file_kinds[i].name;
        if (!strcmp(name, names[i]))
            return &file_kinds[i];
    }
    names[FILE_KINDS] = "repeat";
    errors_add(errors,
               "%s:%d:%d: no layer is called '%s'; expected linear, conv, max_pool, flatten, norm, "
               "embedding, attention, feed_forward, experts, repeat, relu, tanh, gelu or gelu_tanh%s",
               path, node->line, node->column, name, text_suggestion(name, names, FILE_KINDS + 1));
    return NULL;
}

static bool read_key(const struct tree *entry, const char *path, struct file_layer *layer,
                     bool *given, struct errors *errors)
{
    const struct file_kind *kind = layer->kind;
    const char *names[FILE_VALUES];
    int count = 0;
    for (; count < FILE_VALUES && kind->key[count].name; count++) {
        names[count] = kind->key[count].name;
        if (strcmp(entry->key, names[count]))
            continue;
        given[count] = true;
        return read_value(entry, names[count], kind->key[count].kind, path, &layer->value[count],
                          errors);
    }
    return errors_add(errors, "%s:%d:%d: %s has no option '%s'%s", path, entry->key_line,
                      entry->key_column, kind->name, entry->key,
                      text_alternatives(entry->key, names, count));
}

/* What stands behind the kind's name: NULL for nothing. */
static bool read_options(const struct tree *node, const struct tree *value, const char *path,
                         struct file_layer *layer, struct errors *errors)
{
    const struct file_kind *kind = layer->kind;
    bool given[FILE_VALUES] = {false}, good = true;
    bool shorthand = value && value->kind == TREE_TEXT && value->text;
    if (value && value->kind == TREE_LIST)
        return complain(value, path, errors, "expected a value or a mapping of options");
    if (shorthand && !kind->key[0].name)
        return errors_add(errors, "%s:%d:%d: %s takes no value", path, value->line, value->column,
                          kind->name);
    if (shorthand) {
        given[0] = true;
        good = read_value(value, kind->key[0].name, kind->key[0].kind, path, &layer->value[0],
                          errors);
    }
    for (int i = 0; value && value->kind == TREE_MAP && i < value->count; i++)
        good = read_key(&value->children[i], path, layer, given, errors) && good;
    for (int i = 0; i < FILE_VALUES && kind->key[i].name; i++) {
        if (given[i])
            continue;
        layer->value[i] = (size_t)kind->key[i].fallback;
        if (kind->key[i].fallback == REQUIRED)
            good = errors_add(errors, "%s:%d:%d: %s needs %s, as in `%s: {%s: 8}`", path,
                              node->line, node->column, kind->name, kind->key[i].name, kind->name,
                              kind->key[i].name);
    }
    return good;
}

static bool keep(struct file_layers *out, struct file_layer layer, const struct tree *node,
                 const char *path, struct errors *errors)
{
    if (out->count >= MOST_LAYERS)
        return complain(node, path, errors, "more than 65536 layers");
    *vector_push(&out->items, &out->count, &out->room) = layer;
    return true;
}

/* `repeat: {times: 4, layers: [...]}` */
static bool read_repeat(const struct tree *node, const struct tree *value, const char *path,
                        struct file_layers *out, struct errors *errors)
{
    const struct tree *times = NULL, *list = NULL;
    size_t count = 0;
    int begin = out->count;
    for (int i = 0; value->kind == TREE_MAP && i < value->count; i++) {
        const struct tree *entry = &value->children[i];
        if (!strcmp(entry->key, "times"))
            times = entry;
        else if (!strcmp(entry->key, "layers"))
            list = entry;
        else
            return errors_add(errors, "%s:%d:%d: repeat has no option '%s'; it has times and layers",
                              path, entry->key_line, entry->key_column, entry->key);
    }
    if (!times || !list)
        return complain(node, path, errors, "repeat needs times and layers, as in `repeat: {times: "
                                            "4, layers: [norm]}`");
    if (!file_read_count(times, "times", MOST_LAYERS, path, &count, errors) ||
        !file_layers_read(list, path, out, errors))
        return false;
    int end = out->count;
    for (size_t i = 1; i < count; i++)
        for (int j = begin; j < end; j++)
            if (!keep(out, out->items[j], node, path, errors))
                return false;
    return true;
}

static bool read_layer(const struct tree *node, const char *path, struct file_layers *out,
                       struct errors *errors)
{
    struct file_layer layer = {.line = node->line, .column = node->column};
    static const char *const activations[] = {"relu", "tanh", "gelu", "gelu_tanh"};
    if (node->kind == TREE_TEXT && node->text) {
        for (int i = 0; i < 4; i++)
            if (!strcmp(node->text, activations[i])) {
                layer.kind = find_kind(node, "activation", path, errors);
                layer.value[0] = ACTIVATION_RELU + (size_t)i;
                return keep(out, layer, node, path, errors);
            }
        layer.kind = find_kind(node, node->text, path, errors);
        return layer.kind && read_options(node, NULL, path, &layer, errors) &&
               keep(out, layer, node, path, errors);
    }
    if (node->kind != TREE_MAP || node->count != 1)
        return complain(node, path, errors, "expected a layer: a word, or a mapping of one entry "
                                            "such as `linear: 32`");
    const struct tree *entry = &node->children[0];
    if (!strcmp(entry->key, "repeat"))
        return read_repeat(node, entry, path, out, errors);
    layer.kind = find_kind(node, entry->key, path, errors);
    return layer.kind && read_options(node, entry, path, &layer, errors) &&
           keep(out, layer, node, path, errors);
}

bool file_layers_read(const struct tree *list, const char *path, struct file_layers *out,
                      struct errors *errors)
{
    bool good = true;
    if (list->kind != TREE_LIST || !list->count)
        return complain(list, path, errors, "layers: expected a list of layers");
    for (int i = 0; i < list->count; i++)
        good = read_layer(&list->children[i], path, out, errors) && good;
    return good;
}

bool file_layers_make(const struct file_layers *from, const char *path, size_t classes,
                      struct chain *chain, struct errors *errors)
{
    for (int i = 0; i < from->count; i++) {
        const struct file_layer *layer = &from->items[i];
        size_t value[FILE_VALUES];
        for (int v = 0; v < FILE_VALUES; v++)
            value[v] = layer->value[v] == CLASSES_OF_DATA ? classes : layer->value[v];
        if (chain->count && chain_last(chain)->borrows)
            return errors_add(errors, "%s:%d:%d: %s: the layer before it is tied, and must be the last", path,
                              layer->line, layer->column, layer->kind->name);
        if (!layer->kind->add(chain, value))
            return errors_add(errors, "%s:%d:%d: %s: %s", path, layer->line, layer->column,
                              layer->kind->name, chain->why);
    }
    return true;
}
