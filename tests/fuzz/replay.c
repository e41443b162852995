/* Without libFuzzer: the committed corpus, once, as part of the ordinary tests. */
#ifndef THREADRACK_FUZZER
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <limits.h>

static bool replay_file(const char *path, void (*try_bytes)(const uint8_t *, size_t))
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    uint8_t *bytes = malloc(1 << 20);
    size_t length = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    /* Exactly as long as what was read, so that the address sanitizer sees a byte too many. */
    uint8_t *exact = malloc(length + !length);
    memcpy(exact, bytes, length);
    free(bytes);
    try_bytes(exact, length);
    free(exact);
    return true;
}

void fuzz_replay(const char *name, void (*try_bytes)(const uint8_t *bytes, size_t length))
{
    char folder[PATH_MAX], path[PATH_MAX + 300];
    int tried = 0;
    snprintf(folder, sizeof folder, "tests/fuzz/corpus/%s", name);
    DIR *directory = opendir(folder);
    struct dirent *entry;
    while (directory && (entry = readdir(directory))) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.')
            tried += replay_file(path, try_bytes);
    }
    if (directory)
        closedir(directory);
    CHECK(tried > 0);
}
#endif
