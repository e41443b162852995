/* Which word is near enough to another to be suggested for it. */
#include "tests/check.h"

#include "threadrack/base/text.h"

static void letters_are_wrong_missing_too_many_or_swapped(void)
{
    CHECK_EQUAL(text_distance("ring", "Ring"), 0);
    CHECK_EQUAL(text_distance("rign", "ring"), 1);
    CHECK_EQUAL(text_distance("rng", "ring"), 1);
    CHECK_EQUAL(text_distance("rings", "ring"), 1);
    CHECK_EQUAL(text_distance("rang", "ring"), 1);
    CHECK_EQUAL(text_distance("ngir", "ring"), 4);
    CHECK_EQUAL(text_distance("", "ring"), 4);
    CHECK_EQUAL(text_distance("ring", ""), 4);
}

static void only_what_is_near_is_suggested(void)
{
    static const char *const words[] = {"box", "nodes", "batch", "strategy"};
    static const struct {
        const char *word, *nearest;
    } cases[] = {{"foo", NULL},       {"bx", "box"},      {"b", NULL},         {"node", "nodes"},
                 {"ndoes", "nodes"},  {"bodys", "nodes"}, {"body", NULL},     {"bacth", "batch"},
                 {"stratgey", "strategy"}, {"world", NULL}, {"", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *nearest = text_nearest(cases[i].word, words, 4);
        CHECK_TEXT(nearest ? nearest : "none", cases[i].nearest ? cases[i].nearest : "none");
    }
}

static void where_none_is_near_all_are_told(void)
{
    static const char *const words[] = {"box", "rows", "chunk"};
    CHECK_TEXT(text_alternatives("bx", words, 3), "; did you mean 'box'?");
    CHECK_TEXT(text_alternatives("x", words, 3), "; it has box, rows and chunk");
    CHECK_TEXT(text_alternatives("x", words, 1), "; it has box");
    CHECK_TEXT(text_alternatives("x", words, 0), "");
}

SUITE("base: text", TEST(letters_are_wrong_missing_too_many_or_swapped), TEST(only_what_is_near_is_suggested),
      TEST(where_none_is_near_all_are_told));
