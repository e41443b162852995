/* Handwritten digits, compiled into the program. */
#include "../dataset.h"
#include "../digits_data.h"

#include <string.h>

static struct dataset *open(const char *text, const char *where, uint64_t seed, bool shapes_only,
                            struct errors *errors)
{
    (void)seed;
    if (strcmp(text, "digits")) {
        errors_add(errors, "%s: digits takes no options", where);
        return NULL;
    }
    struct dataset *set = dataset_make("digits", DIGITS_ROWS, DIGITS_WIDTH, DIGITS_CLASSES,
                                       shapes_only, where, errors);
    if (!set || shapes_only)
        return set;
    for (size_t i = 0; i < DIGITS_ROWS; i++) {
        for (size_t j = 0; j < DIGITS_WIDTH; j++)
            set->features[i * DIGITS_WIDTH + j] =
                (float)(digits_data[i][j] - 'a') / (float)DIGITS_BRIGHTEST;
        set->labels[i] = digits_data[i][DIGITS_WIDTH] - '0';
    }
    return set;
}

const struct dataset_ops dataset_digits = {
    .name = "digits",
    .summary = "1,797 handwritten digits of 8x8 pixels, compiled in",
    .options = "none",
    .open = open,
};
