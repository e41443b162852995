/* The plain loops: arguments as in the doors, without scratch. Included once for each `real`. */
void NAMED(bias_activate)(size_t rows, size_t n, real *y, const real *bias, enum activation kind,
                          real *out);
void NAMED(image_bias_activate)(size_t rows, size_t channels, size_t pixels, real *y,
                                const real *bias, enum activation kind, real *out);
void NAMED(image_activate_backward)(size_t rows, size_t channels, size_t pixels, real *dy,
                                    const real *pre, const real *out, enum activation kind,
                                    real *dbias, bool accumulate);
double NAMED(softmax_loss)(size_t rows, size_t n, const real *logits, const int32_t *labels,
                           real scale, real *gradient);
double NAMED(squared_loss)(size_t rows, size_t n, const real *y, const real *targets, real scale,
                           real *gradient);

void NAMED(convolution)(const struct convolution *shape, size_t rows, const real *x, const real *w,
                        const real *bias, enum activation kind, real *y, real *out);
void NAMED(convolution_input_gradient)(const struct convolution *shape, size_t rows, const real *dy,
                                       const real *w, real *dx);
void NAMED(convolution_weight_gradient)(const struct convolution *shape, size_t rows, const real *x,
                                        const real *dy, real alpha, real beta, real *dw);
void NAMED(pool)(size_t planes, size_t height, size_t width, const real *x, real *y,
                 uint8_t *which);
void NAMED(pool_backward)(size_t planes, size_t height, size_t width, const real *dy,
                          const uint8_t *which, real *dx);

void NAMED(attention)(const struct attention *shape, size_t rows, const real *qkv, real *p,
                      real *y);
void NAMED(attention_backward)(const struct attention *shape, size_t rows, const real *qkv,
                               const real *p, const real *dy, real *dqkv);
void NAMED(attention_slices)(const struct attention_slices *shape, size_t rows, const real *qkv,
                             const real *kv, real *y, real *most, real *sum);
void NAMED(attention_slices_backward)(const struct attention_slices *shape, size_t rows,
                                      const real *qkv, const real *kv, const real *most,
                                      const real *sum, const real *delta, const real *dy, real *dqkv,
                                      real *dkv);
void NAMED(layernorm)(size_t rows, size_t n, real eps, const real *x, const real *gain,
                      const real *bias, real *y, real *mean, real *rstd);
void NAMED(layernorm_backward)(size_t rows, size_t n, const real *x, const real *gain,
                               const real *mean, const real *rstd, const real *dy, real *dx,
                               bool add_dx, real *dgain, real *dbias, bool accumulate);
void NAMED(embed)(size_t rows, size_t tokens_per_row, size_t width, const int32_t *tokens,
                  const real *table, const real *positions, real *y);
void NAMED(embed_backward)(size_t rows, size_t tokens_per_row, size_t width, size_t vocabulary,
                           const int32_t *tokens, const real *dy, real *dtable, bool add_table,
                           real *dpositions, bool add_positions);
