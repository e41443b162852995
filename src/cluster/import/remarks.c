#include "import.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>
#include <string.h>

void remarks_add(struct remarks *remarks, const char *path, int line, const char *what)
{
    for (int i = 0; i < remarks->count; i++)
        if (!strcmp(remarks->items[i].what, what)) {
            remarks->items[i].more++;
            return;
        }
    *vector_push(&remarks->items, &remarks->count, &remarks->room) =
        (struct remark){memory_text("%s:%d", path, line), memory_text("%s", what), 0};
}

void remarks_release(struct remarks *remarks)
{
    for (int i = 0; i < remarks->count; i++) {
        free(remarks->items[i].where);
        free(remarks->items[i].what);
    }
    free(remarks->items);
    *remarks = (struct remarks){0};
}
