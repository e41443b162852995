/* Files that are put in their place when they are whole. */
#include "tests/check.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/replace.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool write_word(FILE *stream, const void *context)
{
    return fputs(context, stream) >= 0;
}

static bool is_link(const char *name)
{
    struct stat about;
    return !lstat(name, &about) && S_ISLNK(about.st_mode);
}

static void check_holds(const char *name, const char *word)
{
    char held[16] = "";
    FILE *stream = fopen(name, "r");
    CHECK(stream && fgets(held, sizeof held, stream));
    CHECK_TEXT(held, word);
    if (stream)
        fclose(stream);
}

static void links_stay_and_what_they_name_is_replaced(void)
{
    char folder[] = "/tmp/threadrack-replace-XXXXXX", *back = getcwd(NULL, 0);
    struct errors errors = {0};
    CHECK(mkdtemp(folder) && !chdir(folder) && !mkdir("far", 0700));
    CHECK(!symlink("far/link", "link") && !symlink("file", "far/link"));
    CHECK(file_replace("link", write_word, "first", &errors));
    CHECK(file_replace("link", write_word, "second", &errors));
    CHECK(is_link("link") && is_link("far/link"));
    check_holds("far/file", "second");
    CHECK(!symlink("circle", "circle") && !file_replace("circle/x", write_word, "third", &errors));
    CHECK_EQUAL(errors.status, STATUS_FAILED);
    CHECK(!unlink("circle") && !unlink("link") && !unlink("far/link") && !unlink("far/file"));
    CHECK(!rmdir("far") && !chdir(back) && !rmdir(folder));
    errors_release(&errors);
    free(back);
}

/* Nothing takes the place of what is no file. */
static void a_pipe_is_written_into(void)
{
    char folder[] = "/tmp/threadrack-replace-XXXXXX", held[16] = "";
    struct errors errors = {0};
    CHECK(mkdtemp(folder) != NULL);
    char *name = memory_text("%s/pipe", folder);
    CHECK(!mkfifo(name, 0600));
    int end = open(name, O_RDONLY | O_NONBLOCK);
    CHECK(file_replace(name, write_word, "word", &errors));
    CHECK_EQUAL(read(end, held, sizeof held), 4);
    CHECK_TEXT(held, "word");
    close(end);
    CHECK(!unlink(name) && !rmdir(folder));
    free(name);
    errors_release(&errors);
}

SUITE("base: replace", TEST(a_pipe_is_written_into), TEST(links_stay_and_what_they_name_is_replaced));
