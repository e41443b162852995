/* Every training row is in one part exactly, whatever the member; and each member is skewed as it says. */
#include "tests/check.h"

#include "threadrack/base/memory.h"
#include "threadrack/data/partition.h"

#include <stdlib.h>
#include <unistd.h>

static struct dataset *digits(void)
{
    struct errors errors;
    errors_init(&errors);
    struct dataset_request request = {.text = "digits", .where = "test", .seed = 1};
    struct dataset *data = dataset_open(&request, &errors);
    CHECK_FATAL(data != NULL);
    errors_release(&errors);
    return data;
}

static struct partition *parted(const char *text, const struct dataset *data, int parts, uint64_t seed)
{
    struct partition_spec spec;
    struct errors errors;
    errors_init(&errors);
    CHECK_FATAL(partition_parse(&spec, text, seed, "test", &errors));
    struct partition *made = partition_create(&spec, data, parts, "test", &errors);
    errors_print(&errors, stderr);
    partition_spec_release(&spec);
    errors_release(&errors);
    return made;
}

static void every_row_is_somewhere_once(void)
{
    static const char *const words[] = {"iid", "shards", "shards:per_node=3", "dirichlet:alpha=0.3",
                                        "dirichlet:alpha=100", "labels:per_node=3", "quantity",
                                        "quantity:alpha=1", "feature"};
    struct dataset *data = digits();
    char *seen = memory_zeroed(data->train_rows, 1);
    for (size_t w = 0; w < sizeof words / sizeof *words; w++)
        for (int parts = 4; parts <= 30; parts += 13) {
            struct partition *made = parted(words[w], data, parts, 5);
            CHECK_FATAL(made != NULL);
            memset(seen, 0, data->train_rows);
            for (int part = 0; part < parts; part++)
                for (size_t i = made->begin[part]; i < made->begin[part + 1]; i++) {
                    CHECK(i == made->begin[part] || made->rows[i] > made->rows[i - 1]);
                    seen[made->rows[i]]++;
                }
            CHECK_EQUAL(made->begin[parts], data->train_rows);
            for (size_t row = 0; row < data->train_rows; row++)
                CHECK_EQUAL(seen[row], 1);
            struct partition *again = parted(words[w], data, parts, 5);
            struct partition *other = parted(words[w], data, parts, 6);
            size_t bytes = data->train_rows * sizeof *made->rows;
            CHECK(!memcmp(made->rows, again->rows, bytes));
            CHECK(memcmp(made->rows, other->rows, bytes));
            partition_free(made);
            partition_free(again);
            partition_free(other);
        }
    free(seen);
    dataset_free(data);
}

static int labels_had(const struct skew *skew, int part)
{
    int count = 0;
    for (size_t label = 0; label < skew->classes; label++)
        count += skew->counts[(size_t)part * skew->classes + label] > 0;
    return count;
}

static void shards_and_labels_limit_what_a_node_sees(void)
{
    struct dataset *data = digits();
    struct partition *shards = parted("shards", data, 10, 1), *labels = parted("labels", data, 10, 1);
    struct skew *a = skew_measure(shards, data), *b = skew_measure(labels, data);
    for (int part = 0; part < 10; part++) {
        CHECK(labels_had(a, part) <= 4); /* a shard may lie over a label's end */
        CHECK_EQUAL(labels_had(b, part), 2);
        CHECK(partition_rows(shards, part) >= 142 && partition_rows(shards, part) <= 145);
        CHECK(b->total_variation[part] > 0.7 && b->total_variation[part] < 0.9);
    }
    skew_free(a);
    skew_free(b);
    partition_free(shards);
    partition_free(labels);
    dataset_free(data);
}

static double mean_distance(const char *words, const struct dataset *data)
{
    struct partition *made = parted(words, data, 8, 1);
    struct skew *skew = skew_measure(made, data);
    double sum = 0;
    size_t rows = 0;
    for (int part = 0; part < 8; part++) {
        sum += skew->total_variation[part] / 8;
        CHECK(skew->rows[part] >= 10);
        rows += skew->rows[part];
    }
    CHECK_EQUAL(rows, data->train_rows);
    skew_free(skew);
    partition_free(made);
    return sum;
}

