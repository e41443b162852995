#include "threadrack/base/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static void *checked(void *memory)
{
    if (memory)
        return memory;
    fputs("threadrack: the host is out of memory\n", stderr);
    exit(1);
}

void *memory_zeroed(size_t count, size_t size)
{
    return checked(calloc(count ? count : 1, size ? size : 1));
}

void *memory_resize(void *old, size_t bytes)
{
    return checked(realloc(old, bytes ? bytes : 1));
}

void *memory_lines(void *old, size_t old_bytes, size_t bytes)
{
    bytes = (bytes + 63) / 64 * 64;
    char *memory = checked(aligned_alloc(64, bytes));
    if (old_bytes)
        memcpy(memory, old, old_bytes);
    memset(memory + old_bytes, 0, bytes - old_bytes);
    free(old);
    return memory;
}

enum { LARGE_PAGE = 2 << 20 };

void memory_advise(void *memory, size_t bytes)
{
    uintptr_t from = ((uintptr_t)memory + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
    uintptr_t to = ((uintptr_t)memory + bytes) / LARGE_PAGE * LARGE_PAGE;
    if (from < to)
        madvise((void *)from, to - from, MADV_HUGEPAGE);
}

char *memory_text(const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    return checked(length < 0 ? NULL : text);
}

void *vector_grow(void **items, int *count, int *room, size_t size)
{
    if (*count == *room) {
        *room = *room ? 2 * *room : 8;
        *items = memory_resize(*items, (size_t)*room * size);
    }
    char *slot = (char *)*items + (size_t)(*count)++ * size;
    return memset(slot, 0, size);
}

void vector_more(void **items, int count, int *room, size_t size)
{
    *room = 2 * count + 8;
    *items = memory_resize(*items, (size_t)*room * size);
}
