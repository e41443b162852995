/* A user's own algorithm: MSCCL's XML (Cowan et al.: MSCCLang, Microsoft Collective Communication
 * Language, ASPLOS 2023; msccl-tools writes it, and the interpreter of RCCL and of
 * msccl-executor-nccl runs it). An <algo> says for each <gpu> what its threadblocks <tb> do, <step>
 * by <step>: send to one peer, receive from one peer, add, copy.
 *
 * It becomes a schedule (clock/schedule.h). A threadblock is a strand: threadblocks go on side by
 * side, a step's depid and deps make it wait for another threadblock's step, and messages are
 * matched by their two ends and `chan`. A step that receives and sends (rcs, rrs, rrcs) receives
 * its whole message before it sends on; a send and the receive behind it begin together, unless the
 * receive waits for something. Not modelled are what the interpreter does below this: its loop over
 * slices of the buffers, `proto` and the launch of threadblocks.
 *
 * The vector is both input and output. With inplace="1" so are the file's buffers i and o, one
 * memory, as the format has it; with inplace="0" they are apart, and the output is copied home at
 * the end, as copies go in no time. Chunks are shares of the vector (base/share.h), so any length
 * runs, where MSCCL asks for multiples.
 *
 * A file is gone through when it is loaded: that sends and receives meet, that it comes to its end
 * though a send may have to wait for its receiver, and that every chunk ends with what the
 * operation promises, each contribution added once, in whichever order of two opposite ones
 * threadblocks are taken. (That finds most data races, not all.)
 */
#ifndef THREADRACK_COMM_MSCCL_H
#define THREADRACK_COMM_MSCCL_H

#include "threadrack/comm/collective.h"

struct msccl;

/* NULL and messages, each with file, line and column, when the file cannot be read, is of another
 * operation, uses what is not understood, or does not do what its operation promises. `where` says
 * who named the file. */
struct msccl *msccl_load(const char *path, const char *operation, const char *where,
                         struct errors *errors);
void msccl_free(struct msccl *msccl);

/* The algorithm, of groups of msccl_members() members; it lives as long as the file, and has no closed
 * form. */
const struct collective *msccl_collective(const struct msccl *msccl);
int msccl_members(const struct msccl *msccl);
/* What the file says that has no effect here: the i-th remark, NULL past the last. */
const char *msccl_note(const struct msccl *msccl, int i);

#endif
