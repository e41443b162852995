#include "words.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"
#include "threadrack/base/units.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_WORDS = 16 };

const char *const target_words[] = {"class", "real", NULL};

/* The words of an option, or the keys of all. */
struct names {
    const char *word[MOST_WORDS];
    int count;
};

static struct names keys_of(const struct data_option *options)
{
    struct names names = {0};
    for (; options->key; options++)
        names.word[names.count++] = options->key;
    return names;
}

static const struct data_option *option_find(const struct data_option *options, const char *piece,
                                             size_t length)
{
    for (; options && options->key; options++)
        if (strlen(options->key) == length && !strncmp(options->key, piece, length))
            return options;
    return NULL;
}

static bool take_word(const struct data_option *option, const char *value, const char *where,
                      struct errors *errors)
{
    struct names names = {0};
    int found = -1;
    for (int i = 0; option->words[i]; i++) {
        if (!strcmp(option->words[i], value))
            found = i;
        names.word[names.count++] = option->words[i];
    }
    if (found >= 0) {
        *option->choice = found;
        return true;
    }
    struct text list = {0};
    text_add_list(&list, names.word, names.count, "and");
    errors_add(errors, "%s: %s=%s: there are %s%s", where, option->key, value, list.bytes,
               text_suggestion(value, names.word, names.count));
    text_release(&list);
    return false;
}

static bool take_value(const struct data_option *option, const char *value, const char *where,
                       struct errors *errors)
{
    struct quantity quantity;
    char why[128];
    if (option->choice)
        return take_word(option, value, where, errors);
    enum unit unit = option->count ? UNIT_COUNT : UNIT_REAL;
    if (!units_parse(value, unit, &quantity, why, sizeof why))
        return errors_add(errors, "%s: %s=%s: %s", where, option->key, value, why);
    double number = option->count ? (double)quantity.whole : quantity.real;
    if (!(number >= option->low && number <= option->high))
        return errors_add(errors, "%s: %s=%s: expected a number from %.15g to %.15g", where,
                          option->key, value, option->low, option->high);
    if (option->count)
        *option->count = quantity.whole;
    else
        *option->real = quantity.real;
    return true;
}

static bool no_option(const struct data_words *words, const char *name, const char *key,
                      const char *where, struct errors *errors)
{
    if (!words->options)
        return errors_add(errors, "%s: %s takes no options%s%s", where, name,
                          words->most ? "; expected " : "", words->most ? words->usage : "");
    if (option_find(words->options, key, strlen(key)))
        return errors_add(errors, "%s: '%s': an option is written name=value", where, key);
    struct names names = keys_of(words->options);
    return errors_add(errors, "%s: %s has no option '%s'%s", where, name, key,
                      text_alternatives(key, names.word, names.count));
}

/* The length of the key where the piece reads key=value, else 0. */
static size_t key_length(const char *piece)
{
    size_t length = strspn(piece, "abcdefghijklmnopqrstuvwxyz_");
    return piece[length] == '=' ? length : 0;
}

static bool take_piece(struct data_words *words, const char *name, char *piece,
                       const char *where, struct errors *errors)
{
    size_t length = key_length(piece);
    const struct data_option *option = option_find(words->options, piece, length);
    if (length && option)
        return take_value(option, piece + length + 1, where, errors);
    bool path_first = words->most && !words->path_count;
    if (!path_first && (length || !words->most)) {
        piece[length ? length : strlen(piece)] = 0;
        return no_option(words, name, piece, where, errors);
    }
    if (!*piece || words->path_count == words->most)
        return errors_add(errors, "%s: expected %s", where, words->usage);
    *vector_push(&words->paths, &words->path_count, &words->path_room) = memory_text("%s", piece);
    return true;
}

bool data_words_read(struct data_words *words, const struct dataset_request *request,
                     struct errors *errors)
{
    const char *text = request->text, *at = text + strcspn(text, ":");
    char *name = memory_text("%.*s", (int)(at - text), text);
    bool good = true;
    while (good && *at) {
        size_t length = strcspn(++at, ",");
        char *piece = memory_text("%.*s", (int)length, at);
        good = take_piece(words, name, piece, request->where, errors);
        free(piece);
        at += length;
    }
    free(name);
    int more = words->path_count - words->least;
    if (good && (more < 0 || (words->step && more % words->step)))
        return errors_add(errors, "%s: expected %s", request->where, words->usage);
    return good;
}

void data_words_release(struct data_words *words)
{
    for (int i = 0; i < words->path_count; i++)
        free(words->paths[i]);
    free(words->paths);
}
