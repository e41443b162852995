#include "lowrank.h"

#include "threadrack/base/memory.h"
#include "threadrack/math/math.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A piece of the range: a matrix, or a stretch that is sent as it is (rank 0). */
struct piece {
    size_t at, rows, columns;
    size_t rank;
    size_t p_at, q_at; /* of its factors, in the buffers */
};

struct lowrank {
    struct rank *self;
    struct allreduce *all;
    float *gradients, *left; /* all of the rank's; NULL where it is not real (left: or no feedback) */
    bool feedback;
    struct piece *pieces;
    int count, room;
    float *p, *q; /* (p_floats): factors P, and what is sent as it is; (q_floats): factors Q */
    size_t p_floats, q_floats;
    struct request request;
};

static void add_plain(struct lowrank *lowrank, size_t begin, size_t end)
{
    if (begin == end)
        return;
    struct piece piece = {.at = begin, .rows = end - begin, .columns = 1, .p_at = lowrank->p_floats};
    lowrank->p_floats += piece.rows;
    *vector_push(&lowrank->pieces, &lowrank->count, &lowrank->room) = piece;
}

static void add_matrix(struct lowrank *lowrank, struct matrix matrix, size_t most)
{
    size_t least = matrix.rows < matrix.columns ? matrix.rows : matrix.columns;
    struct piece piece = {.at = matrix.at,
                          .rows = matrix.rows,
                          .columns = matrix.columns,
                          .rank = most < least ? most : least,
                          .p_at = lowrank->p_floats,
                          .q_at = lowrank->q_floats};
    lowrank->p_floats += piece.rows * piece.rank;
    lowrank->q_floats += piece.columns * piece.rank;
    *vector_push(&lowrank->pieces, &lowrank->count, &lowrank->room) = piece;
}

static void make_pieces(struct lowrank *lowrank, struct share range, const struct matrix *matrices,
                        int count, size_t most)
{
    size_t at = range.begin, end = range.begin + range.count;
    for (int i = 0; i < count; i++) {
        bool inside = matrices[i].at >= at && matrices[i].at < end;
        if (!inside || matrices[i].rows < 2 || matrices[i].columns < 2)
            continue;
        add_plain(lowrank, at, matrices[i].at);
        add_matrix(lowrank, matrices[i], most);
        at = matrices[i].at + matrices[i].rows * matrices[i].columns;
    }
    add_plain(lowrank, at, end);
}

/* The same at every member. */
static void draw_factors(struct lowrank *lowrank, uint64_t seed, size_t at)
{
    struct draw draw = {.seed = seed, .purpose = PURPOSE_COMPRESS, .rank = UINT32_MAX};
    for (size_t i = 0; lowrank->q && i < lowrank->q_floats; i++)
        lowrank->q[i] = (float)draw_normal(draw, at + i);
}

struct lowrank *lowrank_create(struct rank *self, struct allreduce *all,
                               const struct exchange_plan *plan, float *gradients, float *left,
                               struct share range, const struct matrix *matrices, int count)
{
    struct lowrank *lowrank = memory_zeroed(1, sizeof *lowrank);
    lowrank->self = self;
    lowrank->all = all;
    lowrank->gradients = gradients;
    lowrank->left = left;
    lowrank->feedback = plan->compressor.feedback;
    make_pieces(lowrank, range, matrices, count, (size_t)plan->compressor.rank);
    lowrank->p = rank_alloc(self, MEMORY_COMMUNICATION, lowrank->p_floats * sizeof(float));
    lowrank->q = rank_alloc(self, MEMORY_COMMUNICATION, lowrank->q_floats * sizeof(float));
    draw_factors(lowrank, plan->seed, range.begin);
    return lowrank;
}

void lowrank_free(struct lowrank *lowrank)
{
    if (!lowrank)
        return;
    free(lowrank->pieces);
    free(lowrank);
}

/* A product of n x m by m x r, a factor or its transpose. */
static struct work product_work(const struct piece *piece)
{
    uint64_t n = piece->rows, m = piece->columns, r = piece->rank;
    return (struct work){.flops = 2 * n * m * r,
                         .bytes = sizeof(float) * (n * m + n * r + m * r),
                         .kernels = 1};
}

static struct work pass_work(uint64_t count, uint64_t flops, uint64_t floats)
{
    return (struct work){
        .flops = flops * count, .bytes = sizeof(float) * floats * count, .kernels = 1};
}

/* M += what was left out. */
static void add_left(struct lowrank *lowrank, const struct piece *piece)
{
    size_t count = piece->rows * piece->columns;
    if (!piece->rank || !rank_compute_begin(lowrank->self, pass_work(count, 1, 3)))
        return;
    math_add(count, lowrank->gradients + piece->at, lowrank->left + piece->at);
    rank_compute_end(lowrank->self);
}

