#include "threadrack/config/xml.h"

#include "threadrack/base/memory.h"

#include <errno.h>
#include <expat.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BYTES = 64 << 20, MOST_DEPTH = 32, MOST_ELEMENTS = 4000000, CHUNK = 1 << 16 };

struct reader {
    XML_Parser parser;
    const char *path;
    struct element root; /* a nameless one around the file's own */
    int steps[MOST_DEPTH]; /* the open elements: each the index among its parent's children */
    int depth, elements;
    bool stopped;
    struct errors *errors;
};

static void release(struct element *element)
{
    for (int i = 0; i < element->count; i++)
        release(&element->children[i]);
    for (int i = 0; i < element->attribute_count; i++) {
        free(element->attributes[i].name);
        free(element->attributes[i].value);
    }
    free(element->attributes);
    free(element->children);
    free(element->name);
}

void xml_free(struct element *root)
{
    if (root)
        release(root);
    free(root);
}

static void stop(struct reader *reader, const char *what)
{
    if (!reader->stopped)
        errors_add(reader->errors, "%s:%lu:%lu: %s", reader->path,
                   (unsigned long)XML_GetCurrentLineNumber(reader->parser),
                   (unsigned long)XML_GetCurrentColumnNumber(reader->parser) + 1, what);
    reader->stopped = true;
    XML_StopParser(reader->parser, XML_FALSE);
}

/* The open element. Found from the root, since growing lists move. */
static struct element *innermost(struct reader *reader)
{
    struct element *at = &reader->root;
    for (int i = 0; i < reader->depth; i++)
        at = &at->children[reader->steps[i]];
    return at;
}

static void XMLCALL on_start(void *context, const char *name, const char **attributes)
{
    struct reader *reader = context;
    if (reader->depth == MOST_DEPTH || reader->elements++ == MOST_ELEMENTS) {
        stop(reader, reader->depth == MOST_DEPTH ? "nested too deep" : "too many elements");
        return;
    }
    struct element *parent = innermost(reader);
    struct element *element = vector_push(&parent->children, &parent->count, &parent->room);
    element->name = memory_text("%s", name);
    element->line = (int)XML_GetCurrentLineNumber(reader->parser);
    element->column = (int)XML_GetCurrentColumnNumber(reader->parser) + 1;
    for (; *attributes; attributes += 2) {
        struct attribute *attribute =
            vector_push(&element->attributes, &element->attribute_count, &element->attribute_room);
        attribute->name = memory_text("%s", attributes[0]);
        attribute->value = memory_text("%s", attributes[1]);
    }
    reader->steps[reader->depth++] = parent->count - 1;
}

static void XMLCALL on_end(void *context, const char *name)
{
    struct reader *reader = context;
    (void)name;
    if (!reader->stopped)
        reader->depth--;
}

static void XMLCALL on_entity(void *context, const char *name, int is_parameter, const char *value,
                              int length, const char *base, const char *system,
                              const char *public_id, const char *notation)
{
    (void)name, (void)is_parameter, (void)value, (void)length, (void)base, (void)system,
        (void)public_id, (void)notation;
    stop(context, "entities (<!ENTITY) are not accepted: write the value out");
}

static void say_broken(struct reader *reader)
{
    char what[128];
    snprintf(what, sizeof what, "not XML: %s", XML_ErrorString(XML_GetErrorCode(reader->parser)));
    stop(reader, what);
}

static bool parse(struct reader *reader, FILE *file)
{
    size_t total = 0, length;
    char *chunk = memory_zeroed(1, CHUNK);
    do {
        length = fread(chunk, 1, CHUNK, file);
        total += length;
        if (total > MOST_BYTES)
            stop(reader, "the file is larger than 64 MiB");
        else if (XML_Parse(reader->parser, chunk, (int)length, length < CHUNK) != XML_STATUS_OK &&
                 !reader->stopped)
            say_broken(reader);
    } while (length == CHUNK && !reader->stopped);
    free(chunk);
    if (ferror(file))
        return errors_add(reader->errors, "%s: cannot read: %s", reader->path, strerror(errno));
    return !reader->stopped;
}

struct element *xml_load(const char *path, struct errors *errors)
{
    struct reader reader = {.path = path, .errors = errors};
    FILE *file = fopen(path, "rb");
    if (!file) {
        errors_add(errors, "%s: cannot open: %s", path, strerror(errno));
        return NULL;
    }
    reader.parser = XML_ParserCreate(NULL);
    if (!reader.parser)
        BUG("expat cannot start");
    XML_SetUserData(reader.parser, &reader);
    XML_SetElementHandler(reader.parser, on_start, on_end);
    XML_SetEntityDeclHandler(reader.parser, on_entity);
    struct element *root = NULL;
    if (parse(&reader, file) && reader.root.count == 1) {
        root = memory_zeroed(1, sizeof *root);
        *root = reader.root.children[0];
        reader.root.count = 0;
    }
    release(&reader.root);
    XML_ParserFree(reader.parser);
    fclose(file);
    return root;
}
