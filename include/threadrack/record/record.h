/* What one simulated node did in a run: the counters behind a row of nodes.csv.
 *
 * compute + exposed_comm + waiting + bubble is the run's length, exactly, for every node. In a wait
 * for a message, the time before its sender begins to send it is bubble in a pipeline group and
 * waiting elsewhere, the time after that exposed communication; the time after a node's last op is
 * waiting. Overlapped communication lies inside compute and is not in the sum.
 */
#ifndef THREADRACK_RECORD_RECORD_H
#define THREADRACK_RECORD_RECORD_H

#include <stdint.h>

enum { RECORD_MEMORY_KINDS = 6 }; /* those of rank/rank.h, in their order */

/* No member is narrower than eight bytes, so that nothing lies between them and records of equal
 * counters are equal bytes. */
struct node_record {
    uint64_t compute_ps, exposed_comm_ps, waiting_ps, bubble_ps, overlapped_comm_ps;
    uint64_t bytes_sent, messages_sent;
    uint64_t memory_bytes[RECORD_MEMORY_KINDS];
    uint64_t rank;    /* that it ran */
    double speed;     /* of its device */
    uint64_t samples; /* rows whose forward pass began at this node's data share, all steps */
};

/* What one link carried: the counters behind a row of links.csv. */
struct link_record {
    uint64_t bytes, messages;
    uint64_t most_backlog_bytes; /* bytes begun and not yet delivered, at their most (clock/load.h) */
};

#endif
