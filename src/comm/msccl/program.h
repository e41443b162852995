/* An MSCCL file as it is read (read.c, pair.c), made into steps (compile.c), tried (check.c), and
 * asked by the clock (schedule.c).
 *
 * All memory of a gpu is cut into *slots* of a chunk each, the same at all gpus:
 *
 *     the vector, N chunks | output, N, where it is apart | the file's scratch | sums being passed
 * on
 *
 * What a slot holds is a chunk of the vector, by its number, and of which gpus' vectors it is the
 * sum. */
#ifndef THREADRACK_SRC_COMM_MSCCL_PROGRAM_H
#define THREADRACK_SRC_COMM_MSCCL_PROGRAM_H

#include "threadrack/comm/msccl.h"
#include "threadrack/config/xml.h"

#include <stdint.h>

/* What an operation takes and promises. */
enum extent { NOTHING, OWN_BLOCK, ALL_CHUNKS };
struct operation {
    const char *name;        /* ours */
    const char *coll, *also; /* the file's names */
    enum extent input, output;
    enum extent root_input, root_output; /* gpu 0's */
    bool blocks; /* the vector is cut into a block a gpu, and these into chunks */
    bool even;   /* blocks are of one length, as in alltoall */
    enum { KEEPS, ADDS, TRANSPOSES } kind;
};

/* One of the file's <step>s. */
enum part { PART_SENDS = 1, PART_RECEIVES = 2, PART_ADDS = 4, PART_STORES = 8, PART_READS = 16 };
struct line {
    int line, column;
    unsigned parts;           /* 0: a nop */
    int src, dst;             /* first slots; -1: not used */
    int count;                /* chunks */
    int needs_tb, needs_step; /* -1: nothing */
    bool has_dependents;
    int end;       /* the steps of its strand that have ended with it */
    bool end_sent; /* or the last of which has sent */
};

struct block { /* a <tb> */
    int line, column;
    int send, recv, channel; /* gpus, or -1 */
    int to_strand;           /* the tb at `send` that receives from here */
    int temps;               /* its first slot for sums that are passed on; 0: it needs none */
    struct line *lines;
    int count, room;
    struct action *actions; /* action_count of them: the strand's steps */
    int action_count, action_room;
};

/* A step of a strand. */
struct action {
    const struct line *line, *received_line; /* of the send, and of a receive that joins it */
    enum { ACT, COPY_IN, COPY_OUT } kind;
    int send_to, recv_from;           /* gpus; both -1: within */
    int send_slot, recv_slot, addend; /* addend -1: the sum is added to what is there */
    int send_count, recv_count;
    int *sent, *received; /* the chunks that the slots hold then: send_count, recv_count of them */
    bool reduce;
    struct after after;
};

struct gpu {
    int line, column;
    bool there;
    int input_chunks, output_chunks, scratch_chunks; /* as declared */
    struct block *blocks;                            /* by id, count of them */
    int count, room;
};

struct msccl {
    struct collective collective;
    const struct operation *operation;
    char *path, *name;
    struct gpu *gpus;
    int members, channels;
    int chunks, block_chunks; /* N; of a block, where there are blocks */
    bool apart;               /* i and o are */
    bool early;               /* receives go with the first of several sends before them */
    bool image;               /* the vector's chunks are copied into slots that any chunk fits */
    int first_scratch, first_temp, slots;
    char **notes;
    int note_count, note_room;
};

/* A message about a place in the file; false. */
bool msccl_say(struct errors *errors, const struct msccl *msccl, int line, int column,
               const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The operation by our name; NULL: MSCCL's files know none like it. */
const struct operation *msccl_operation(const char *name);

/* Fills all but the actions. */
bool msccl_read(struct msccl *msccl, const struct element *root, struct errors *errors);
/* Resolves dependencies, and finds the other end of every message; msccl_read does it last. */
bool msccl_pair(struct msccl *msccl, struct errors *errors);
/* Makes the actions anew. */
void msccl_compile(struct msccl *msccl);
/* Goes through the actions (stuck: threadblocks wait for each other), and fills what they send and
 * receive. `foreign`: a slot of the vector has held another chunk than its own. */
enum found { FOUND_RIGHT, FOUND_WRONG, FOUND_STUCK };
enum found msccl_check(struct msccl *msccl, bool *foreign, struct errors *errors);

/* The slot of a chunk of the vector, and where the output's is. */
static inline int msccl_output_slot(const struct msccl *msccl, int chunk)
{
    return msccl->apart ? msccl->chunks + chunk : chunk;
}

/* Whether the gpu's input (or output) has that chunk of the vector. */
static inline bool msccl_has(const struct msccl *msccl, int gpu, int chunk, bool output)
{
    const struct operation *of = msccl->operation;
    enum extent extent =
        output ? (gpu ? of->output : of->root_output) : (gpu ? of->input : of->root_input);
    return extent == ALL_CHUNKS || (extent == OWN_BLOCK && chunk / msccl->block_chunks == gpu);
}

/* For schedule.c. */
extern const struct schedule msccl_schedule;

#endif
