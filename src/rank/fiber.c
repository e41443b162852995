/* Timing-only programs that wait for virtual time, on stacks of their own that take turns. */
#include "inside.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

/* The sanitizers have to be told of every change of stacks. */
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#elif defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

/* Reserved, and committed as far as it is used. */
enum { STACK_BYTES = 256 * 1024 };

struct fiber {
    ucontext_t context;
    struct fibers *all;
    struct rank *self;
    bool ready, ended;
    struct answer answer;
    void *sanitizer; /* its fiber, or its fake stack */
};

struct fibers {
    struct fiber *each;
    char *stacks;
    size_t bytes;
    ucontext_t home;
    void *sanitizer;
    const void *home_stack;
    size_t home_bytes;
    void (*body)(void *argument, struct rank *self);
    void *argument;
};

static char *stack_of(const struct fiber *fiber)
{
    return fiber->all->stacks + (size_t)(fiber - fiber->all->each) * STACK_BYTES;
}

static void go(struct fiber *fiber)
{
    struct fibers *all = fiber->all;
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(&all->sanitizer, stack_of(fiber), STACK_BYTES);
#elif defined(__SANITIZE_THREAD__)
    __tsan_switch_to_fiber(fiber->sanitizer, 0);
#endif
    swapcontext(&all->home, &fiber->context);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(all->sanitizer, NULL, NULL);
#endif
}

static void come_home(struct fiber *fiber)
{
    struct fibers *all = fiber->all;
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(fiber->ended ? NULL : &fiber->sanitizer, all->home_stack,
                                   all->home_bytes);
#elif defined(__SANITIZE_THREAD__)
    __tsan_switch_to_fiber(all->sanitizer, 0);
#endif
    swapcontext(&fiber->context, &all->home);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(fiber->sanitizer, NULL, NULL);
#endif
}

/* makecontext passes ints only. */
static void begin(unsigned high, unsigned low)
{
    struct fiber *fiber = (struct fiber *)(uintptr_t)((uint64_t)high << 32 | low);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(NULL, &fiber->all->home_stack, &fiber->all->home_bytes);
#endif
    fiber->all->body(fiber->all->argument, fiber->self);
    fiber->ended = true;
    come_home(fiber);
}

static void make(struct fiber *fiber)
{
    uint64_t address = (uint64_t)(uintptr_t)fiber;
    getcontext(&fiber->context);
    fiber->context.uc_stack.ss_sp = stack_of(fiber);
    fiber->context.uc_stack.ss_size = STACK_BYTES;
    makecontext(&fiber->context, (void (*)(void))begin, 2, (unsigned)(address >> 32),
                (unsigned)address);
#if defined(__SANITIZE_THREAD__)
    fiber->sanitizer = __tsan_create_fiber(0);
#endif
}

static struct fibers *fibers_create(struct rack *rack, void (*body)(void *, struct rank *),
                                    void *argument)
{
    struct fibers *all = memory_zeroed(1, sizeof *all);
    all->body = body;
    all->argument = argument;
    all->bytes = (size_t)rack->size * STACK_BYTES;
    all->stacks = mmap(NULL, all->bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (all->stacks == MAP_FAILED)
        BUG("no room for the stacks of %d ranks", rack->size);
    all->each = memory_zeroed((size_t)rack->size, sizeof *all->each);
#if defined(__SANITIZE_THREAD__)
    all->sanitizer = __tsan_get_current_fiber();
#endif
    for (int id = 0; id < rack->size; id++) {
        all->each[id] = (struct fiber){.all = all, .self = &rack->ranks[id], .ready = true};
        make(&all->each[id]);
    }
    return all;
}

static void fibers_free(struct rack *rack)
{
    struct fibers *all = rack->fibers;
#if defined(__SANITIZE_THREAD__)
    for (int id = 0; id < rack->size; id++)
        __tsan_destroy_fiber(all->each[id].sanitizer);
#endif
    munmap(all->stacks, all->bytes);
    free(all->each);
    free(all);
    rack->fibers = NULL;
}

/* Returns whether anybody went on. */
static bool take_turns(struct rack *rack)
{
    bool went = false;
    for (int id = 0; id < rack->size && !rack_failed(rack); id++) {
        struct fiber *fiber = &rack->fibers->each[id];
        if (!fiber->ready || fiber->ended)
            continue;
        went = true;
        fiber->ready = false;
        go(fiber);
    }
    return went;
}

void rack_run_in_turns(struct rack *rack, void (*body)(void *argument, struct rank *self),
                       void *argument)
{
    rack->fibers = fibers_create(rack, body, argument);
    while (take_turns(rack) && !rack_failed(rack))
        clock_resolve(rack->clock);
    fibers_free(rack);
}

void fiber_answer(struct rack *rack, int rank, struct answer answer)
{
    if (!rack->fibers)
        return;
    rack->fibers->each[rank].answer = answer;
    rack->fibers->each[rank].ready = true;
}

/* Of a failed run nobody comes back. */
struct answer fiber_rest(struct rank *self)
{
    struct fiber *fiber = &self->rack->fibers->each[self->id];
    come_home(fiber);
    return fiber->answer;
}
