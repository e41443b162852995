/* Which step waits for which, and which receive takes which send. */
#include "program.h"

/* The interpreter raises a threadblock's flag behind the steps with hasdep="1" that do something; a
 * dependency is met by the first of these that is not before it. */
static bool resolve_dependency(const struct msccl *msccl, const struct gpu *gpu, int tb, int s,
                               struct errors *errors)
{
    struct line *line = &gpu->blocks[tb].lines[s];
    if (line->needs_tb < 0)
        return true;
    if (line->needs_tb >= gpu->count || line->needs_step < 0 ||
        line->needs_step >= gpu->blocks[line->needs_tb].count)
        return msccl_say(errors, msccl, line->line, line->column,
                         "depid=\"%d\" deps=\"%d\": this gpu has no such step", line->needs_tb,
                         line->needs_step);
    const struct block *needed = &gpu->blocks[line->needs_tb];
    int step = line->needs_step;
    while (step < needed->count &&
           !(needed->lines[step].has_dependents && needed->lines[step].parts))
        step++;
    if (step == needed->count || (line->needs_tb == tb && step >= s))
        return msccl_say(
            errors, msccl, line->line, line->column,
            "depid=\"%d\" deps=\"%d\": would wait for ever, since from there on no step "
            "has hasdep=\"1\"%s",
            line->needs_tb, line->needs_step, line->needs_tb == tb ? " before this one" : "");
    line->needs_step = step;
    return true;
}

static bool resolve_dependencies(const struct msccl *msccl, struct errors *errors)
{
    for (int i = 0; i < msccl->members; i++)
        for (int tb = 0; tb < msccl->gpus[i].count; tb++)
            for (int s = 0; s < msccl->gpus[i].blocks[tb].count; s++)
                if (!resolve_dependency(msccl, &msccl->gpus[i], tb, s, errors))
                    return false;
    return true;
}

/* The i-th line of the block that sends (or receives); NULL past the last. */
static const struct line *nth(const struct block *block, unsigned part, int i)
{
    for (int s = 0; s < block->count; s++)
        if ((block->lines[s].parts & part) && i-- == 0)
            return &block->lines[s];
    return NULL;
}

static struct block *other_end(const struct msccl *msccl, int from, int to, int channel, bool sends)
{
    const struct gpu *gpu = &msccl->gpus[sends ? from : to];
    for (int tb = 0; tb < gpu->count; tb++)
        if (gpu->blocks[tb].channel == channel &&
            (sends ? gpu->blocks[tb].send == to : gpu->blocks[tb].recv == from))
            return &gpu->blocks[tb];
    return NULL;
}

/* That what one end sends the other receives, one after the other. */
static bool check_pairs(const struct msccl *msccl, int from, int to, int channel,
                        struct errors *errors)
{
    static const struct block nobody;
    struct block *sender = other_end(msccl, from, to, channel, true);
    struct block *receiver = other_end(msccl, from, to, channel, false);
    for (int i = 0;; i++) {
        const struct line *sent = nth(sender ? sender : &nobody, PART_SENDS, i);
        const struct line *taken = nth(receiver ? receiver : &nobody, PART_RECEIVES, i);
        const struct line *line = sent ? sent : taken;
        if (!line)
            break;
        if (!sent || !taken)
            return msccl_say(
                errors, msccl, line->line, line->column,
                sent ? "message %d from gpu %d to gpu %d on channel %d is never received"
                     : "message %d from gpu %d to gpu %d on channel %d is never sent",
                i, from, to, channel);
        if (sent->count != taken->count)
            return msccl_say(errors, msccl, sent->line, sent->column,
                             "sends %d chunks to gpu %d, which receives %d in line %d", sent->count,
                             to, taken->count, taken->line);
    }
    if (sender && receiver)
        sender->to_strand = (int)(receiver - msccl->gpus[to].blocks);
    return true;
}

static bool pair_up(const struct msccl *msccl, struct errors *errors)
{
    for (int i = 0; i < msccl->members; i++)
        for (int tb = 0; tb < msccl->gpus[i].count; tb++) {
            const struct block *block = &msccl->gpus[i].blocks[tb];
            if ((block->send >= 0 && !check_pairs(msccl, i, block->send, block->channel, errors)) ||
                (block->recv >= 0 && !check_pairs(msccl, block->recv, i, block->channel, errors)))
                return false;
        }
    return true;
}

bool msccl_pair(struct msccl *msccl, struct errors *errors)
{
    return resolve_dependencies(msccl, errors) && pair_up(msccl, errors);
}
