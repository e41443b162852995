/* Where all members of a group wait for one collective that is made of rounds, it is resolved as a
 * whole once the last of them has come. That is exact where their ports serve in program order, since
 * nothing else of theirs can be asked for meanwhile; under order of arrival the order is checked, as
 * everywhere (dataflow.h). No member could have ended the collective before the last one came: each
 * of these schedules lets something of every member reach every other. */
#include "dataflow.h"
#include "kernel.h"

#include "threadrack/clock/cost.h"

#include <stdlib.h>
#include <string.h>

struct gathering {
    const struct group *group;
    int joined;
    const struct schedule *schedule;
    struct call call;
    uint64_t unit_bytes;
};

struct gathering *gathering_new(const struct group *group)
{
    struct gathering *gathering = memory_zeroed(1, sizeof *gathering);
    gathering->group = group;
    return gathering;
}

void gathering_free(struct gathering *gathering)
{
    free(gathering);
}

/* ---- Costs of a round. ---- */

/* A whole collective on its way. */
struct passage {
    struct dataflow *flow;
    const struct gathering *gathering;
    struct kernel kernel;
    bool devices_alike;
    int64_t adding_ps, bytes; /* of every member alike, so far */
    int64_t *adding, *sent;   /* of each member besides */
};

/* Elements of `width` parts from part `at` on, of `parts` parts of `count`. */
static uint64_t elements_of(const struct round *round, uint64_t count, int at)
{
    uint64_t parts = (uint64_t)round->parts, more = count % parts, width = (uint64_t)round->width;
    uint64_t larger = more > (uint64_t)at ? more - (uint64_t)at : 0;
    return count / parts * width + (larger < width ? larger : width);
}

static int first_part(const struct round *round, int member)
{
    return (((member & ~(round->width - 1)) ^ round->flip) + round->first) % round->parts;
}

static uint64_t bytes_of(const struct passage *passage, const struct round *round, int member)
{
    const struct gathering *gathering = passage->gathering;
    if (round->parts == 0)
        return 0;
    return elements_of(round, gathering->call.count, first_part(round, member)) *
           gathering->unit_bytes;
}

static int64_t add_ps(struct passage *passage, int member, uint64_t bytes)
{
    int rank = passage->gathering->group->members[member];
    const struct device *device = &passage->flow->clock->cluster->devices[rank];
    if (bytes == 0 || device->add_Bps == 0)
        return 0;
    return (int64_t)cost_scaled_ps(device, road_time(&passage->flow->roads, bytes, device->add_Bps));
}

static int receiver_of(const struct round *round, int size, int member)
{
    if (round->pairing == ROUND_XOR)
        return member ^ round->distance;
    int to = member + round->distance;
    return to < size ? to : to - size;
}

static void price_alike(struct passage *passage, const struct round *round)
{
    struct kernel *kernel = &passage->kernel;
    struct roads *roads = &passage->flow->roads;
    uint64_t bytes = bytes_of(passage, round, 0);
    kernel->latency_ps = (int64_t)roads->path.latency_ps;
    kernel->stream_ps = (int64_t)road_stream(roads, roads->path, bytes);
    kernel->add_ps = round->reduce ? add_ps(passage, 0, bytes) : 0;
    passage->adding_ps += kernel->add_ps;
    passage->bytes += (int64_t)bytes;
}

static void price_each(struct passage *passage, const struct round *round)
{
    struct kernel *kernel = &passage->kernel;
    struct roads *roads = &passage->flow->roads;
    const int *members = passage->gathering->group->members;
    for (int i = 0; i < kernel->size; i++) {
        int to = receiver_of(round, kernel->size, i);
        uint64_t bytes = bytes_of(passage, round, i);
        struct path path = road_path(roads, members[i], members[to]);
        kernel->latency[i] = (int64_t)path.latency_ps;
        kernel->stream[i] = (int64_t)road_stream(roads, path, bytes);
        kernel->add[to] = round->reduce ? add_ps(passage, to, bytes) : 0;
        passage->adding[to] += kernel->add[to];
        passage->sent[i] += (int64_t)bytes;
    }
}

static bool costs_alike(const struct passage *passage, const struct round *round)
{
    return passage->flow->roads.uniform &&
           (round->parts == 0 || passage->gathering->call.count % (size_t)round->parts == 0) &&
           (!round->reduce || passage->devices_alike);
}

/* ---- From ranks to arrays and back. ---- */

enum { ARRAYS = 13 };

static void lay_out(struct passage *passage)
{
    struct kernel *kernel = &passage->kernel;
    size_t size = (size_t)kernel->size, at = 0;
    int64_t **arrays[ARRAYS] = {&kernel->now,     &kernel->next,    &kernel->ready,
                                &kernel->send,    &kernel->send_next, &kernel->receive,
                                &kernel->arrived, &kernel->waited,  &kernel->latency,
                                &kernel->stream,  &kernel->add,     &passage->adding,
                                &passage->sent};
    struct dataflow *flow = passage->flow;
    if (flow->kernel_room < ARRAYS * size) {
        flow->kernel_room = ARRAYS * size;
        flow->kernel_memory =
            memory_resize(flow->kernel_memory, flow->kernel_room * sizeof *flow->kernel_memory);
    }
    for (int i = 0; i < ARRAYS; i++, at += size)
        *arrays[i] = flow->kernel_memory + at;
    memset(kernel->waited, 0, size * sizeof *kernel->waited);
    memset(passage->adding, 0, size * sizeof *passage->adding);
    memset(passage->sent, 0, size * sizeof *passage->sent);
}

