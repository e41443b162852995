/* Reads GOAL text. A statement is read word by word; what is not understood is said with its line,
 * and reading goes on behind that line, so that all mistakes are said at once. */
#include "goal_text.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"
#include "threadrack/clock/op.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ERRORS = 20, MOST_CPUS = 256, MOST_OPS = 1 << 30 };
#define MOST_CALC_NS  UINT64_C(1000000000000000) /* 11 days: far below 2^64 ps */
#define MOST_BYTES    UINT64_C(1000000000000000000)
#define NUMBER_TOO_BIG UINT64_MAX

struct reader {
    const char *name, *at, *end;
    uint32_t line;
    struct goal *goal;
    bool *seen;  /* by rank: its block has been read */
    int rank;    /* whose block is open, or -1 */
    int errors_before; /* its block */
    struct goal_draft draft;
    struct errors *errors;
};

struct word {
    const char *text;
    size_t length;
};

static bool fail(struct reader *reader, const char *expected, struct word found)
{
    if (found.length == 0)
        return errors_add(reader->errors, "%s:%u: expected %s instead of the line's end",
                          reader->name, reader->line, expected);
    return errors_add(reader->errors, "%s:%u: expected %s instead of '%.*s'", reader->name,
                      reader->line, expected, found.length > 40 ? 40 : (int)found.length,
                      found.text);
}

/* Skips blanks and comments; a line's end only where `lines` says so. */
static void skip(struct reader *reader, bool lines)
{
    while (reader->at < reader->end) {
        const char *at = reader->at;
        bool slash = *at == '/' && at + 1 < reader->end;
        if (*at == '\n' && !lines)
            return;
        if (isspace((unsigned char)*at)) {
            reader->line += *at == '\n';
            reader->at++;
        } else if (slash && at[1] == '/') {
            const char *line_end = memchr(at, '\n', (size_t)(reader->end - at));
            reader->at = line_end ? line_end : reader->end;
        } else if (slash && at[1] == '*') {
            const char *close = memmem(at + 2, (size_t)(reader->end - at - 2), "*/", 2);
            const char *stop = close ? close + 2 : reader->end;
            for (; reader->at < stop; reader->at++)
                reader->line += *reader->at == '\n';
            if (!close)
                errors_add(reader->errors, "%s:%u: a comment is not closed", reader->name,
                           reader->line);
        } else {
            return;
        }
    }
}

/* The next word of the line: letters, digits, '_', '-'; or one other character; empty at its end. */
static struct word next_word(struct reader *reader)
{
    skip(reader, false);
    struct word word = {reader->at, 0};
    while (reader->at < reader->end &&
           (isalnum((unsigned char)*reader->at) || *reader->at == '_' || *reader->at == '-'))
        reader->at++;
    if (reader->at == word.text && reader->at < reader->end && *reader->at != '\n')
        reader->at++;
    word.length = (size_t)(reader->at - word.text);
    return word;
}

static bool is(struct word word, const char *text)
{
    return strlen(text) == word.length && !memcmp(word.text, text, word.length);
}

/* Digits, up to `most`, and `unit` behind them. */
static bool read_number(struct reader *reader, uint64_t least, uint64_t most, const char *unit,
                        const char *expected, uint64_t *out)
{
    struct word word = next_word(reader);
    size_t unit_length = strlen(unit), digits = word.length;
    uint64_t number = 0;
    bool good = word.length > unit_length;
    if (good) {
        digits -= unit_length;
        good = !memcmp(word.text + digits, unit, unit_length);
    }
    for (size_t i = 0; i < digits && good; i++) {
        good = isdigit((unsigned char)word.text[i]);
        unsigned digit = (unsigned)(word.text[i] - '0');
        number = number > (NUMBER_TOO_BIG - 9) / 10 ? NUMBER_TOO_BIG : 10 * number + digit;
    }
    *out = number;
    return (good && number >= least && number <= most) || fail(reader, expected, word);
}

static bool read_tail(struct reader *reader, struct graph_op *op)
{
    static const char *const names[] = {"tag", "cpu", "nic"};
    static const char *const expected[] = {
        "a tag from 0 to 4294967294 (any tag, -1, is not supported)", "a cpu from 0 to 255",
        "nic 0 (a node has one port)"};
    static const uint64_t most[] = {UINT32_MAX - 1, MOST_CPUS - 1, 0};
    uint64_t values[3] = {0};
    bool given[3] = {false};
    for (;;) {
        struct word word = next_word(reader);
        int which = 0;
        if (word.length == 0)
            break;
        while (which < 3 && !is(word, names[which]))
            which++;
        if (which == 3 || given[which] || (which == 0 && op->kind == GRAPH_CALC))
            return fail(reader, op->kind == GRAPH_CALC ? "cpu, nic or the line's end"
                                                       : "tag, cpu, nic (once) or the line's end",
                        word);
        given[which] = true;
        if (!read_number(reader, 0, most[which], "", expected[which], &values[which]))
            return false;
    }
    op->tag = (uint32_t)values[0];
    op->cpu = (int)values[1];
    return true;
}

