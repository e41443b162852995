#include "numbers.h"

#include <stdlib.h>
#include <string.h>

bool numbers_parse(const char *text, size_t length, struct numbers *out)
{
    const char *end = text + length;
    *out = (struct numbers){0};
    while (out->count < MOST_NUMBERS) {
        size_t digits = strspn(text, "0123456789");
        long value = digits && digits < 8 ? strtol(text, NULL, 10) : 0;
        if (value < 1 || value > MOST_PRODUCT || text + digits > end)
            return false;
        out->values[out->count++] = (int)value;
        text += digits;
        if (text == end)
            return true;
        if (*text != 'x' && *text != ',')
            return false;
        text++;
    }
    return false;
}

int64_t numbers_product(const struct numbers *numbers)
{
    int64_t product = 1;
    for (int i = 0; i < numbers->count && product <= MOST_PRODUCT; i++)
        product *= numbers->values[i];
    return product <= MOST_PRODUCT ? product : MOST_PRODUCT + 1;
}

bool numbers_read(const struct config *config, const char *key, struct numbers *out,
                  struct errors *errors)
{
    const char *text = config_text(config, key);
    if (!numbers_parse(text, strlen(text), out))
        return errors_add(errors, "%s: %s: expected up to %d whole numbers such as 4x4x8, not '%s'",
                          config_where(config, key), key, MOST_NUMBERS, text);
    if (numbers_product(out) > MOST_PRODUCT)
        return errors_add(errors, "%s: %s: %s are more than %d places", config_where(config, key),
                          key, text, MOST_PRODUCT);
    return true;
}
