/* What a member does in its i-th step, from the actions: gpu 0 stands for the root of the call, the
 * others for the members behind it. */
#include "program.h"

static int gpu_of(const struct call *call)
{
    int gpu = call->rank - call->root;
    return gpu < 0 ? gpu + call->size : gpu;
}

static int member_of(const struct call *call, int gpu)
{
    if (gpu < 0)
        return -1;
    int member = gpu + call->root;
    return member < call->size ? member : member - call->size;
}

/* A group of one has nothing to do; one of another size is refused before (comm/algorithms.h). */
static const struct gpu *gpu_at(const struct call *call)
{
    const struct msccl *msccl = call->context;
    return call->size == msccl->members ? &msccl->gpus[gpu_of(call)] : NULL;
}

/* ---- Places. ---- */

/* Where a chunk of the vector is in it. */
static struct share home(const struct call *call, int chunk)
{
    const struct msccl *msccl = call->context;
    size_t members = (size_t)msccl->members;
    if (!msccl->operation->blocks)
        return share_of(call->count, (size_t)msccl->chunks, (size_t)chunk);
    size_t member = (size_t)member_of(call, chunk / msccl->block_chunks);
    size_t each = call->count / members;
    struct share block = msccl->operation->even ? (struct share){member * each, each}
                                                : share_of(call->count, members, member);
    struct share part =
        share_of(block.count, (size_t)msccl->block_chunks, (size_t)(chunk % msccl->block_chunks));
    return (struct share){block.begin + part.begin, part.count};
}

/* Elements that hold any chunk: the first parts are the longest (base/share.h). */
static size_t room_of(const struct call *call)
{
    const struct msccl *msccl = call->context;
    size_t members = (size_t)msccl->members;
    if (!msccl->operation->blocks)
        return share_of(call->count, (size_t)msccl->chunks, 0).count;
    size_t block =
        msccl->operation->even ? call->count / members : share_of(call->count, members, 0).count;
    return share_of(block, (size_t)msccl->block_chunks, 0).count;
}

/* A slot while it holds that chunk. */
static struct share slot_place(const struct call *call, int slot, int chunk)
{
    const struct msccl *msccl = call->context;
    int first = msccl->image ? 0 : msccl->chunks;
    struct share place = home(call, chunk);
    if (slot >= first)
        place.begin = call->count + (size_t)(slot - first) * room_of(call);
    return place;
}

/* The i-th chunk of the gpu's input or output; -1: past the last. */
static int chunk_of(const struct msccl *msccl, int gpu, bool output, int i)
{
    if (i < msccl->chunks && msccl_has(msccl, gpu, i, output))
        return i;
    int own = gpu * msccl->block_chunks + i;
    return i < msccl->block_chunks && own < msccl->chunks && msccl_has(msccl, gpu, own, output)
               ? own
               : -1;
}

static bool copied_piece(const struct call *call, bool out, bool sent, int i, struct share *range)
{
    const struct msccl *msccl = call->context;
    int chunk = chunk_of(msccl, gpu_of(call), out, i);
    if (chunk < 0)
        return false;
    int slot = out ? msccl_output_slot(msccl, chunk) : chunk;
    *range = sent == out ? slot_place(call, slot, chunk) : home(call, chunk);
    return true;
}

/* ---- Steps. ---- */

static const struct action *action_at(const struct call *call, int index)
{
    const struct gpu *gpu = gpu_at(call);
    if (!gpu || call->strand >= gpu->count || index >= gpu->blocks[call->strand].action_count)
        return NULL;
    return &gpu->blocks[call->strand].actions[index];
}

static bool piece(const struct call *call, int index, bool sent, int i, struct share *range)
{
    const struct action *action = action_at(call, index);
    if (!action)
        return false;
    if (action->kind != ACT)
        return copied_piece(call, action->kind == COPY_OUT, sent, i, range);
    if (i >= (sent ? action->send_count : action->recv_count))
        return false;
    *range = sent ? slot_place(call, action->send_slot + i, action->sent[i])
                  : slot_place(call, action->recv_slot + i, action->received[i]);
    return true;
}

static bool addend(const struct call *call, int index, int i, struct share *range)
{
    const struct action *action = action_at(call, index);
    if (!action || action->addend < 0 || i >= action->recv_count)
        return false;
    *range = slot_place(call, action->addend + i, action->received[i]);
    return true;
}

static struct share sum_of(const struct call *call, int index, bool sent)
{
    struct share sum = {0}, range;
    for (int i = 0; piece(call, index, sent, i, &range); i++)
        sum.count += range.count;
    return sum;
}

static bool step(const struct call *call, int index, struct step *step)
{
    const struct action *action = action_at(call, index);
    if (!action)
        return false;
    *step = (struct step){.send_to = member_of(call, action->send_to),
                          .recv_from = member_of(call, action->recv_from),
                          .send = sum_of(call, index, true),
                          .recv = sum_of(call, index, false),
                          .reduce = action->reduce,
                          .to_strand = gpu_at(call)->blocks[call->strand].to_strand,
                          .after = action->after};
    return true;
}

static int strands(const struct call *call)
{
    const struct gpu *gpu = gpu_at(call);
    return gpu && gpu->count ? gpu->count : 1;
}

static size_t scratch(const struct call *call)
{
    const struct msccl *msccl = call->context;
    int apart = msccl->slots - (msccl->image ? 0 : msccl->chunks);
    return call->size == msccl->members ? (size_t)apart * room_of(call) : 0;
}

const struct schedule msccl_schedule = {.name = "MSCCL",
                                        .step = step,
                                        .piece = piece,
                                        .addend = addend,
                                        .strands = strands,
                                        .scratch = scratch};
