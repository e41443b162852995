/* Threadblocks into strands: a step of the file is at most two of a strand, since what it sends on
 * has to have come, and a send takes the receive behind it along:
 *
 *     s      rrs          rrs          r            the file
 *     send | receive+     send |       send |
 *          |         send | receive+   receive      the strand: 3 steps and not 6
 */
#include "program.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

static struct action *add(struct block *block, const struct line *line)
{
    struct action *action = vector_push(&block->actions, &block->action_count, &block->action_room);
    *action = (struct action){
        .line = line, .received_line = line, .send_to = -1, .recv_from = -1, .addend = -1};
    return action;
}

static bool only_sends(const struct action *action)
{
    return action->send_to >= 0 && action->recv_from < 0;
}

/* Whether the receive may come before that send, which waits for nothing that it might have to, and
 * does not send what it overwrites. */
static bool may_pass(const struct line *line, const struct action *send)
{
    return send->line->needs_tb < 0 && (line->dst + line->count <= send->send_slot ||
                                        send->send_slot + send->send_count <= line->dst);
}

/* The send that the receive goes with: the one before it or, where sends wait for their receivers,
 * the first of several. NULL: it waits for something, or there is none. */
static struct action *send_before(struct block *block, const struct line *line, bool early)
{
    int at = block->action_count - 1;
    if (at < 0 || line->needs_tb >= 0 || !only_sends(&block->actions[at]))
        return NULL;
    while (early && line->dst >= 0 && at > 0 && only_sends(&block->actions[at - 1]) &&
           may_pass(line, &block->actions[at]))
        at--;
    return &block->actions[at];
}

static struct action *add_receive(struct block *block, const struct line *line, bool early)
{
    struct action *action = send_before(block, line, early);
    if (!action)
        action = add(block, line);
    action->received_line = line;
    action->recv_from = block->recv;
    action->recv_slot = line->dst;
    action->recv_count = line->count;
    action->reduce = line->parts & PART_ADDS;
    if (action->reduce && line->src != line->dst)
        action->addend = line->src;
    return action;
}

static void add_send(struct block *block, const struct line *line, int slot)
{
    struct action *action = add(block, line);
    action->send_to = block->send;
    action->send_slot = slot;
    action->send_count = line->count;
}

/* A copy or an addition within the gpu, or nothing but a wait. */
static void add_local(struct block *block, const struct line *line)
{
    struct action *action = add(block, line);
    action->send_slot = line->src;
    action->recv_slot = line->dst;
    action->send_count = action->recv_count = line->parts ? line->count : 0;
    action->reduce = line->parts & PART_ADDS;
}

/* Sums that are passed on and kept nowhere (rrs) take turns in two places. */
static int pass_on(const struct block *block, int most, int *turn)
{
    *turn = !*turn;
    return block->temps + *turn * most;
}

static int most_passed_on(const struct block *block)
{
    int most = 0;
    for (int s = 0; s < block->count; s++) {
        const struct line *line = &block->lines[s];
        if ((line->parts & PART_RECEIVES) && !(line->parts & PART_STORES) && line->count > most)
            most = line->count;
    }
    return most;
}

static void add_lines(struct block *block, bool early)
{
    int most = most_passed_on(block), turn = 0;
    for (int s = 0; s < block->count; s++) {
        struct line *line = &block->lines[s];
        bool receives = line->parts & PART_RECEIVES, sends = line->parts & PART_SENDS;
        int slot = receives ? line->dst : line->src;
        if (receives) {
            struct action *action = add_receive(block, line, early);
            if (!(line->parts & PART_STORES)) {
                slot = action->recv_slot = pass_on(block, most, &turn);
                action->addend = line->src;
            }
        }
        if (sends)
            add_send(block, line, slot);
        if (!receives && !sends)
            add_local(block, line);
        line->end = block->action_count;
        line->end_sent = sends || (receives && only_sends(&block->actions[line->end - 1]));
    }
}

static struct action *add_wait(struct block *block, int strand, int steps)
{
    struct action *action = add(block, NULL);
    action->after = (struct after){.strand = strand, .steps = steps};
    return action;
}

/* What the first action of each line waits for; only then are all ends known. */
static void set_waits(struct gpu *gpu, int tb)
{
    struct block *block = &gpu->blocks[tb];
    const struct line *seen = NULL;
    for (int i = 0; i < block->action_count; i++) {
        struct action *action = &block->actions[i];
        const struct line *line = action->line;
        if (!line || line == seen || line->needs_tb < 0)
            continue;
        const struct line *needed = &gpu->blocks[line->needs_tb].lines[line->needs_step];
        action->after = (struct after){
            .strand = line->needs_tb, .steps = needed->end, .sent = needed->end_sent};
        seen = line;
    }
}

/* The first threadblock brings the vector into its slots and, when all have ended, back. */
static void add_copies(const struct msccl *msccl, struct gpu *gpu)
{
    for (int tb = 1; tb < gpu->count; tb++)
        add_wait(&gpu->blocks[0], tb, gpu->blocks[tb].action_count);
    if (msccl->image || msccl->apart)
        add(&gpu->blocks[0], NULL)->kind = COPY_OUT;
}

static void compile_gpu(struct msccl *msccl, struct gpu *gpu)
{
    bool copies = msccl->image || msccl->apart;
    if (copies && gpu->count == 0) {
        struct block *block = vector_push(&gpu->blocks, &gpu->count, &gpu->room);
        *block = (struct block){.send = -1, .recv = -1};
    }
    for (int tb = 0; tb < gpu->count; tb++) {
        struct block *block = &gpu->blocks[tb];
        for (int i = 0; i < block->action_count; i++) {
            free(block->actions[i].sent);
            free(block->actions[i].received);
        }
        block->action_count = 0;
        if (msccl->image && tb == 0)
            add(block, NULL)->kind = COPY_IN;
        else if (msccl->image)
            add_wait(block, 0, 1);
        add_lines(block, msccl->early);
    }
    for (int tb = 0; tb < gpu->count; tb++)
        set_waits(gpu, tb);
    if (copies)
        add_copies(msccl, gpu);
}

void msccl_compile(struct msccl *msccl)
{
    msccl->slots = msccl->first_temp;
    for (int i = 0; i < msccl->members; i++) {
        struct gpu *gpu = &msccl->gpus[i];
        int next = msccl->first_temp;
        for (int tb = 0; tb < gpu->count; tb++) {
            gpu->blocks[tb].temps = next;
            next += 2 * most_passed_on(&gpu->blocks[tb]);
        }
        msccl->slots = next > msccl->slots ? next : msccl->slots;
        compile_gpu(msccl, gpu);
    }
}
