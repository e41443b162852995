/* Convolution and pooling: the plain loops' gradients against finite differences in double, every
 * choice of kernels against the plain loops. */
#include "tests/check.h"

#include "in_double.h"

#include <stdlib.h>

/* One shape with all that its three passes read and write. */
struct trial {
    struct convolution shape;
    size_t rows, x_count, w_count, y_count;
    double *x, *w, *bias, *dy, *y, *out, *dx, *dw;
};

static struct trial trial_create(struct convolution shape, size_t rows)
{
    struct trial t = {.shape = shape, .rows = rows};
    size_t pixels = convolution_out_height(&shape) * convolution_out_width(&shape);
    t.x_count = rows * shape.in * shape.height * shape.width;
    t.w_count = shape.out * shape.in * shape.kernel * shape.kernel;
    t.y_count = rows * shape.out * pixels;
    double **arrays[] = {&t.x, &t.w, &t.bias, &t.dy, &t.y, &t.out, &t.dx, &t.dw};
    size_t counts[] = {t.x_count, t.w_count, shape.out, t.y_count,
                       t.y_count, t.y_count, t.x_count, t.w_count};
    for (uint32_t i = 0; i < 8; i++)
        *arrays[i] = random_doubles(counts[i], i);
    return t;
}

static void trial_release(struct trial *t)
{
    double *arrays[] = {t->x, t->w, t->bias, t->dy, t->y, t->out, t->dx, t->dw};
    for (int i = 0; i < 8; i++)
        free(arrays[i]);
}

/* dy . convolution(x, w): its gradients are the two that the backward passes give for dy. */
static double weighted_output(void *context)
{
    struct trial *t = context;
    convolution_in_double(&t->shape, t->rows, t->x, t->w, t->bias, ACTIVATION_NONE, t->y, t->y);
    return dot_product(t->y_count, t->y, t->dy);
}

static void plain_loops_have_right_gradients(void)
{
    static const struct convolution shapes[] = {
        {.in = 2, .out = 3, .height = 5, .width = 4, .kernel = 3, .padding = 1},
        {.in = 1, .out = 2, .height = 6, .width = 7, .kernel = 5, .padding = 0},
        {.in = 3, .out = 1, .height = 3, .width = 3, .kernel = 1, .padding = 0},
        {.in = 1, .out = 1, .height = 2, .width = 1, .kernel = 3, .padding = 2}};
    for (int i = 0; i < 4; i++) {
        struct trial t = trial_create(shapes[i], 2);
        convolution_input_gradient_in_double(&t.shape, t.rows, t.dy, t.w, t.dx);
        check_gradient(t.x_count, t.x, t.dx, weighted_output, &t);
        convolution_weight_gradient_in_double(&t.shape, t.rows, t.x, t.dy, 1, 0, t.dw);
        check_gradient(t.w_count, t.w, t.dw, weighted_output, &t);
        trial_release(&t);
    }
}

/* How far a sum of so many products of numbers up to 1 may be off, in any order. */
static double rounding(double terms)
{
    return 1e-6 + 2e-6 * sqrt(terms);
}

static void check_forward(struct trial *t, enum activation kind, float *scratch)
{
    float *x = floats_of(t->x_count, t->x), *w = floats_of(t->w_count, t->w);
    float *bias = floats_of(t->shape.out, t->bias);
    float *y = floats_of(t->y_count, t->y), *out = floats_of(t->y_count, t->y);
    double tolerance = rounding((double)(t->shape.in * t->shape.kernel * t->shape.kernel));
    convolution_in_double(&t->shape, t->rows, t->x, t->w, t->bias, kind, t->y, t->out);
    math_convolution(&t->shape, t->rows, x, w, bias, kind, y, out, scratch);
    CHECK_NEAR(farthest(t->y_count, y, t->y), 0, tolerance);
    CHECK_NEAR(farthest(t->y_count, out, t->out), 0, tolerance);
    convolution_in_double(&t->shape, t->rows, t->x, t->w, NULL, kind, t->y, t->out);
    math_convolution(&t->shape, t->rows, x, w, NULL, kind, y, y, scratch);
    CHECK_NEAR(farthest(t->y_count, y, t->out), 0, tolerance);
    free(x);
    free(w);
    free(bias);
    free(y);
    free(out);
}

