/* The first SIGINT or SIGTERM ends a run after its present step, and results are kept; a timing-only one whose
 * clock has not resolved the step within a second, in the midst of it, and those of the steps before are kept.
 * The second ends the program. */
#ifndef THREADRACK_CLI_INTERRUPT_H
#define THREADRACK_CLI_INTERRUPT_H

void interrupt_catch(void);

#endif
