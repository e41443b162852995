/* Runs a function in a forked child, so that what it does to its process stays there. */
#ifndef THREADRACK_TESTS_HOST_CHILD_H
#define THREADRACK_TESTS_HOST_CHILD_H

#include <dirent.h>
#include <sys/wait.h>
#include <unistd.h>

static inline int thread_count(void)
{
    int count = -2; /* . and .. */
    DIR *folder = opendir("/proc/self/task");
    while (folder && readdir(folder))
        count++;
    if (folder)
        closedir(folder);
    return count;
}

/* The threads of an earlier team may still be ending, and ThreadSanitizer wants none at a fork. It
 * has one of its own, so patience ends after a fifth of a second. */
static inline void wait_for_other_threads(void)
{
    for (int i = 0; i < 20 && thread_count() > 1; i++)
        usleep(10000);
}

/* What the function returned (0 to 255), or -1 when the child died of a signal. */
static inline int in_child(int (*function)(void))
{
    wait_for_other_threads();
    pid_t child = fork();
    if (child == 0)
        _exit(function());
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}

#endif