static void check_input_gradient(struct trial *t, float *scratch)
{
    float *dy = floats_of(t->y_count, t->dy), *w = floats_of(t->w_count, t->w);
    float *dx = floats_of(t->x_count, t->dx);
    convolution_input_gradient_in_double(&t->shape, t->rows, t->dy, t->w, t->dx);
    math_convolution_input_gradient(&t->shape, t->rows, dy, w, dx, scratch);
    double terms = (double)(t->shape.out * t->shape.kernel * t->shape.kernel);
    CHECK_NEAR(farthest(t->x_count, dx, t->dx), 0, rounding(terms));
    free(dy);
    free(w);
    free(dx);
}

static void check_weight_gradient(struct trial *t, double alpha, double beta, float *scratch)
{
    float *x = floats_of(t->x_count, t->x), *dy = floats_of(t->y_count, t->dy);
    float *dw = floats_of(t->w_count, t->w);
    double *expected = doubles_of(t->w_count, dw);
    if (beta == 0)
        dw[0] = NAN; /* need not be initialised */
    convolution_weight_gradient_in_double(&t->shape, t->rows, t->x, t->dy, alpha, beta, expected);
    math_convolution_weight_gradient(&t->shape, t->rows, x, dy, (float)alpha, (float)beta, dw,
                                     scratch);
    double terms = (double)t->y_count / (double)t->shape.out;
    CHECK_NEAR(farthest(t->w_count, dw, expected), 0, rounding(terms));
    free(x);
    free(dy);
    free(dw);
    free(expected);
}

/* Sizes around the lanes of 16 and the blocks of rows and channels, and what the benches use. */
static void agrees_with_plain_loops(void)
{
    static const struct convolution shapes[] = {
        {.in = 1, .out = 32, .height = 28, .width = 28, .kernel = 3, .padding = 1},
        {.in = 32, .out = 64, .height = 14, .width = 14, .kernel = 3, .padding = 1},
        {.in = 1, .out = 8, .height = 8, .width = 8, .kernel = 3, .padding = 1},
        {.in = 8, .out = 16, .height = 4, .width = 4, .kernel = 3, .padding = 1},
        {.in = 3, .out = 5, .height = 17, .width = 33, .kernel = 3, .padding = 1},
        {.in = 5, .out = 17, .height = 1, .width = 1, .kernel = 3, .padding = 1},
        {.in = 2, .out = 7, .height = 9, .width = 2, .kernel = 5, .padding = 2},
        {.in = 4, .out = 3, .height = 6, .width = 20, .kernel = 3, .padding = 0},
        {.in = 4, .out = 6, .height = 5, .width = 5, .kernel = 1, .padding = 0},
        {.in = 2, .out = 2, .height = 3, .width = 4, .kernel = 4, .padding = 3}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct trial t = trial_create(shapes[i], i < 2 ? 3 : 1 + i % 3);
        float *scratch = malloc(sizeof *scratch * (math_convolution_scratch(&t.shape) + 1));
        for (enum activation kind = 0; kind < ACTIVATIONS; kind++)
            check_forward(&t, kind, scratch);
        check_input_gradient(&t, scratch);
        check_weight_gradient(&t, 1, 0, scratch);
        check_weight_gradient(&t, 1, 1, scratch);
        check_weight_gradient(&t, -0.25, 0.875, scratch);
        free(scratch);
        trial_release(&t);
    }
}

static void every_kernel_agrees_with_plain_loops(void)
{
    each_kernel(agrees_with_plain_loops);
}

enum { ROWS = 3, CHANNELS = 5, MOST_PIXELS = 49, MOST = ROWS * CHANNELS * MOST_PIXELS };

static void check_image_slopes(enum activation kind, size_t pixels, bool from_out)
{
    size_t count = ROWS * CHANNELS * pixels;
    double *pre = random_doubles(count, 1), *out = random_doubles(count, 1);
    double *dy = random_doubles(count, 2), *sums = random_doubles(CHANNELS, 3);
    image_bias_activate_in_double(ROWS, CHANNELS, pixels, pre, NULL, kind, out);
    float *pre_f = floats_of(count, pre), *out_f = floats_of(count, out);
    float *dy_f = floats_of(count, dy), *sums_f = floats_of(CHANNELS, sums);
    math_image_activate_backward(ROWS, CHANNELS, pixels, dy_f, pre_f, from_out ? out_f : NULL, kind,
                                 sums_f, from_out);
    image_activate_backward_in_double(ROWS, CHANNELS, pixels, dy, pre, NULL, kind, sums, from_out);
    CHECK_NEAR(farthest(count, dy_f, dy), 0, 1e-6);
    CHECK_NEAR(farthest(CHANNELS, sums_f, sums), 0, 1e-5);
    void *all[] = {pre, out, dy, sums, pre_f, out_f, dy_f, sums_f};
    for (int i = 0; i < 8; i++)
        free(all[i]);
}

