#include "tests/check.h"

#include "threadrack/base/heap.h"
#include "threadrack/base/philox.h"

static void pops_in_total_order(void)
{
    struct heap heap = {0};
    struct draw draw = {.seed = 7, .purpose = PURPOSE_TEST};
    for (uint64_t i = 0; i < 1000; i++)
        heap_push(&heap, (struct event){.time_ps = draw_below(draw, 3 * i, 20),
                                        .rank = draw_below(draw, 3 * i + 1, 5),
                                        .sequence = i});
    struct event last = heap_pop(&heap);
    while (heap_first(&heap)) {
        struct event next = heap_pop(&heap);
        CHECK(event_before(&last, &next));
        last = next;
    }
    heap_release(&heap);
}

SUITE("base: heap", TEST(pops_in_total_order));
