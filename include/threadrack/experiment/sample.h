/* A text as a trained language model goes on with it. */
#ifndef THREADRACK_EXPERIMENT_SAMPLE_H
#define THREADRACK_EXPERIMENT_SAMPLE_H

#include "threadrack/base/errors.h"
#include "threadrack/config/config.h"

#include <stddef.h>
#include <stdio.h>

struct sample_request {
    const char *prompt; /* at least one byte */
    size_t length;      /* bytes to add */
    double temperature; /* divides the logits; 0: always the likeliest byte */
};

/* Of the keys it reads `model`, `init` (required), `seed` and `math.kernel`. Prints prompt and
 * continuation. False and messages when the model takes no text, or the file does not fit it. */
bool sample_print(const struct config *point, struct sample_request request, FILE *stream,
                  struct errors *errors);

#endif
