#include "tests/check.h"

#include "threadrack/clock/op.h"

#include <pthread.h>

enum { OPS = 100000 };

static bool no_step(const struct call *call, int index, struct step *step)
{
    (void)call, (void)index, (void)step;
    return false;
}

static const struct schedule schedule = {.name = "none", .step = no_step};

static struct op op_number(uint64_t i)
{
    struct op op = {.kind = i % 3 == 0   ? OP_COMPUTE
                            : i % 3 == 1 ? OP_SEND
                                         : OP_COLLECTIVE,
                    .lane = (int)(i % 200),
                    .peer = (int)(i % 1000000),
                    .value = i % 2 ? i : i << 40};
    if (op.kind == OP_COLLECTIVE) {
        op.value = 0;
        op.schedule = &schedule;
        op.count = i << 33;
        op.root = (int)(i % 77);
        op.element_bytes = 4;
    }
    return op;
}

static void *write_all(void *stream)
{
    for (uint64_t i = 0; i < OPS; i++) {
        struct op op = op_number(i);
        op_stream_append(stream, &op, NULL);
    }
    return NULL;
}

static bool differ(const struct op *a, const struct op *b)
{
    return a->kind != b->kind || a->lane != b->lane || a->peer != b->peer || a->value != b->value ||
           a->schedule != b->schedule || a->count != b->count || a->root != b->root ||
           a->element_bytes != b->element_bytes;
}

/* One thread writes while another reads: every op comes out whole and in order. */
static void ops_survive(void)
{
    struct op_stream *stream = op_stream_create();
    pthread_t writer;
    pthread_create(&writer, NULL, write_all, stream);
    int wrong = 0;
    for (uint64_t i = 0; i < OPS;) {
        struct op was, should = op_number(i);
        if (!op_stream_take(stream, &was, NULL))
            continue;
        wrong += differ(&was, &should);
        i++;
    }
    pthread_join(writer, NULL);
    CHECK_EQUAL(wrong, 0);
    CHECK(op_stream_empty(stream));
    op_stream_free(stream);
}

/* Likewise where collectives' calls are kept aside; the second time around they are all known. */
static void calls_survive(void)
{
    enum { SOME = 3000 };
    struct op_calls *calls = op_calls_create();
    for (int turn = 0; turn < 2; turn++) {
        struct op_stream *stream = op_stream_create();
        for (uint64_t i = 0; i < SOME; i++) {
            struct op op = op_number(i);
            size_t before = op_stream_backlog(stream);
            op_stream_append(stream, &op, calls);
            CHECK(op.kind != OP_COLLECTIVE || op_stream_backlog(stream) == before + 1);
        }
        for (uint64_t i = 0; i < SOME; i++) {
            struct op was, should = op_number(i);
            CHECK(op_stream_take(stream, &was, calls) && !differ(&was, &should));
        }
        CHECK(op_stream_empty(stream));
        op_stream_free(stream);
    }
    struct op first = op_number(2);
    CHECK_EQUAL(op_calls_number(calls, &first), 0);
    op_calls_free(calls);
}

SUITE("clock: op streams", TEST(ops_survive), TEST(calls_survive));
