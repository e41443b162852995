/* What the members of the optimizer family give, and what they find. */
#ifndef THREADRACK_SRC_MODEL_OPTIMIZER_H
#define THREADRACK_SRC_MODEL_OPTIMIZER_H

#include "clipping.h"
#include "norms.h"
#include "options.h"

#include "threadrack/math/math.h"
#include "threadrack/model/optimizer.h"

enum { OPTIMIZER_OPTIONS = 8, OPTIMIZER_STATES = 2 };

struct optimizer_spec {
    const struct optimizer_ops *ops;
    double option[OPTIMIZER_OPTIONS]; /* in the order of the member's table */
};

struct optimizer_kind {
    const struct option *options; /* the first is the learning rate */
    /* Further agreements of options. NULL means none. */
    bool (*check)(const struct optimizer_spec *spec, const char *where, struct errors *errors);
    /* PyTorch's names of the state tensors, each as large as the parameters; NULL at the end. */
    const char *const *states;
    /* How many of them are kept under these options. NULL means all. */
    int (*state_count)(const struct optimizer_spec *spec);
    /* One step of all parameters: records its ops and does the maths where the rank is real. */
    void (*step)(struct rank *self, struct optimizer *optimizer, struct model *model);
    /* Whether backward may do plain SGD instead, and its weight decay. NULL means never. */
    bool (*fuse)(const struct optimizer_spec *spec, double *decay);
    bool needs_norms;
};

struct optimizer {
    const struct optimizer_spec *spec;
    double lr;      /* of this step */
    uint64_t taken; /* steps before this one */
    float *state[OPTIMIZER_STATES]; /* (parameters) each; NULL where not kept or not real */
    const struct share *shares;     /* or of these ranges alone, packed; NULL: of all */
    int share_count;
    struct norms norms;             /* where the kind needs them */
    struct clipping clipping;
};

/* What PyTorch calls a state that is kept. */
const char *optimizer_state_name(const struct optimizer_spec *spec, int i);

#define OPTIMIZER(name) extern const struct optimizer_ops optimizer_##name;
#include "optimizer.def"
#undef OPTIMIZER

/* Work that reads and writes `arrays` arrays of the size of the parameters, the gradients once among them.
 * The others are in full: the optimizer's state, and the parameters or their masters. */
static inline struct work parameters_work(size_t count, uint64_t flops, uint64_t arrays)
{
    return (struct work){.flops = count * flops,
                         .bytes = sizeof(float) * count * (arrays - 1),
                         .gradients = count,
                         .kernels = 1};
}
/* The same, which writes the parameters: where these have masters, both. */
static inline struct work update_work(const struct rank *self, size_t count, uint64_t flops,
                                      uint64_t arrays)
{
    struct work work = parameters_work(count, flops, arrays);
    work.values = rank_has_masters(self) ? count : 0;
    return work;
}

#endif
