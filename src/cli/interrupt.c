#include "interrupt.h"

#include "threadrack/experiment/experiment.h"

#include <signal.h>
#include <unistd.h>

static void take(int number)
{
    static const char words[] =
        "\nthreadrack: interrupted; ends after this step (again: at once)\n";
    experiment_interrupted = 1;
    signal(number == SIGINT ? SIGTERM : SIGINT, SIG_DFL); /* its own is reset by SA_RESETHAND */
    ssize_t written = write(STDERR_FILENO, words, sizeof words - 1);
    (void)written;
}

void interrupt_catch(void)
{
    struct sigaction action = {.sa_handler = take, .sa_flags = SA_RESETHAND | SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}
