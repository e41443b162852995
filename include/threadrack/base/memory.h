/* malloc and its kin for set-up: they stop the program with a message when the host has no memory
 * left, so that no caller needs a path for it. Memory that a simulated node owns never comes from
 * here: that is its region (rank/rank.h). */
#ifndef THREADRACK_BASE_MEMORY_H
#define THREADRACK_BASE_MEMORY_H

#include <stddef.h>

void *memory_zeroed(size_t count, size_t size); /* calloc */
void *memory_resize(void *old, size_t bytes);   /* realloc */
/* The same for what is to lie on whole lines of the cache: aligned to 64 bytes, zeroed beyond
 * `old_bytes`. `old` is NULL or stems from here. */
void *memory_lines(void *old, size_t old_bytes, size_t bytes);
/* Asks for large pages, before the first touch, where so much lies in one piece that they help; advice, which
 * some kernels take without being asked and others never. */
void memory_advise(void *memory, size_t bytes);
char *memory_text(const char *format, ...) __attribute__((format(printf, 1, 2))); /* asprintf */

/* A growing list: `vector_push(&v->items, &v->count, &v->room)` makes room for one more element
 * and returns the address of it, zeroed. `items` is a pointer to the array's pointer. */
#define vector_push(items, count, room) \
    ((__typeof__(*(items)))vector_grow((void **)(items), (count), (room), sizeof **(items)))
void *vector_grow(void **items, int *count, int *room, size_t size);
/* Room for `count` elements in all, the new ones with anything in them: for lists that are filled
 * millions of times. */
#define vector_reserve(items, count, room) \
    ((count) > *(room) ? vector_more((void **)(items), (count), (room), sizeof **(items)) : (void)0)
void vector_more(void **items, int count, int *room, size_t size);

#endif