static void image_slopes_agree(void)
{
    for (enum activation kind = 0; kind < ACTIVATIONS; kind++)
        for (size_t pixels = 1; pixels <= MOST_PIXELS; pixels += 16)
            for (int from_out = 0; from_out < 2; from_out++)
                check_image_slopes(kind, pixels, from_out);
}

static void image_slopes_are_right(void)
{
    each_kernel(image_slopes_agree);
}

static void check_pool(size_t planes, size_t height, size_t width)
{
    size_t count = planes * height * width, pooled = planes * (height / 2) * (width / 2);
    double *x = random_doubles(count, 1), *dy = random_doubles(pooled, 2);
    double *y = random_doubles(pooled, 3), *dx = random_doubles(count, 4);
    for (size_t i = 0; i < count; i++)
        x[i] = floor(4 * x[i]); /* many equals: the first of them is taken */
    float *x_f = floats_of(count, x), *dy_f = floats_of(pooled, dy);
    float *y_f = floats_of(pooled, dy), *dx_f = floats_of(count, x);
    uint8_t *which = malloc(pooled + 1), *which_f = malloc(pooled + 1);
    pool_in_double(planes, height, width, x, y, which);
    pool_backward_in_double(planes, height, width, dy, which, dx);
    math_pool(planes, height, width, x_f, y_f, which_f);
    math_pool_backward(planes, height, width, dy_f, which_f, dx_f);
    CHECK(farthest(pooled, y_f, y) == 0 && farthest(count, dx_f, dx) == 0);
    CHECK(!memcmp(which, which_f, pooled));
    void *all[] = {x, dy, y, dx, x_f, dy_f, y_f, dx_f, which, which_f};
    for (int i = 0; i < 10; i++)
        free(all[i]);
}

static void pooling_agrees(void)
{
    for (size_t side = 1; side < 40; side += 3)
        for (size_t planes = 1; planes < 4; planes++)
            check_pool(planes, side, 41 - side);
}

static void pooling_takes_the_first_largest(void)
{
    each_kernel(pooling_agrees);
    float x[8] = {1, 5, 2, 0, 5, 3, 2, 9}, y[2], dx[8];
    uint8_t which[2];
    math_pool(1, 2, 4, x, y, which);
    CHECK(y[0] == 5 && y[1] == 9 && which[0] == 1 && which[1] == 3);
    math_pool_backward(1, 2, 4, (float[]){7, 8}, which, dx);
    CHECK(!memcmp(dx, (float[]){0, 7, 0, 0, 0, 0, 0, 8}, sizeof dx));
}

/* Nor does relu hide it: a loss must tell of it. */
static void what_is_no_number_stays_none(void)
{
    for (int place = 0; place < 4; place++) {
        float x[32], y[8];
        uint8_t which[8];
        for (int i = 0; i < 32; i++)
            x[i] = (float)(i * 7 % 5) - 2;
        x[place / 2 * 16 + 4 + place % 2] = NAN; /* of the third window; by fours and one by one */
        math_pool(1, 2, 16, x, y, which);
        CHECK(isnan(y[2]) && which[2] == place && !isnan(y[1]) && !isnan(y[3]));
        x[place / 2 * 2 + place % 2] = NAN;
        math_pool(1, 2, 2, x, y, which);
        CHECK(isnan(y[0]) && which[0] == place);
    }
    float row[3] = {-1, NAN, 2}, out[3], slope[3] = {1, 1, 1};
    math_bias_activate(1, 3, row, NULL, ACTIVATION_RELU, out);
    CHECK(out[0] == 0 && isnan(out[1]) && out[2] == 2);
    math_activate_backward(1, 3, slope, NULL, out, ACTIVATION_RELU, NULL, false);
    CHECK(slope[0] == 0 && slope[1] == 1 && slope[2] == 1);
}

static void no_number_by_each_kernel(void)
{
    each_kernel(what_is_no_number_stays_none);
}

SUITE("math: convolution", TEST(no_number_by_each_kernel), TEST(plain_loops_have_right_gradients),
      TEST(every_kernel_agrees_with_plain_loops), TEST(image_slopes_are_right),
      TEST(pooling_takes_the_first_largest));
