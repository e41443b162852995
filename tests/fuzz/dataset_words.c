/* What stands behind a synthetic set's name; the first byte chooses the set. */
#include "tests/fuzz/dataset.h"

static void try_bytes(const uint8_t *bytes, size_t length)
{
    static const char *const members[] = {"blobs", "teacher", "images", "tokens", "digits"};
    if (!length)
        return;
    struct errors errors = {0};
    char *text = malloc(length + 16);
    sprintf(text, "%s:%.*s", members[bytes[0] % 5], (int)length - 1, (const char *)bytes + 1);
    struct dataset_request request = {
        .text = text, .where = "fuzz", .context = FUZZ_CONTEXT, .shapes_only = true};
    struct dataset *set = dataset_open(&request, &errors);
    if (!set == !errors.count)
        abort();
    dataset_free(set);
    free(text);
    errors_release(&errors);
}

FUZZ_TARGET(dataset_words, try_bytes);
