/* Where files that come with threadrack are. */
#ifndef THREADRACK_CLI_PLACES_H
#define THREADRACK_CLI_PLACES_H

/* The folder `plots`, for the caller to free: ./plots, else beside the program, else in the
 * installed share folder; NULL when it is nowhere. */
char *places_plots(void);

#endif