static void load(struct passage *passage)
{
    struct kernel *kernel = &passage->kernel;
    for (int i = 0; i < kernel->size; i++) {
        const struct seat *seat = &passage->flow->seats[passage->gathering->group->members[i]];
        kernel->now[i] = (int64_t)seat->now_ps;
        kernel->ready[i] = (int64_t)later(seat->now_ps, seat->cpu_free_ps);
        kernel->send[i] = (int64_t)seat->send_free_ps;
        kernel->receive[i] = (int64_t)seat->receive_free_ps;
        kernel->arrived[i] = (int64_t)seat->arrived_ps;
    }
}

static void store(struct passage *passage, int rounds, const struct round *last)
{
    struct dataflow *flow = passage->flow;
    const struct kernel *kernel = &passage->kernel;
    for (int i = 0; i < kernel->size; i++) {
        int rank = passage->gathering->group->members[i];
        struct seat *seat = &flow->seats[rank];
        struct task *task = &flow->tasks[rank];
        int from = last->pairing == ROUND_XOR ? i ^ last->distance
                                              : (i + kernel->size - last->distance) % kernel->size;
        seat->now_ps = seat->cpu_free_ps = (uint64_t)kernel->now[i];
        seat->send_free_ps = (uint64_t)kernel->send[i];
        seat->receive_free_ps = (uint64_t)kernel->receive[i];
        seat->arrived_ps = (uint64_t)kernel->arrived[i];
        seat->arrived_from = (uint32_t)passage->gathering->group->members[from];
        task->waiting_ps = (uint64_t)kernel->waited[i];
        task->adding_ps = (uint64_t)(passage->adding_ps + passage->adding[i]);
        task->bytes += (uint64_t)(passage->bytes + passage->sent[i]);
        task->messages += (uint64_t)rounds;
        operation_end(flow, rank);
        dataflow_push(flow, rank);
    }
}

/* ---- The rounds. ---- */

static bool same_pairing(const struct round *a, const struct round *b)
{
    return a->pairing == b->pairing && a->distance == b->distance;
}

/* After the first round a member's port is free when it begins to send, if its o covers the gap: it
 * has been sent, and o is paid, before the next begins. */
static bool ports_waited(const struct passage *passage, int index)
{
    const struct kernel *kernel = &passage->kernel;
    return index == 0 || !kernel->alike || kernel->gap_ps > kernel->overhead_ps;
}

/* The send ports of rounds that did without them. */
static void free_send_ports(struct kernel *kernel)
{
    for (int i = 0; i < kernel->size; i++)
        kernel->send[i] =
            kernel->next[i] + kernel->overhead_ps + kernel->stream_ps + kernel->gap_ps;
}

/* One sender's messages arrive in order, so a port's arrivals need a look only where its sender
 * changes. */
static int run_rounds(struct passage *passage, struct round *last)
{
    const struct gathering *gathering = passage->gathering;
    struct kernel *kernel = &passage->kernel;
    struct kernel_round now = {.first = true, .ports_waited = true};
    struct round next;
    bool more = gathering->schedule->round(&gathering->call, 0, &now.round), changed = true;
    int index = 0;
    for (; more; now.round = next, index++) {
        more = gathering->schedule->round(&gathering->call, index + 1, &next);
        bool changes = !more || !same_pairing(&next, &now.round), waited = now.ports_waited;
        kernel->alike = costs_alike(passage, &now.round);
        now.first = index == 0;
        now.ports_waited = ports_waited(passage, index);
        if (now.ports_waited && !waited)
            free_send_ports(kernel);
        (kernel->alike ? price_alike : price_each)(passage, &now.round);
        now.checked = kernel->checks && (changed || changes);
        kernel_sweep(kernel, &now);
        changed = changes;
        *last = now.round;
    }
    if (!now.ports_waited)
        free_send_ports(kernel);
    return index;
}

static void resolve_whole(struct dataflow *flow, struct gathering *gathering)
{
    struct round last = {0};
    struct passage passage = {.flow = flow,
                              .gathering = gathering,
                              .kernel = {.size = gathering->group->size,
                                         .overhead_ps = (int64_t)flow->overhead_ps,
                                         .gap_ps = (int64_t)flow->gap_ps,
                                         .checks = flow->by_arrival},
                              .devices_alike = flow->devices_alike};
    lay_out(&passage);
    load(&passage);
    int rounds = run_rounds(&passage, &last);
    if (passage.kernel.disordered)
        dataflow_lose(flow, "a receive port was not asked for its messages in order of arrival");
    store(&passage, rounds, &last);
    flow->kernel_messages += (uint64_t)rounds * (uint64_t)passage.kernel.size;
    gathering->joined = 0;
}

static bool is_made_of_rounds(const struct task *task)
{
    struct round round;
    return task->schedule && task->schedule->round && task->schedule->round(&task->call, 0, &round);
}

bool gathering_join(struct dataflow *flow, int rank)
{
    struct task *task = &flow->tasks[rank];
    struct gathering *gathering = task->slots[(task->lane - 1) / GROUP_LANES].gathering;
    if (!flow->with_kernels || flow->wheel || !is_made_of_rounds(task))
        return false;
    if (gathering->joined++ == 0) {
        gathering->schedule = task->schedule;
        gathering->call = task->call;
        gathering->unit_bytes = task->unit_bytes;
    } else if (gathering->schedule != task->schedule || gathering->call.count != task->call.count) {
        dataflow_lose(flow, "members of a group posted different collectives");
    }
    task->phase = PHASE_GATHERED;
    if (gathering->joined == gathering->group->size)
        resolve_whole(flow, gathering);
    return true;
}
