/* A network from a YAML file, a list of layers:
 *
 *     input: 1x8x8             # an image; or how many values, or tokens; unset: as the data have it
 *     loss: cross_entropy      # or squared_error
 *     layers:
 *       - conv: {channels: 8, kernel: 3, padding: 1}
 *       - relu
 *       - max_pool
 *       - flatten
 *       - linear: classes      # as many as the data have
 *
 * With `input: tokens` there is `context`, how many a row has, and an embedding comes first. Tensors
 * are named by their layer's place in the list, as nn.Sequential counts.
 */
#include "file_layers.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"

#include "widths.h"

#include <stdlib.h>
#include <string.h>

struct file_model {
    struct recipe base;
    char *path;
    size_t input[3]; /* an image; {1, 1, width}: values; all 0: the data's */
    bool image;
    const struct loss_ops *loss;
    struct file_layers layers;
};

static struct chain begin(const struct file_model *file, const struct model_data *data)
{
    const size_t *input = file->input;
    if (file->base.context)
        return chain_of_tokens(file->base.context);
    if (file->image)
        return chain_of_values(input[0] * input[1] * input[2], input[0], input[1], input[2]);
    if (input[0])
        return chain_of_values(input[2], 0, 0, 0);
    return chain_of_values(data->width, data->channels, data->height, data->image_width);
}

static bool build(const struct recipe *recipe, struct model_spec *spec,
                  const struct model_data *data, const char *where, struct errors *errors)
{
    const struct file_model *file = (const struct file_model *)recipe;
    size_t classes = data->classes ? data->classes : data->target_width;
    struct chain chain = begin(file, data);
    (void)where;
    if (file_layers_make(&file->layers, file->path, classes, &chain, errors)) {
        chain_finish(&chain, spec, file->loss);
        return true;
    }
    chain_release(&chain);
    return false;
}

static void release(struct recipe *recipe)
{
    struct file_model *file = (struct file_model *)recipe;
    free(file->path);
    free(file->layers.items);
}

static bool read_input(struct file_model *file, const struct tree *node, struct errors *errors)
{
    const char *text = node->kind == TREE_TEXT && node->text ? node->text : "", *at = text;
    if (!strcmp(text, "tokens")) {
        file->base.context = file->base.context ? file->base.context : 1;
        return true;
    }
    file->image = shape_read(text, file->input);
    size_t width = widths_take_number(&at, WIDEST);
    if (!file->image && width && !*at) {
        file->input[0] = file->input[1] = 1;
        file->input[2] = width;
    }
    return file->image || (width && !*at) ||
           errors_add(errors, "%s:%d:%d: input: expected an image such as 3x32x32, how many values, "
                              "or tokens",
                      file->path, node->line, node->column);
}

static bool read_loss(struct file_model *file, const struct tree *node, struct errors *errors)
{
    const char *names[8], *text = node->kind == TREE_TEXT && node->text ? node->text : "";
    int count = 0;
    for (; losses[count]; count++) {
        names[count] = losses[count]->name;
        if (!strcmp(text, names[count])) {
            file->loss = losses[count];
            return true;
        }
    }
    return errors_add(errors, "%s:%d:%d: loss: expected cross_entropy or squared_error%s", file->path,
                      node->line, node->column, text_suggestion(text, names, count));
}

static bool read_entry(struct file_model *file, const struct tree *entry, struct errors *errors)
{
    static const char *const keys[] = {"input", "context", "loss", "layers"};
    if (!strcmp(entry->key, "input"))
        return read_input(file, entry, errors);
    if (!strcmp(entry->key, "loss"))
        return read_loss(file, entry, errors);
    if (!strcmp(entry->key, "layers"))
        return file_layers_read(entry, file->path, &file->layers, errors);
    if (!strcmp(entry->key, "context"))
        return file_read_count(entry, "context", WIDEST, file->path, &file->base.context, errors);
    return errors_add(errors, "%s:%d:%d: a model has no '%s'; it has input, context, loss and layers%s",
                      file->path, entry->key_line, entry->key_column, entry->key,
                      text_suggestion(entry->key, keys, 4));
}

static const struct tree *entry_of(const struct tree *tree, const char *key)
{
    for (int i = 0; i < tree->count; i++)
        if (!strcmp(tree->children[i].key, key))
            return &tree->children[i];
    return NULL;
}

static bool read_tree(struct file_model *file, const struct tree *tree, struct errors *errors)
{
    bool good = true;
    if (tree->kind != TREE_MAP)
        return errors_add(errors, "%s:%d:%d: expected a mapping with `layers`", file->path,
                          tree->line, tree->column);
    for (int i = 0; i < tree->count; i++)
        good = read_entry(file, &tree->children[i], errors) && good;
    const struct tree *input = entry_of(tree, "input"), *context = entry_of(tree, "context");
    bool tokens = input && input->kind == TREE_TEXT && input->text && !strcmp(input->text, "tokens");
    if (tokens != !!context) {
        const struct tree *at = context ? context : input;
        good = errors_add(errors, "%s:%d:%d: `input: tokens` and `context`, how many tokens a row "
                                  "has, go together",
                          file->path, at->line, at->column);
    }
    if (!entry_of(tree, "layers"))
        good = errors_add(errors, "%s:%d:%d: the model has no `layers`", file->path, tree->line,
                          tree->column);
    return good;
}

static struct model_spec *parse(const char *text, const char *where, struct errors *errors)
{
    const char *path = strchr(text, ':');
    if (!path || !path[1]) {
        errors_add(errors, "%s: expected file:PATH.yaml", where);
        return NULL;
    }
    struct file_model *file = memory_zeroed(1, sizeof *file);
    file->base = (struct recipe){.build = build, .release = release};
    file->path = memory_text("%s", path + 1);
    file->loss = &loss_cross_entropy;
    struct model_spec *spec = spec_of_recipe(&file->base);
    struct tree *tree = tree_load(file->path, errors);
    bool good = tree && read_tree(file, tree, errors);
    if (tree)
        tree_free(tree);
    if (good)
        return spec;
    model_spec_free(spec);
    return NULL;
}

const struct model_ops model_file = {
    .name = "file",
    .summary = "a YAML file's list of layers",
    .options = "PATH.yaml (input, context, loss and layers: README)",
    .parse = parse,
};
