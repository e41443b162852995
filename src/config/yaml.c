/* A YAML file as a tree, from libyaml's events, so that every node knows its place. What a settings
 * file does not need is refused: aliases (a small file of them can stand for billions of nodes),
 * tags, several documents, keys that are not words, great depth. */
#include "inside.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { MOST_BYTES = 1 << 20, MOST_DEPTH = 16, MOST_KEYS = 1000 };

struct reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the present one */
    const char *path;
    struct errors *errors;
    bool broken; /* nothing more can be read */
};

static void release(struct tree *tree)
{
    for (int i = 0; i < tree->count; i++)
        release(&tree->children[i]);
    free(tree->children);
    free(tree->key);
    free(tree->text);
}

void tree_free(struct tree *tree)
{
    if (tree)
        release(tree);
    free(tree);
}

static void say(struct reader *reader, yaml_mark_t mark, const char *what)
{
    errors_add(reader->errors, "%s:%zu:%zu: %s", reader->path, mark.line + 1, mark.column + 1, what);
}

/* The line and column of a byte: libyaml gives bad bytes only by their offset. */
static yaml_mark_t mark_of(const char *bytes, size_t offset)
{
    yaml_mark_t mark = {0};
    for (size_t i = 0; i < offset && bytes[i]; i++) {
        mark.column = bytes[i] == '\n' ? 0 : mark.column + 1;
        mark.line += bytes[i] == '\n';
    }
    return mark;
}

/* libyaml says of it that it is a character that cannot start any token. */
static bool begins_with_tab(const yaml_parser_t *parser)
{
    const unsigned char *at = parser->input.string.start + parser->problem_mark.index;
    return parser->error == YAML_SCANNER_ERROR && at < parser->input.string.end && *at == '\t';
}

static void say_broken(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    char what[256];
    bool bad_bytes = parser->error == YAML_READER_ERROR;
    snprintf(what, sizeof what, "not YAML: %s%s%s", parser->problem ? parser->problem : "?",
             parser->context ? " " : "", parser->context ? parser->context : "");
    if (bad_bytes)
        snprintf(what, sizeof what, "not UTF-8 text: %s", parser->problem);
    else if (begins_with_tab(parser))
        snprintf(what, sizeof what, "not YAML: a tab indents: expected spaces");
    say(reader,
        bad_bytes ? mark_of((const char *)parser->input.string.start, parser->problem_offset)
                  : parser->problem_mark,
        what);
}

static yaml_event_type_t next(struct reader *reader)
{
    yaml_event_delete(&reader->event);
    if (!reader->broken && !yaml_parser_parse(&reader->parser, &reader->event)) {
        say_broken(reader);
        reader->broken = true;
    }
    return reader->broken ? YAML_NO_EVENT : reader->event.type;
}

/* Refuses the event's anchor and tag. */
static void check_properties(struct reader *reader, const yaml_char_t *anchor,
                             const yaml_char_t *tag)
{
    if (anchor)
        say(reader, reader->event.start_mark, "anchors (&) are not accepted: write the value out");
    if (tag)
        say(reader, reader->event.start_mark, "tags (!) are not accepted");
}

static char *scalar_text(struct reader *reader)
{
    const char *text = (const char *)reader->event.data.scalar.value;
    bool plain = reader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    check_properties(reader, reader->event.data.scalar.anchor, reader->event.data.scalar.tag);
    if (strlen(text) != reader->event.data.scalar.length)
        say(reader, reader->event.start_mark, "a zero byte in a text");
    bool nothing = plain && (!*text || !strcmp(text, "~") || !strcmp(text, "null"));
    return nothing ? NULL : memory_text("%s", text);
}

static void read_node(struct reader *reader, struct tree *node, int depth);

static void read_list(struct reader *reader, struct tree *node, int depth)
{
    node->kind = TREE_LIST;
    check_properties(reader, reader->event.data.sequence_start.anchor,
                     reader->event.data.sequence_start.tag);
    while (next(reader) != YAML_SEQUENCE_END_EVENT && !reader->broken)
        read_node(reader, vector_push(&node->children, &node->count, &node->room), depth + 1);
}

static void check_duplicate(struct reader *reader, const struct tree *node)
{
    const struct tree *last = &node->children[node->count - 1];
    for (int i = 0; i < node->count - 1; i++)
        if (!strcmp(node->children[i].key, last->key))
            errors_add(reader->errors, "%s:%d:%d: the key '%s' is given twice; first at %s:%d:%d",
                       reader->path, last->key_line, last->key_column, last->key, reader->path,
                       node->children[i].key_line, node->children[i].key_column);
}

static void read_map(struct reader *reader, struct tree *node, int depth)
{
    node->kind = TREE_MAP;
    check_properties(reader, reader->event.data.mapping_start.anchor,
                     reader->event.data.mapping_start.tag);
    while (next(reader) != YAML_MAPPING_END_EVENT && !reader->broken) {
        yaml_mark_t mark = reader->event.start_mark;
        if (reader->event.type != YAML_SCALAR_EVENT || node->count == MOST_KEYS) {
            say(reader, mark, node->count == MOST_KEYS ? "too many keys" : "a key must be a word");
            reader->broken = true;
            return;
        }
        char *key = scalar_text(reader);
        struct tree *child = vector_push(&node->children, &node->count, &node->room);
        child->key = key ? key : memory_text("%s", "");
        child->key_line = (int)mark.line + 1;
        child->key_column = (int)mark.column + 1;
        check_duplicate(reader, node);
        next(reader);
        read_node(reader, child, depth + 1);
    }
}

/* Reads the node that the present event begins. */
static void read_node(struct reader *reader, struct tree *node, int depth)
{
    node->line = (int)reader->event.start_mark.line + 1;
    node->column = (int)reader->event.start_mark.column + 1;
    if (reader->broken)
        return;
    if (depth > MOST_DEPTH) {
        say(reader, reader->event.start_mark, "nested too deep");
        reader->broken = true;
    } else if (reader->event.type == YAML_SEQUENCE_START_EVENT) {
        read_list(reader, node, depth);
    } else if (reader->event.type == YAML_MAPPING_START_EVENT) {
        read_map(reader, node, depth);
    } else if (reader->event.type == YAML_SCALAR_EVENT) {
        node->text = scalar_text(reader);
    } else {
        say(reader, reader->event.start_mark, "aliases (*) are not accepted: write the value out");
    }
}

static void read_document(struct reader *reader, struct tree *root)
{
    next(reader); /* the stream's start */
    if (next(reader) == YAML_STREAM_END_EVENT) {
        errors_add(reader->errors, "%s: the file is empty: expected keys and values", reader->path);
        return;
    }
    next(reader);
    read_node(reader, root, 0);
    next(reader); /* the document's end */
    if (next(reader) == YAML_DOCUMENT_START_EVENT)
        say(reader, reader->event.start_mark, "a second document begins: expected one");
}

struct tree *tree_load(const char *path, struct errors *errors)
{
    int before = errors->count;
    size_t length;
    char *bytes = file_load(path, MOST_BYTES, &length, errors);
    if (!bytes)
        return NULL;
    struct reader reader = {.path = path, .errors = errors};
    struct tree *root = memory_zeroed(1, sizeof *root);
    if (!yaml_parser_initialize(&reader.parser))
        BUG("libyaml cannot start");
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)bytes, length);
    read_document(&reader, root);
    yaml_event_delete(&reader.event);
    yaml_parser_delete(&reader.parser);
    free(bytes);
    if (errors->count == before)
        return root;
    tree_free(root);
    return NULL;
}
