/* Synthetic sets: drawn once or row by row they are the same, and there is in them what there is
 * said to be. */
#include "tests/data/fixture.h"

#include <stdlib.h>

/* Rows of a set that is kept in memory are the first of one that is too large to be kept. */
static void small_and_large_are_the_same(void)
{
    static const char *const members[] = {"blobs", "teacher", "teacher:target=real", "images",
                                          "tokens"};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const char *between = strchr(members[i], ':') ? "," : ":";
        struct dataset *small = fixture_open("%s%srows=30", members[i], between);
        struct dataset *large = fixture_open("%s%srows=1000000000000", members[i], between);
        CHECK(small->state != NULL && small->input != large->input);
        fixture_check_rows(small, large);
        int32_t *far = fixture_row(large, 999999999999), *low = fixture_row(large, 3567587327);
        CHECK(memcmp(far, low, large->width * sizeof *far)); /* equal but for the upper 32 bits */
        free(far);
        free(low);
        dataset_free(small);
        dataset_free(large);
    }
}

static void seeds_differ(void)
{
    struct errors errors;
    errors_init(&errors);
    struct dataset_request request = {.text = "teacher", .where = "data", .seed = 6};
    struct dataset *other = dataset_open(&request, &errors), *set = fixture_open("teacher");
    CHECK(value_at(set, 0, 0) != value_at(other, 0, 0));
    dataset_free(set);
    dataset_free(other);
}

static void classes_are_about_equally_frequent(void)
{
    static const char *const members[] = {"blobs:classes=5", "teacher:outputs=5,hidden=100",
                                          "images:classes=5,size=8"};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        struct dataset *set = fixture_open("%s,rows=5000", members[i]);
        size_t counts[5] = {0};
        for (size_t row = 0; row < set->rows; row++)
            counts[label_at(set, row)]++;
        for (int j = 0; j < 5; j++)
            CHECK(counts[j] > 500 && counts[j] < 1500);
        dataset_free(set);
    }
}

static void noise_is_as_large_as_asked(void)
{
    struct dataset *clean = fixture_open("images:noise=0,rows=1000,size=8"),
                   *noisy = fixture_open("images:noise=0.5,rows=1000,size=8");
    double sum = 0, squares = 0, pattern = 0, count = 0;
    for (size_t row = 0; row < clean->rows; row++)
        for (size_t i = 0; i < clean->width; i += 7, count++) {
            double noise = value_at(noisy, row, i) - value_at(clean, row, i);
            sum += noise;
            squares += noise * noise;
            pattern += pow(value_at(clean, row, i), 2);
        }
    CHECK_NEAR(sum / count, 0, 0.02);
    CHECK_NEAR(squares / count, 0.25, 0.02);
    CHECK_NEAR(pattern / count, 1, 0.4);
    dataset_free(clean);
    dataset_free(noisy);
}

/* A move is a move: an image without noise is found in the larger one without a shift. */
static void images_are_moved_patterns(void)
{
    struct dataset *set = fixture_open("images:noise=0,classes=1,size=5,shift=1,rows=200");
    size_t different = 0;
    for (size_t row = 1; row < set->rows; row++)
        different += value_at(set, row, 12) != value_at(set, 0, 12);
    CHECK(different > 100 && different < 199);
    dataset_free(set);
}

/* The chance that a token's most frequent follower comes next: (1 - noise) / 2 and more. */
static void chains_can_be_learnt(void)
{
    enum { TOKENS = 16 };
    struct dataset *set = fixture_open("tokens:vocabulary=16,rows=5000,noise=0.2");
    static size_t counts[TOKENS][TOKENS];
    size_t likeliest = 0, all = set->rows * set->width;
    for (size_t row = 0; row < set->rows; row++) {
        int32_t *tokens = fixture_row(set, row);
        for (size_t i = 0; i < set->width; i++)
            counts[tokens[i]][tokens[set->width + i]]++;
        CHECK(!memcmp(tokens + 1, tokens + set->width, (set->width - 1) * sizeof *tokens));
        free(tokens);
    }
    for (int i = 0; i < TOKENS; i++) {
        size_t most = 0;
        for (int j = 0; j < TOKENS; j++)
            most = counts[i][j] > most ? counts[i][j] : most;
        likeliest += most;
    }
    CHECK(likeliest > all * 40 / 100 && likeliest < all * 65 / 100);
    dataset_free(set);
}

static void a_teacher_without_noise_is_a_function(void)
{
    struct dataset *values = fixture_open("teacher:target=real,outputs=3,rows=100"),
                   *labels = fixture_open("teacher:outputs=3,rows=100");
    for (size_t row = 0; row < values->rows; row++) {
        int largest = 0;
        for (int i = 1; i < 3; i++)
            if (target_at(values, row, (size_t)i) > target_at(values, row, (size_t)largest))
                largest = i;
        CHECK_EQUAL(label_at(labels, row), largest);
        CHECK(value_at(values, row, 5) == value_at(labels, row, 5));
    }
    dataset_free(values);
    dataset_free(labels);
}

SUITE("data: synthetic sets", TEST(small_and_large_are_the_same), TEST(seeds_differ),
      TEST(classes_are_about_equally_frequent), TEST(noise_is_as_large_as_asked),
      TEST(images_are_moved_patterns), TEST(chains_can_be_learnt),
      TEST(a_teacher_without_noise_is_a_function));
