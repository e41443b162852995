/* Where all members of a group wait for one collective that is made of rounds, it is resolved as a
 * whole once the last of them has come. That is exact where their ports serve in program order,
 * since nothing else of theirs can be asked for meanwhile; under order of arrival the order is
 * checked, as everywhere (dataflow.h). No member could have ended the collective before the last
 * one came: each of these schedules lets something of every member reach every other. */
#include "rounds.h"

#include <stdlib.h>
#include <string.h>

void gathering_free(struct group *group)
{
    free(group->gathering);
    group->gathering = NULL;
}

/* ---- From ranks to arrays and back. ---- */

/* Arrays of one number a member, and what points to them. */
#define ARRAYS(k, p)                                                                               \
    {                                                                                              \
        &k->now, &k->next, &k->ready, &k->send, &k->receive, &k->arrived, &k->source, &k->sent,    \
            &k->arrival, &k->stream, &k->from_now, &k->from_arrival, &k->from_stream, &k->waited,  \
            &p->bytes, &p->messages, &p->adding                                                    \
    }

static void lay_out(struct passage *passage)
{
    struct kernel *kernel = &passage->kernel;
    int64_t **arrays[] = ARRAYS(kernel, passage);
    size_t count = sizeof arrays / sizeof *arrays, stride = ((size_t)kernel->size + 8) / 8 * 8;
    struct dataflow *flow = passage->flow;
    int64_t *memory = flow_room(&flow->kernel_memory, &flow->kernel_room, count * stride);
    for (size_t i = 0; i < count; i++)
        *arrays[i] = memory + i * stride;
    memset(kernel->waited, 0, 4 * stride * sizeof *memory);
}

static void load(struct passage *passage)
{
    struct kernel *kernel = &passage->kernel;
    const struct seat *seats = passage->flow->seats;
    for (int i = 0; i < kernel->size; i++) {
        const struct seat *seat = &seats[passage_rank(passage, i)];
        kernel->now[i] = (int64_t)seat->now_ps;
        kernel->ready[i] = (int64_t)later(seat->now_ps, seat->cpu_free_ps);
        kernel->send[i] = (int64_t)seat->send_free_ps;
        kernel->receive[i] = (int64_t)seat->receive_free_ps;
    }
    for (int i = 0; passage->checks && i < kernel->size; i++)
        kernel->arrived[i] = (int64_t)seats[passage_rank(passage, i)].arrived_ps;
}

/* Each member's sums are those of the member before it, and its own differences. Returns those of all. */
static int64_t sum_up(const struct passage *passage, int64_t *sums)
{
    int64_t sum = 0, all = 0;
    int size = passage->kernel.size;
    if (!passage->uneven) {
        kernel_spread(sums, size);
        return sums[0] * size;
    }
    for (int i = 0; i < size; i++) {
        sums[i] = sum += sums[i];
        all += sum;
    }
    return all;
}

static void store_times(struct passage *passage)
{
    const struct kernel *kernel = &passage->kernel;
    struct rank_book *books = passage->flow->clock->books;
    struct seat *seats = passage->flow->seats;
    bool pipeline = passage->group->pipeline;
    for (int i = 0; i < kernel->size; i++) {
        int rank = passage_rank(passage, i);
        struct seat *seat = &seats[rank];
        uint64_t now_ps = (uint64_t)kernel->now[i];
        record_operation(&books[rank].record, pipeline, now_ps - seat->now_ps, (uint64_t)kernel->waited[i],
                         (uint64_t)passage->adding[i]);
        seat->now_ps = seat->cpu_free_ps = now_ps;
        seat->send_free_ps = (uint64_t)kernel->send[i];
        seat->receive_free_ps = (uint64_t)kernel->receive[i];
    }
}

static void store_arrivals(struct passage *passage)
{
    const struct kernel *kernel = &passage->kernel;
    for (int i = 0; i < kernel->size; i++) {
        struct seat *seat = &passage->flow->seats[passage_rank(passage, i)];
        seat->arrived_ps = (uint64_t)kernel->arrived[i];
        seat->arrived_from = (uint32_t)passage_rank(passage, (int)kernel->source[i]);
    }
}

static void let_go(struct passage *passage)
{
    struct dataflow *flow = passage->flow;
    for (int i = 0; i < passage->kernel.size; i++) {
        int rank = passage_rank(passage, i);
        struct task *task = &flow->tasks[rank];
        task->bytes += (uint64_t)passage->bytes[i];
        task->messages += (uint64_t)passage->messages[i];
        task->phase = PHASE_READY;
        if (task->streamed)
            dataflow_push(flow, rank);
    }
}

static void store(struct passage *passage)
{
    sum_up(passage, passage->bytes);
    sum_up(passage, passage->adding);
    passage->flow->kernel_messages += (uint64_t)sum_up(passage, passage->messages);
    store_times(passage);
    if (passage->checks)
        store_arrivals(passage);
    let_go(passage);
}

void gathering_resolve(struct dataflow *flow, struct group *group)
{
    struct gathering *gathering = group->gathering;
    struct passage passage = {.flow = flow,
                              .group = group,
                              .schedule = gathering->schedule,
                              .call = gathering->call,
                              .unit_bytes = gathering->unit_bytes,
                              .kernel = {.size = group->size,
                                         .overhead_ps = (int64_t)flow->overhead_ps,
                                         .gap_ps = (int64_t)flow->gap_ps},
                              .folded = gathering->first.folded,
                              .in_row = group->dense && !gathering->first.folded,
                              .first = group->members[0],
                              .checks = flow->by_arrival,
                              .devices_alike = flow->devices_alike,
                              .fresh = true};
    gathering->joined = 0;
    lay_out(&passage);
    load(&passage);
    rounds_run(&passage);
    if (flow->clock->stopped)
        return;
    if (passage.kernel.disordered)
        dataflow_lose(flow, "a receive port was not asked for its messages in order of arrival");
    store(&passage);
    flow->passing = 0;
}

static bool begin_gathering(struct gathering *gathering, const struct task *task)
{
    struct call call = task_call(task);
    if (!task->schedule->round(&call, 0, &gathering->first))
        return false;
    gathering->schedule = task->schedule;
    gathering->call = call;
    gathering->unit_bytes = task->unit_bytes;
    return true;
}

/* The first member has come; NULL: a kernel does not know such a collective. */
static __attribute__((noinline)) struct gathering *open_gathering(const struct dataflow *flow,
                                                                  const struct task *task)
{
    struct group *group = task->group;
    if (!flow->by_kernels || !task->schedule || !task->schedule->round)
        return NULL;
    if (!group->gathering)
        group->gathering = memory_zeroed(1, sizeof *group->gathering);
    return begin_gathering(group->gathering, task) ? group->gathering : NULL;
}

/* From a gathering that other members have begun: a message may, another collective may not. */
static __attribute__((noinline)) bool stays_away(struct dataflow *flow, const struct task *task)
{
    if (task->schedule && task->schedule->round)
        dataflow_lose(flow, "members of a group posted different collectives");
    return false;
}

bool gathering_join(struct dataflow *flow, int rank)
{
    struct task *task = &flow->tasks[rank];
    struct group *group = task->group;
    struct gathering *gathering = group->gathering;
    if (!gathering || gathering->joined == 0)
        gathering = open_gathering(flow, task);
    if (!gathering)
        return false;
    if (gathering->schedule != task->schedule || gathering->call.count != task->count)
        return stays_away(flow, task);
    gathering_count(flow, task);
    return true;
}
