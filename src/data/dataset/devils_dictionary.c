/* The Devil's Dictionary, by Ambrose Bierce, 1911, in the public domain: 383,186 bytes of ASCII.
 * Compiled in as devils-dictionary.txt.gz, by the assembler. */
#include "../windows.h"
#include "../words.h"

extern const uint8_t devils_dictionary[], devils_dictionary_end[];
__asm__(".pushsection .rodata\n"
        ".globl devils_dictionary\n"
        ".globl devils_dictionary_end\n"
        "devils_dictionary:\n"
        ".incbin \"src/data/devils-dictionary.txt.gz\"\n"
        "devils_dictionary_end:\n"
        ".popsection\n");

static struct dataset *open(const struct dataset_request *request, struct errors *errors)
{
    static const char name[] = "devils-dictionary";
    struct data_words words = {.usage = name};
    struct data_file file;
    bool good = data_words_read(&words, request, errors);
    data_words_release(&words);
    if (!good)
        return NULL;
    size_t length = (size_t)(devils_dictionary_end - devils_dictionary);
    if (data_file_view(&file, name, devils_dictionary, length, errors))
        return windows_open(name, &file, request, errors);
    data_file_close(&file);
    return NULL;
}

const struct dataset_ops dataset_devils_dictionary = {
    .name = "devils-dictionary",
    .summary = "Ambrose Bierce's, 1911: 383,186 bytes of text, vocabulary 128, compiled in",
    .options = "none",
    .open = open,
};
