/* An MSCCL algorithm, as a file of each operation; of one that is accepted, every step is asked
 * for. */
#include "tests/fuzz/fuzz.h"

#include "threadrack/comm/msccl.h"

static size_t pieces(const struct schedule *schedule, const struct call *call, int index, bool sent)
{
    struct share range;
    size_t sum = 0, room = call->count + schedule->scratch(call);
    for (int i = 0; schedule->piece(call, index, sent, i, &range); i++) {
        if (range.begin + range.count > room)
            abort();
        sum += range.count;
    }
    return sum;
}

static void walk(const struct collective *collective, int size)
{
    const struct schedule *schedule = &collective->schedule;
    struct call call = {.size = size, .count = 37, .context = schedule->context};
    struct step step;
    for (call.rank = 0; call.rank < size; call.rank++) {
        int strands = schedule->strands(&call);
        for (call.strand = 0; call.strand < strands; call.strand++)
            for (int i = 0; schedule->step(&call, i, &step); i++)
                if (step.send.count != pieces(schedule, &call, i, true) ||
                    step.recv.count != pieces(schedule, &call, i, false) || step.send_to >= size ||
                    step.recv_from >= size)
                    abort();
        call.strand = 0;
    }
}

static void try_bytes(const uint8_t *bytes, size_t length)
{
    static const char *const operations[] = {"allreduce", "reduce_scatter", "allgather", "alltoall",
                                             "broadcast", "reduce",         "gather",    "scatter"};
    char path[64];
    int file = fuzz_file(bytes, length, path);
    for (int i = 0; i < 8; i++) {
        struct errors errors;
        errors_init(&errors);
        struct msccl *msccl = msccl_load(path, operations[i], "fuzz", &errors);
        if (!msccl == (errors.count == 0))
            abort();
        if (msccl)
            walk(msccl_collective(msccl), msccl_members(msccl));
        msccl_free(msccl);
        errors_release(&errors);
    }
    close(file);
}

FUZZ_TARGET(msccl_xml, try_bytes);