static bool read_message(struct reader *reader, struct graph_op *op)
{
    bool sends = op->kind == GRAPH_SEND;
    uint64_t peer;
    if (!read_number(reader, 0, MOST_BYTES, "b", "bytes such as 8b", &op->value))
        return false;
    struct word word = next_word(reader);
    if (!is(word, sends ? "to" : "from"))
        return fail(reader, sends ? "'to'" : "'from'", word);
    if (!read_number(reader, 0, (uint64_t)reader->goal->ranks - 1, "",
                     sends ? "a rank below num_ranks"
                           : "a rank below num_ranks (any source, -1, is not supported)",
                     &peer))
        return false;
    op->peer = (int)peer;
    return op->peer != reader->rank || errors_add(reader->errors, "%s:%u: a message to oneself",
                                                  reader->name, reader->line);
}

static bool read_calc(struct reader *reader, struct graph_op *op)
{
    if (!read_number(reader, 0, MOST_CALC_NS, "", "nanoseconds up to 10^15", &op->value))
        return false;
    op->value *= 1000;
    return true;
}

/* `word` is the statement's first behind its label; false when it is none. */
static bool read_op(struct reader *reader, struct word word, int64_t label)
{
    static const char *const names[] = {"send", "recv", "calc"};
    struct goal_draft *draft = &reader->draft;
    struct graph_op op = {.line = reader->line, .index = (uint32_t)draft->op_count};
    int kind = 0;
    while (kind < 3 && !is(word, names[kind]))
        kind++;
    if (kind == 3)
        return fail(reader, "send, recv, calc or a label", word);
    op.kind = (enum graph_kind)kind;
    if (!(op.kind == GRAPH_CALC ? read_calc(reader, &op) : read_message(reader, &op)) ||
        !read_tail(reader, &op))
        return false;
    if (draft->op_count == MOST_OPS)
        return errors_add(reader->errors, "%s:%u: more than %d operations of a rank", reader->name,
                          reader->line, MOST_OPS);
    if (op.cpu >= reader->goal->cpus)
        reader->goal->cpus = op.cpu + 1;
    if (label >= 0)
        draft->labels[label].op = draft->op_count;
    *vector_push(&draft->ops, &draft->op_count, &draft->op_room) = op;
    return true;
}

static bool read_labelled(struct reader *reader, struct word label)
{
    struct goal_draft *draft = &reader->draft;
    struct word word = next_word(reader);
    bool on_begin = is(word, "irequires");
    if (!isalpha((unsigned char)*label.text) || memchr(label.text, '-', label.length))
        return fail(reader, "send, recv, calc, a label or '}'", label);
    if (!is(word, ":") && !is(word, "requires") && !on_begin)
        return fail(reader, "':', requires or irequires", word);
    uint32_t number = goal_draft_label(draft, label.text, label.length, reader->line);
    if (!is(word, ":")) {
        struct word other = next_word(reader);
        if (other.length == 0 || !isalpha((unsigned char)*other.text))
            return fail(reader, "a label", other);
        uint32_t before = goal_draft_label(draft, other.text, other.length, reader->line);
        *vector_push(&draft->edges, &draft->edge_count, &draft->edge_room) =
            (struct goal_edge){.after = number, .before = before, .on_begin = on_begin};
        struct word rest = next_word(reader);
        return rest.length == 0 || fail(reader, "the line's end", rest);
    }
    if (draft->labels[number].op >= 0)
        return errors_add(reader->errors, "%s:%u: the label '%.*s' is given twice; first in line %u",
                          reader->name, reader->line, (int)label.length, label.text,
                          draft->ops[draft->labels[number].op].line);
    return read_op(reader, next_word(reader), number);
}

static bool open_rank(struct reader *reader)
{
    uint64_t rank;
    if (!reader->goal->ranks)
        return errors_add(reader->errors, "%s:%u: num_ranks must come first", reader->name,
                          reader->line);
    if (!read_number(reader, 0, (uint64_t)reader->goal->ranks - 1, "", "a rank below num_ranks",
                     &rank))
        return false;
    struct word brace = next_word(reader);
    if (!is(brace, "{"))
        return fail(reader, "'{'", brace);
    reader->rank = (int)rank;
    reader->errors_before = reader->errors->count;
    if (reader->seen[rank])
        return errors_add(reader->errors, "%s:%u: rank %d is given twice", reader->name,
                          reader->line, reader->rank);
    reader->seen[rank] = true;
    return true;
}

