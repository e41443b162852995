/* The families of `threadrack list` that are more than a table of members. */
#ifndef THREADRACK_CLI_LIST_H
#define THREADRACK_CLI_LIST_H

/* A member: its name, one line about it, and one about its options (or NULL). */
void list_row(const char *name, const char *summary, const char *options);

/* Each returns what to exit with. */
int list_plots(void);
int list_clusters(void);
int list_devices(void);
int list_settings(void);
int list_columns(void);

#endif
