/* What stands behind the name of a data set: paths, then options, all separated by commas:
 *
 *     idx:images.gz,labels.gz     csv:my.csv,target=real     blobs:rows=1000,features=64
 */
#ifndef THREADRACK_SRC_DATA_WORDS_H
#define THREADRACK_SRC_DATA_WORDS_H

#include "threadrack/data/data.h"

/* `key=value`. One of the three places takes it. */
struct data_option {
    const char *key;
    size_t *count;   /* a whole number in [low, high] */
    double *real;    /* a number in [low, high] */
    int *choice;     /* the index of a word of `words` */
    double low, high;
    const char *const *words; /* NULL at the end */
};

struct data_words {
    const char *usage;           /* what should stand there, for messages: "csv:PATH" */
    int least, most, step;       /* paths: from `least` on in steps; step 0 is 1 */
    struct data_option *options; /* ended by a row whose key is NULL; NULL: none */
    /* Filled. */
    char **paths;
    int path_count, path_room;
};

/* False and messages when it reads otherwise. To be released in either case. */
bool data_words_read(struct data_words *words, const struct dataset_request *request,
                     struct errors *errors);
void data_words_release(struct data_words *words);

/* The options' words of what a reader's targets are. */
enum target_kind { TARGET_CLASS, TARGET_REAL };
extern const char *const target_words[];

#endif