static bool read_rank_count(struct reader *reader)
{
    uint64_t ranks;
    if (reader->goal->ranks)
        return errors_add(reader->errors, "%s:%u: num_ranks is given twice", reader->name,
                          reader->line);
    if (!read_number(reader, 1, OP_PEERS_MOST, "", "the number of ranks, 1 to 1048576", &ranks))
        return false;
    reader->goal->ranks = (int)ranks;
    reader->goal->graphs = memory_zeroed(ranks, sizeof *reader->goal->graphs);
    reader->seen = memory_zeroed(ranks, sizeof *reader->seen);
    return true;
}

static void close_rank(struct reader *reader)
{
    struct graph *graph = &reader->goal->graphs[reader->rank];
    if (!graph->ops && reader->errors->count == reader->errors_before)
        goal_draft_finish(&reader->draft, reader->name, reader->rank, graph, reader->errors);
    goal_draft_release(&reader->draft);
    reader->rank = -1;
}

static bool read_statement(struct reader *reader)
{
    struct word word = next_word(reader);
    if (reader->rank < 0 && is(word, "num_ranks"))
        return read_rank_count(reader);
    if (reader->rank < 0)
        return is(word, "rank") ? open_rank(reader)
                                : fail(reader, reader->goal->ranks ? "'rank'" : "'num_ranks'", word);
    if (is(word, "}")) {
        close_rank(reader);
        return true;
    }
    if (is(word, "send") || is(word, "recv") || is(word, "calc"))
        return read_op(reader, word, -1);
    return read_labelled(reader, word);
}

static void skip_line(struct reader *reader)
{
    while (reader->at < reader->end && *reader->at != '\n')
        reader->at++;
}

static void read_all(struct reader *reader)
{
    for (skip(reader, true); reader->at < reader->end && reader->errors->count < MOST_ERRORS;
         skip(reader, true))
        if (!read_statement(reader))
            skip_line(reader);
    if (reader->errors->count)
        return;
    if (reader->rank >= 0)
        errors_add(reader->errors, "%s:%u: rank %d is not closed by a '}'", reader->name,
                   reader->line, reader->rank);
    else if (!reader->goal->ranks)
        errors_add(reader->errors, "%s:%u: num_ranks is missing", reader->name, reader->line);
}

/* What the file does not mention. */
static void fill_up(struct goal *goal)
{
    for (int rank = 0; rank < goal->ranks; rank++)
        if (!goal->graphs[rank].ops)
            goal->graphs[rank].ops = memory_zeroed(1, sizeof *goal->graphs[rank].ops);
}

struct goal *goal_parse(const char *text, size_t length, const char *name, struct errors *errors)
{
    struct goal *goal = memory_zeroed(1, sizeof *goal);
    struct errors mine;
    errors_init(&mine);
    goal->name = memory_text("%s", name);
    goal->cpus = 1;
    struct reader reader = {.name = name, .at = text, .end = text + length, .line = 1, .goal = goal,
                            .rank = -1, .errors = &mine};
    read_all(&reader);
    goal_draft_release(&reader.draft);
    free(reader.seen);
    for (int i = 0; i < mine.count; i++)
        errors_add(errors, "%s", mine.messages[i]);
    bool good = mine.count == 0;
    errors_release(&mine);
    if (good) {
        fill_up(goal);
        return goal;
    }
    goal_free(goal);
    return NULL;
}

struct goal *goal_read(const char *path, const char *where, struct errors *errors)
{
    FILE *file = fopen(path, "r");
    struct text text = {0};
    char block[1 << 16];
    size_t length = 0;
    while (file && (length = fread(block, 1, sizeof block, file)) > 0)
        text_add_bytes(&text, block, length);
    if (!file || ferror(file)) {
        errors_add(errors, "%s: cannot read '%s': %s", where, path, strerror(errno));
        if (file)
            fclose(file);
        text_release(&text);
        return NULL;
    }
    fclose(file);
    struct goal *goal = goal_parse(text.bytes ? text.bytes : "", text.length, path, errors);
    text_release(&text);
    return goal;
}

void goal_free(struct goal *goal)
{
    if (!goal)
        return;
    for (int rank = 0; rank < goal->ranks; rank++) {
        free(goal->graphs[rank].ops);
        free(goal->graphs[rank].dependents);
    }
    free(goal->graphs);
    free(goal->name);
    free(goal);
}
