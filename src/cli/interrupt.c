#include "interrupt.h"

#include "threadrack/experiment/experiment.h"

#include <signal.h>
#include <unistd.h>

static void take(int number)
{
    static const char words[] =
        "\nthreadrack: interrupted; ends after this step, of math=off within a second (again: at once)\n";
    experiment_interrupted = 1;
    alarm(1);
    signal(number == SIGINT ? SIGTERM : SIGINT, SIG_DFL); /* its own is reset by SA_RESETHAND */
    ssize_t written = write(STDERR_FILENO, words, sizeof words - 1);
    (void)written;
}

/* The step is a long one. */
static void hurry(int number)
{
    (void)number;
    experiment_hurried = 1;
}

void interrupt_catch(void)
{
    struct sigaction action = {.sa_handler = take, .sa_flags = SA_RESETHAND | SA_RESTART};
    struct sigaction alarmed = {.sa_handler = hurry, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigemptyset(&alarmed.sa_mask);
    sigaction(SIGALRM, &alarmed, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}
