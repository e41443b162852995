/* Fuzz targets: one file a reader of what users bring. A target is a function of bytes that must
 * neither crash, nor leak, nor hang, whatever they are:
 *
 *     #include "tests/fuzz/fuzz.h"
 *     static void try_bytes(const uint8_t *bytes, size_t length) { ... }
 *     FUZZ_TARGET(name, try_bytes);
 *
 * It is built twice. `make fuzz` makes a libFuzzer program of it (clang, with sanitizers), which
 * looks for bad bytes for FUZZ_SECONDS. In the ordinary tests it is a suite that replays every file
 * of tests/fuzz/corpus/<name>/: examples to start from, and what crashed once, so that what was
 * found stays found. A file tests/fuzz/<name>.dict, where there is one, holds the format's words.
 */
#ifndef THREADRACK_TESTS_FUZZ_FUZZ_H
#define THREADRACK_TESTS_FUZZ_FUZZ_H

#include "tests/check.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* The bytes as a file that is in memory only: the number of its descriptor, to be closed, and its
 * path in `path`. Our readers take paths. */
static inline int fuzz_file(const uint8_t *bytes, size_t length, char path[64])
{
    int file = memfd_create("fuzz", MFD_CLOEXEC);
    for (size_t done = 0; file >= 0 && done < length;) {
        ssize_t now = write(file, bytes + done, length - done);
        if (now <= 0)
            abort();
        done += (size_t)now;
    }
    if (file < 0 || lseek(file, 0, SEEK_SET))
        abort();
    snprintf(path, 64, "/proc/self/fd/%d", file);
    return file;
}

#ifdef THREADRACK_FUZZER

#define FUZZ_TARGET(name, try_bytes)                                                               \
    int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);                               \
    int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)                                \
    {                                                                                              \
        try_bytes(bytes, length);                                                                  \
        return 0;                                                                                  \
    }                                                                                              \
    extern int fuzz_end

#else

/* Tries each file of tests/fuzz/corpus/<name>; a target without any is a mistake. */
void fuzz_replay(const char *name, void (*try_bytes)(const uint8_t *bytes, size_t length));

#define FUZZ_TARGET(name, try_bytes)                                                               \
    static void the_corpus_is_harmless(void)                                                       \
    {                                                                                              \
        fuzz_replay(#name, try_bytes);                                                             \
    }                                                                                              \
    SUITE("fuzz: " #name, TEST(the_corpus_is_harmless))

#endif

#endif
