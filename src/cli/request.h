/* What run, sweep and demo are asked: a file, words key=value, and options. */
#ifndef THREADRACK_CLI_REQUEST_H
#define THREADRACK_CLI_REQUEST_H

#include "threadrack/experiment/sweep.h"

#include <argp.h>

struct request {
    char *file; /* the experiment file, or NULL */
    char **words;
    int word_count, word_room;
    char **baselines; /* each a text of words: points besides those of the lists */
    int baseline_count, baseline_room;
    const char *out;
    int jobs;
    bool quiet, json, zip, dry_run;
    bool only_skew; /* see sweep_way */
    bool brief; /* print only which strategy won where */
    char *seed; /* the word that --seed stands for; owned */
};

/* The options that the three share, for `children` of a command's argp; its input is the request.
 */
extern const struct argp request_argp;
/* Of these only what stands for words: for a command that runs nothing. */
extern const struct argp request_words_argp;
/* For a command's parser: hands the request on to the children. */
void request_share(struct argp_state *state, int children);
/* Takes a word that is no option: the file, or key=value. */
error_t request_take(struct request *request, char *word, struct argp_state *state);
void request_release(struct request *request);

/* Reads the file and takes the words, into a fresh config. NULL and all messages when something is
 * wrong. `instead` (or NULL) holds words that replace those of the same keys. */
struct config *request_config(const struct request *request, const char *instead,
                              struct errors *errors);
/* Adds the points of the baselines and of the lists. */
bool request_sweep(const struct request *request, struct sweep *sweep, struct errors *errors);

/* Does the sweep, prints and writes what it found; returns what to exit with. */
int sweep_do(const struct request *request, char **arguments);

#endif
