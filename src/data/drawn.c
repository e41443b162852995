#include "drawn.h"

bool drawn_options(struct data_option *options, const char *usage,
                   const struct dataset_request *request, struct errors *errors)
{
    struct data_words words = {.usage = usage, .options = options};
    bool good = data_words_read(&words, request, errors);
    data_words_release(&words);
    return good;
}

float *drawn_normals(struct draw draw, size_t rows, size_t width, double deviation,
                     const char *where, struct errors *errors)
{
    float *normals = dataset_room(rows, width, where, errors);
    for (size_t i = 0; normals && i < rows * width; i++)
        normals[i] = (float)(deviation * draw_normal(draw, i));
    return normals;
}
