#include "peer.h"

#include "threadrack/base/memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERIAL_OPENBLAS "/usr/lib/x86_64-linux-gnu/openblas-serial"

struct peer {
    pid_t process;
    FILE *ask, *answer;
};

/* OpenBLAS 0.3.21 knows many AVX-512 processors, but not those of virtual machines. */
static const char *openblas_kernels(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") ? "SkylakeX"
                                                                                   : "Haswell";
}

static void tune(void)
{
    setenv("LD_LIBRARY_PATH", SERIAL_OPENBLAS, 1);
    setenv("OPENBLAS_CORETYPE", openblas_kernels(), 1);
    setenv("OMP_NUM_THREADS", "1", 1);
    setenv("MALLOC_MMAP_THRESHOLD_", "1000000000", 1);
    setenv("MALLOC_TRIM_THRESHOLD_", "2000000000", 1);
    setenv("MALLOC_TOP_PAD_", "100000000", 1);
}

static void become_python(const int *to, const int *from, const char *model, size_t batch,
                          bool tuned)
{
    char rows[24];
    snprintf(rows, sizeof rows, "%zu", batch);
    dup2(to[0], STDIN_FILENO);
    dup2(from[1], STDOUT_FILENO);
    if (tuned)
        tune();
    execl("/usr/bin/python3", "python3", "tests/bench/torch_steps.py", model, rows, NULL);
    _exit(127);
}

/* Closed on exec: a second peer that kept the first one's pipe open would keep it from ending. */
static struct peer *fork_peer(const char *model, size_t batch, bool tuned)
{
    int to[2], from[2];
    if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
        return NULL;
    struct peer *peer = memory_zeroed(1, sizeof *peer);
    peer->process = fork();
    if (peer->process == 0)
        become_python(to, from, model, batch, tuned);
    close(to[0]);
    close(from[1]);
    peer->ask = fdopen(to[1], "w");
    peer->answer = fdopen(from[0], "r");
    return peer;
}

struct peer *peer_start(const char *model, size_t batch, bool tuned)
{
    char line[64] = "";
    if (tuned && access(SERIAL_OPENBLAS "/libblas.so.3", R_OK)) {
        printf("  no tuned PyTorch here: that takes libopenblas0-serial\n");
        return NULL;
    }
    if (system("/usr/bin/python3 -c 'import torch' 2>/dev/null")) {
        printf("  no PyTorch here to be timed beside: that takes python3-torch\n");
        return NULL;
    }
    struct peer *peer = fork_peer(model, batch, tuned);
    if (peer && fgets(line, sizeof line, peer->answer) && !strcmp(line, "ready\n"))
        return peer;
    printf("  PyTorch did not start: run tests/bench/torch_steps.py %s %zu\n", model, batch);
    if (peer)
        peer_stop(peer);
    return NULL;
}

double peer_seconds(struct peer *peer)
{
    double seconds = 0;
    fprintf(peer->ask, "go\n");
    fflush(peer->ask);
    return fscanf(peer->answer, "%lf", &seconds) == 1 ? seconds : 0;
}

void peer_stop(struct peer *peer)
{
    fclose(peer->ask);
    fclose(peer->answer);
    waitpid(peer->process, NULL, 0);
    free(peer);
}