static void make_p(struct lowrank *lowrank, const struct piece *piece)
{
    struct work work = piece->rank ? product_work(piece) : pass_work(piece->rows, 0, 2);
    size_t rank = piece->rank;
    if (!rank_compute_begin(lowrank->self, work))
        return;
    const float *m = lowrank->gradients + piece->at;
    float *p = lowrank->p + piece->p_at;
    if (rank)
        math_gemm(PLAIN, PLAIN, piece->rows, rank, piece->columns, 1, m, piece->columns,
                  lowrank->q + piece->q_at, rank, 0, p, rank);
    else
        memcpy(p, m, piece->rows * sizeof *p);
    rank_compute_end(lowrank->self);
}

void lowrank_post(struct lowrank *lowrank)
{
    for (int i = 0; i < lowrank->count; i++) {
        if (lowrank->feedback)
            add_left(lowrank, &lowrank->pieces[i]);
        make_p(lowrank, &lowrank->pieces[i]);
    }
    lowrank->request = allreduce_post(lowrank->all, lowrank->p, lowrank->p_floats);
}

/* ---- Orthonormal columns: Gram and Schmidt, each column twice against those before it. ---- */

static double dot(const float *p, size_t rows, size_t stride, size_t a, size_t b)
{
    double sum = 0;
    for (size_t i = 0; i < rows; i++)
        sum += (double)p[i * stride + a] * (double)p[i * stride + b];
    return sum;
}

static void scale_column(float *p, size_t rows, size_t stride, size_t column, float factor)
{
    for (size_t i = 0; i < rows; i++)
        p[i * stride + column] *= factor;
}

/* A column that the others span already becomes zero: it would add nothing but rounding. */
static void orthonormalise(float *p, size_t rows, size_t columns)
{
    for (size_t c = 0; c < columns; c++) {
        double before = dot(p, rows, columns, c, c);
        for (size_t pass = 0; pass < 2; pass++)
            for (size_t k = 0; k < c; k++) {
                float along = (float)dot(p, rows, columns, k, c);
                for (size_t i = 0; i < rows; i++)
                    p[i * columns + c] -= along * p[i * columns + k];
            }
        double after = dot(p, rows, columns, c, c);
        bool spanned = after <= 1e-10 * before || after == 0;
        scale_column(p, rows, columns, c, spanned ? 0 : (float)(1 / sqrt(after)));
    }
}

static void make_q(struct lowrank *lowrank, const struct piece *piece)
{
    struct work work = product_work(piece);
    size_t rank = piece->rank;
    work.flops += 8 * piece->rows * rank * rank;
    if (!rank_compute_begin(lowrank->self, work))
        return;
    float *p = lowrank->p + piece->p_at;
    orthonormalise(p, piece->rows, rank);
    math_gemm(TRANSPOSED, PLAIN, piece->columns, rank, piece->rows, 1, lowrank->gradients + piece->at,
              piece->columns, p, rank, 0, lowrank->q + piece->q_at, rank);
    rank_compute_end(lowrank->self);
}

static void keep_left(const struct lowrank *lowrank, const struct piece *piece, const float *m)
{
    float *left = lowrank->left + piece->at, share = 1 / (float)group_size(lowrank->all->group);
    for (size_t i = 0; i < piece->rows * piece->columns; i++)
        left[i] -= m[i] * share;
}

static void decode(struct lowrank *lowrank, const struct piece *piece)
{
    size_t count = piece->rows * piece->columns, rank = piece->rank;
    struct work work = rank ? product_work(piece) : pass_work(piece->rows, 0, 2);
    work.bytes += lowrank->feedback && rank ? 4 * sizeof(float) * count : 0;
    if (!rank_compute_begin(lowrank->self, work))
        return;
    float *m = lowrank->gradients + piece->at;
    const float *p = lowrank->p + piece->p_at;
    if (!rank) {
        memcpy(m, p, count * sizeof *m);
    } else {
        if (lowrank->left)
            memcpy(lowrank->left + piece->at, m, count * sizeof *m);
        math_gemm(PLAIN, TRANSPOSED, piece->rows, piece->columns, rank, 1, p, rank,
                  lowrank->q + piece->q_at, rank, 0, m, piece->columns);
        if (lowrank->left)
            keep_left(lowrank, piece, m);
    }
    rank_compute_end(lowrank->self);
}

void lowrank_wait(struct lowrank *lowrank)
{
    rank_wait(lowrank->self, lowrank->request);
    for (int i = 0; i < lowrank->count; i++)
        if (lowrank->pieces[i].rank)
            make_q(lowrank, &lowrank->pieces[i]);
    if (lowrank->q_floats)
        allreduce_now(lowrank->all, lowrank->q, lowrank->q_floats);
    for (int i = 0; i < lowrank->count; i++)
        decode(lowrank, &lowrank->pieces[i]);
}
