/* Handwritten digits, compiled into the program. */
#include "../dataset.h"
#include "../digits_data.h"
#include "../words.h"

static void input(const struct dataset *set, size_t row, void *to)
{
    (void)set;
    float *pixels = to;
    for (size_t i = 0; i < DIGITS_WIDTH; i++)
        pixels[i] = (float)(digits_data[row][i] - 'a') / (float)DIGITS_BRIGHTEST;
}

static void targets(const struct dataset *set, size_t row, void *to)
{
    (void)set;
    *(int32_t *)to = digits_data[row][DIGITS_WIDTH] - '0';
}

static struct dataset *open(const struct dataset_request *request, struct errors *errors)
{
    struct data_words words = {.usage = "digits"};
    bool good = data_words_read(&words, request, errors);
    data_words_release(&words);
    if (!good)
        return NULL;
    struct dataset *set = dataset_make("digits", DIGITS_ROWS);
    set->width = DIGITS_WIDTH;
    set->image = (struct image_shape){1, DIGITS_SIDE, DIGITS_SIDE};
    set->classes = DIGITS_CLASSES;
    set->input = input;
    set->targets = targets;
    set->drawn = true;
    return set;
}

const struct dataset_ops dataset_digits = {
    .name = "digits",
    .summary = "1,797 handwritten digits of 8x8 pixels, compiled in",
    .options = "none",
    .open = open,
};