static void alpha_is_skew(void)
{
    struct dataset *data = digits();
    double little = mean_distance("dirichlet:alpha=100", data), some = mean_distance("dirichlet:alpha=1", data),
           much = mean_distance("dirichlet:alpha=0.1", data);
    CHECK(little < 0.12 && some > 0.2 && some < 0.5 && much > 0.6);
    dataset_free(data);
}

static void sizes_follow_zipf(void)
{
    struct dataset *data = digits();
    struct partition *made = parted("quantity:zipf=1,least=1", data, 4, 1);
    double unit = (double)(data->train_rows - 4) / (1 + 1.0 / 2 + 1.0 / 3 + 1.0 / 4);
    for (int part = 0; part < 4; part++)
        CHECK_NEAR((double)partition_rows(made, part), 1 + unit / (part + 1), 1);
    partition_free(made);
    dataset_free(data);
}

static void nodes_draw_their_own_rows_in_epochs_of_their_own(void)
{
    struct dataset *data = digits();
    struct partition *made = parted("dirichlet:alpha=0.3", data, 5, 2);
    struct loader *loader = loader_create(data, true, 64, 1);
    loader_part(loader, made);
    for (int part = 0; part < 5; part++) {
        size_t rows = partition_rows(made, part);
        int32_t *labels = memory_zeroed(2 * rows, sizeof *labels), sums[3][10] = {0};
        loader_fill_part(loader, part, 0, rows, NULL, labels);
        loader_fill_part(loader, part, rows, rows, NULL, labels + rows);
        for (size_t i = 0; i < 2 * rows; i++)
            sums[i / rows][labels[i]]++;
        for (size_t i = made->begin[part]; i < made->begin[part + 1]; i++) {
            int32_t label;
            dataset_copy_targets(data, made->rows[i], &label);
            sums[2][label]++;
        }
        CHECK(!memcmp(sums[0], sums[2], sizeof sums[0]));
        CHECK(!memcmp(sums[1], sums[2], sizeof sums[0]));
        CHECK(memcmp(labels, labels + rows, rows * sizeof *labels)); /* another order */
        free(labels);
    }
    loader_free(loader);
    partition_free(made);
    dataset_free(data);
}

static void features_of_later_nodes_are_noisier(void)
{
    struct dataset *data = digits();
    struct partition *made = parted("feature:sigma=0.5", data, 4, 2);
    struct loader *loader = loader_create(data, false, 64, 1);
    loader_part(loader, made);
    for (int part = 0; part < 4; part++) {
        float noisy[64], clean[64];
        double sum = 0;
        size_t rows = partition_rows(made, part);
        for (size_t i = 0; i < rows; i++) {
            loader_fill_part(loader, part, i, 1, noisy, NULL);
            dataset_copy_input(data, made->rows[made->begin[part] + i], clean);
            for (int k = 0; k < 64; k++)
                sum += ((double)noisy[k] - (double)clean[k]) * ((double)noisy[k] - (double)clean[k]);
        }
        CHECK_NEAR(sum / (double)(64 * rows), 0.5 * (part + 1) / 4, 0.02);
    }
    loader_free(loader);
    partition_free(made);
    dataset_free(data);
}

static void a_file_says_who_has_what(void)
{
    struct dataset *data = digits();
    char path[] = "/tmp/threadrack-part-XXXXXX.csv", words[64];
    int file = mkstemps(path, 4);
    CHECK_FATAL(file >= 0);
    dprintf(file, "row,node\n");
    for (size_t row = 0; row < data->train_rows; row++)
        dprintf(file, "%zu,%zu\n", row, row % 7 == 0 ? (size_t)1 : (size_t)0);
    close(file);
    snprintf(words, sizeof words, "file:%s", path);
    struct partition *made = parted(words, data, 2, 1);
    CHECK_EQUAL(partition_rows(made, 1), (data->train_rows + 6) / 7);
    CHECK_EQUAL(made->rows[made->begin[1] + 3], 21);
    unlink(path);
    partition_free(made);
    dataset_free(data);
}

SUITE("data: partitions", TEST(every_row_is_somewhere_once),
      TEST(shards_and_labels_limit_what_a_node_sees), TEST(alpha_is_skew), TEST(sizes_follow_zipf),
      TEST(nodes_draw_their_own_rows_in_epochs_of_their_own),
      TEST(features_of_later_nodes_are_noisier), TEST(a_file_says_who_has_what));
