/* Runs a function in a forked child, so that what it does to its process stays there. */
#ifndef THREADRACK_TESTS_HOST_CHILD_H
#define THREADRACK_TESTS_HOST_CHILD_H

#include <sys/wait.h>
#include <unistd.h>

/* What the function returned (0 to 255), or -1 when the child died of a signal. */
static inline int in_child(int (*function)(void))
{
    pid_t child = fork();
    if (child == 0)
        _exit(function());
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}

#endif
