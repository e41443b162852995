/* The first SIGINT or SIGTERM ends a run after its present step, and results are kept; the second
 * ends the program. */
#ifndef THREADRACK_CLI_INTERRUPT_H
#define THREADRACK_CLI_INTERRUPT_H

void interrupt_catch(void);

#endif
