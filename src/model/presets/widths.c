#include "widths.h"

#include "threadrack/base/memory.h"

size_t widths_take_number(const char **text, size_t most)
{
    size_t number = 0;
    const char *from = *text;
    for (; **text >= '0' && **text <= '9' && *text - from < 9; ++*text)
        number = number * 10 + (size_t)(**text - '0');
    return *text > from && *from != '0' && number <= most ? number : 0;
}

bool widths_read(const char *text, int least, struct widths *widths)
{
    for (;;) {
        size_t width = widths_take_number(&text, WIDEST), times = 1;
        if (*text == 'x') {
            text++;
            times = widths_take_number(&text, MOST_LAYERS);
        }
        if (!width || !times || (size_t)widths->count + times > MOST_LAYERS)
            return false;
        for (; times; times--)
            *vector_push(&widths->items, &widths->count, &widths->room) = width;
        if (!*text)
            return widths->count >= least;
        if (*text++ != '-')
            return false;
    }
}

bool shape_read(const char *text, size_t shape[3])
{
    for (int i = 0; i < 3; i++) {
        shape[i] = widths_take_number(&text, 1 << 16);
        if (!shape[i] || *text != (i < 2 ? 'x' : 0))
            return false;
        text++;
    }
    return true;
}
