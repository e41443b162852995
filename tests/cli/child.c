#include "child.h"

#include "tests/check.h"
#include "threadrack/base/memory.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_WORDS = 32 };

static char *find_program(void)
{
    char tests[PATH_MAX] = "", *named = getenv("THREADRACK");
    if (named)
        return realpath(named, NULL);
    CHECK_FATAL(readlink("/proc/self/exe", tests, sizeof tests - 1) > 0);
    *strrchr(tests, '/') = 0;
    return memory_text("%s/threadrack", tests);
}

/* The child runs elsewhere, and shall find the shipped clusters all the same. */
static void name_topologies(void)
{
    char *topologies = realpath("topologies", NULL);
    if (topologies)
        setenv("THREADRACK_TOPOLOGIES", topologies, 0);
    free(topologies);
}

void bench_open(struct bench *bench, const struct fixture *fixtures)
{
    strcpy(bench->folder, "/tmp/threadrack.XXXXXX");
    CHECK_FATAL(mkdtemp(bench->folder) != NULL);
    bench->program = find_program();
    CHECK_FATAL(bench->program && !access(bench->program, X_OK));
    name_topologies();
    for (; fixtures->name; fixtures++) {
        char *path = memory_text("%s/%s", bench->folder, fixtures->name);
        size_t size = fixtures->size ? fixtures->size : strlen(fixtures->bytes);
        FILE *file = fopen(path, "w");
        CHECK_FATAL(file && fwrite(fixtures->bytes, 1, size, file) == size && !fclose(file));
        free(path);
    }
}

void bench_close(struct bench *bench)
{
    char *command = memory_text("rm -r %s", bench->folder);
    CHECK(system(command) == 0);
    free(command);
    free(bench->program);
}

int bench_entries(const struct bench *bench)
{
    int count = 0;
    DIR *folder = opendir(bench->folder);
    while (folder && readdir(folder))
        count++;
    if (folder)
        closedir(folder);
    return count;
}

/* Cuts the text into words, in place. */
static void split(char *text, char **words)
{
    int count = 1; /* the program's name is first */
    while (*(text += strspn(text, " ")) && count < MOST_WORDS) {
        bool quoted = *text == '\'';
        words[count++] = text += quoted;
        text += strcspn(text, quoted ? "'" : " ");
        if (*text)
            *text++ = 0;
    }
    words[count] = NULL;
}

static void become(const struct bench *bench, char **words, const int *pipes)
{
    int nothing = open("/dev/null", O_RDONLY);
    bool ready = !chdir(bench->folder) && dup2(nothing, STDIN_FILENO) >= 0 &&
                 dup2(pipes[0], STDOUT_FILENO) >= 0 && dup2(pipes[1], STDERR_FILENO) >= 0;
    if (ready)
        execv(bench->program, words);
    _exit(127);
}

static void read_back(int descriptor, char *out, size_t room)
{
    ssize_t got = pread(descriptor, out, room - 1, 0);
    out[got > 0 ? got : 0] = 0;
    close(descriptor);
}

/* What the child says goes to files without a name, so that it is never blocked. */
static int unnamed_file(void)
{
    char path[] = "/tmp/threadrack.XXXXXX";
    int descriptor = mkstemp(path);
    CHECK_FATAL(descriptor >= 0 && !unlink(path));
    return descriptor;
}

/* Of a program with coroutines ASan says a line, which has the process's number in it. */
static void forget_asans_warning(char *said)
{
    char *line = strstr(said, "WARNING: ASan doesn't fully support makecontext");
    while (line && line > said && line[-1] != '\n')
        line--;
    char *next = line ? strchr(line, '\n') : NULL;
    if (next)
        memmove(line, next + 1, strlen(next));
}

void bench_run(const struct bench *bench, const char *words, struct outcome *outcome)
{
    char *text = memory_text("%s", words), *split_words[MOST_WORDS + 1] = {bench->program};
    int said[2] = {unnamed_file(), unnamed_file()}, status = 0;
    split(text, split_words);
    pid_t child = fork();
    if (child == 0)
        become(bench, split_words, said);
    CHECK_FATAL(child > 0 && waitpid(child, &status, 0) == child);
    outcome->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    read_back(said[0], outcome->out, sizeof outcome->out);
    read_back(said[1], outcome->err, sizeof outcome->err);
    forget_asans_warning(outcome->err);
    free(text);
}

void bench_ends(const struct bench *bench, const char *words, struct outcome *outcome, int code)
{
    bench_run(bench, words, outcome);
    if (outcome->code != code)
        fprintf(stderr, "\n`threadrack %s` exited with %d and said:\n%s", words, outcome->code, outcome->err);
    CHECK_EQUAL(outcome->code, code);
}

char *bench_read(const struct bench *bench, const char *name)
{
    char *path = memory_text("%s/%s", bench->folder, name);
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t size = 0;
    if (file) {
        if (getdelim(&text, &size, 0, file) < 0 && text)
            *text = 0;
        fclose(file);
    }
    free(path);
    return text;
}
