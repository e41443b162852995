/* The words of `threadrack bench` into what is measured. */
#include "inside.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"
#include "threadrack/base/units.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SIZES = 10000, MOST_ITERATIONS = 10000, MOST_OPERATIONS = 64 };
#define DEFAULT_BEGIN "8"
#define DEFAULT_END   "128MiB"
#define LARGEST       UINT64_C(1000000000000000)

/* `8` is bytes, as in NCCL's tests. Their `1G` is 2^30 and everybody else's 10^9, so it is refused.
 */
static bool parse_size(const char *option, const char *text, uint64_t *bytes, struct errors *errors)
{
    struct quantity quantity;
    char why[160];
    size_t length = strlen(text), digits = strspn(text, "0123456789");
    if (digits && digits == length)
        return units_parse(text, UNIT_COUNT, &quantity, why, sizeof why)
                   ? (*bytes = quantity.whole, true)
                   : errors_add(errors, "%s %s: %s", option, text, why);
    char letter = (char)toupper((unsigned char)text[length ? length - 1 : 0]);
    if (digits && digits + 1 == length && strchr("KMGT", letter))
        return errors_add(
            errors,
            "%s %s: could be binary or decimal: write %.*s%ciB (as nccl-tests means it) "
            "or %.*s%cB",
            option, text, (int)digits, text, letter, (int)digits, text,
            letter == 'K' ? 'k' : letter);
    if (!units_parse(text, UNIT_SIZE, &quantity, why, sizeof why))
        return errors_add(errors, "%s %s: %s, or a bare number of bytes", option, text, why);
    *bytes = quantity.whole;
    return true;
}

static bool parse_whole(const char *option, const char *text, uint64_t low, uint64_t high,
                        uint64_t *value, struct errors *errors)
{
    struct quantity quantity;
    char why[160];
    if (!units_parse(text, UNIT_COUNT, &quantity, why, sizeof why))
        return errors_add(errors, "%s %s: %s", option, text, why);
    *value = quantity.whole;
    return (quantity.whole >= low && quantity.whole <= high) ||
           errors_add(errors, "%s %s: outside %llu to %llu", option, text, (unsigned long long)low,
                      (unsigned long long)high);
}

static bool list_sizes(struct bench *bench, uint64_t begin, uint64_t end, uint64_t factor,
                       uint64_t step, struct errors *errors)
{
    for (uint64_t size = begin; size <= end; size = step ? size + step : size * factor) {
        if (bench->size_count == MOST_SIZES)
            return errors_add(errors, "-b, -e and -i: more than %d sizes", MOST_SIZES);
        *vector_push(&bench->sizes, &bench->size_count, &bench->size_room) =
            size / BENCH_ELEMENT * BENCH_ELEMENT;
    }
    return true;
}

static bool resolve_sizes(struct bench *bench, struct bench_words words, struct errors *errors)
{
    uint64_t begin = 0, end = 0, factor = 2, step = 0;
    const char *first = words.begin ? words.begin : DEFAULT_BEGIN;
    bool good = parse_size("-b", first, &begin, errors);
    if (words.end || !words.begin)
        good = parse_size("-e", words.end ? words.end : DEFAULT_END, &end, errors) && good;
    else
        end = begin;
    if (words.factor)
        good = parse_whole("-f", words.factor, 2, 1 << 20, &factor, errors) && good;
    if (words.step)
        good = parse_size("-i", words.step, &step, errors) && good;
    if (words.factor && words.step)
        good = errors_add(errors, "-f and -i are both given; sizes grow by one of the two");
    if (!good)
        return false;
    if (words.step && step == 0)
        return errors_add(errors, "-i %s: sizes would never grow", words.step);
    if (begin < BENCH_ELEMENT || end > LARGEST)
        return errors_add(errors, "sizes are from %d bytes, one float, to 1 PB", BENCH_ELEMENT);
    if (begin > end)
        return errors_add(errors, "-b %s is more than -e %s", first,
                          words.end ? words.end : DEFAULT_END);
    return list_sizes(bench, begin, end, factor, step, errors);
}

/* An operation is one that has an algorithm. */
static bool resolve_operation(struct bench *bench, const char *word, struct errors *errors)
{
    const char *names[MOST_OPERATIONS];
    int count = 0;
    for (int i = 0; collectives[i]; i++) {
        const char *name = collectives[i]->operation;
        if (!strcmp(name, word)) {
            bench->operation = name;
            return true;
        }
        if (count < MOST_OPERATIONS && (!count || strcmp(names[count - 1], name)))
            names[count++] = name;
    }
    return errors_add(errors, "there is no collective '%s'%s (threadrack list collectives)", word,
                      text_suggestion(word, names, count));
}

static void add_algorithm(struct bench *bench, const char *word, bool may_lack)
{
    *vector_push(&bench->algorithms, &bench->algorithm_count, &bench->algorithm_room) =
        (struct bench_algorithm){memory_text("%s", word), may_lack};
}

static bool add_word(struct bench *bench, const char *word, struct errors *errors)
{
    bool all = !strcmp(word, "all");
    for (int i = 0; all && collectives[i]; i++)
        if (!strcmp(collectives[i]->operation, bench->operation))
            add_algorithm(bench, collectives[i]->name, true);
    if (!all)
        add_algorithm(bench, word, false);
    return all || algorithms_check(bench->operation, word, "--algorithm", errors);
}

/* At a comma, unless what follows is one more option of the word before it: a name, then '='. */
static const char *word_end(const char *word)
{
    const char *end = word;
    do
        end += strcspn(end + (*end == ','), ",") + (*end == ',');
    while (*end && end[1 + strspn(end + 1, "abcdefghijklmnopqrstuvwxyz_")] == '=');
    return end;
}

static bool resolve_algorithms(struct bench *bench, const char *words, struct errors *errors)
{
    bool good = true;
    for (const char *at = words, *end;; at = end + 1) {
        end = word_end(at);
        char *word = memory_text("%.*s", (int)(end - at), at);
        good = add_word(bench, word, errors) && good;
        free(word);
        if (!*end)
            return good;
    }
}

bool bench_resolve(struct bench *bench, struct bench_words words, struct errors *errors)
{
    uint64_t iterations = 1;
    *bench = (struct bench){0};
    bool good = resolve_operation(bench, words.operation, errors);
    good = good && resolve_algorithms(bench, words.algorithms ? words.algorithms : "auto", errors);
    if (good && !bench_operation(bench->operation))
        *vector_push(&bench->sizes, &bench->size_count, &bench->size_room) = 0;
    else
        good = resolve_sizes(bench, words, errors) && good;
    if (words.iterations)
        good = parse_whole("-n", words.iterations, 1, MOST_ITERATIONS, &iterations, errors) && good;
    bench->iterations = (int)iterations;
    return good;
}

void bench_release(struct bench *bench)
{
    for (int i = 0; i < bench->algorithm_count; i++)
        free(bench->algorithms[i].word);
    free(bench->sizes);
    free(bench->algorithms);
    *bench = (struct bench){0};
}

bool bench_reads(const char *key)
{
    return !strcmp(key, "nodes") || !strcmp(key, "netmodel") || !strcmp(key, "placement") ||
           !strncmp(key, "cluster", 7);
}

bool bench_allows(const struct sweep *sweep, struct errors *errors)
{
    for (int i = 0; i < sweep->key_count; i++)
        if (!bench_reads(sweep->keys[i]))
            errors_add(errors,
                       "'%s' has several values, but a bench does not read it; it reads nodes, "
                       "netmodel, placement, cluster and the keys under it",
                       sweep->keys[i]);
    return errors->count == 0;
}
