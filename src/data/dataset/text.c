/* Any file as a sequence of bytes, to predict the next from those before it. */
#include "../windows.h"
#include "../words.h"

static struct dataset *open(const struct dataset_request *request, struct errors *errors)
{
    struct data_words words = {.usage = "text:PATH", .least = 1, .most = 1};
    struct data_file file = {0};
    struct dataset *set = NULL;
    if (data_words_read(&words, request, errors) &&
        data_file_open(&file, words.paths[0], request->where, errors))
        set = windows_open("text", &file, request, errors);
    else
        data_file_close(&file);
    data_words_release(&words);
    return set;
}

const struct dataset_ops dataset_text = {
    .name = "text",
    .summary = "the bytes of a file, each to be predicted (vocabulary 128 where all are ASCII, or 256)",
    .options = "PATH",
    .open = open,
};
