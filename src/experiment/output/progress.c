#include "threadrack/experiment/output.h"

#include "threadrack/base/memory.h"

#include "table.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct progress {
    pthread_mutex_t lock;
    const char *what;
    int total;
    double done, shown; /* shown: when the terminal's bar was drawn, or how much a line has told */
    struct timespec begun;
    char said[96];  /* what it is at, beside the bar */
    double said_s;  /* when a line has told of it */
    enum look { LOOK_QUIET, LOOK_LINES, LOOK_BAR, LOOK_COLOUR } look;
};

enum { BAR_WIDTH = 30 };

static double now_s(const struct progress *progress)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - progress->begun.tv_sec) +
           1e-9 * (double)(now.tv_nsec - progress->begun.tv_nsec);
}

struct progress *progress_start(const char *what, int total, bool quiet)
{
    struct progress *progress = memory_zeroed(1, sizeof *progress);
    const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");
    bool dumb = terminal && !strcmp(terminal, "dumb");
    pthread_mutex_init(&progress->lock, NULL);
    clock_gettime(CLOCK_MONOTONIC, &progress->begun);
    progress->what = what;
    progress->total = total > 0 ? total : 1;
    progress->look = quiet                            ? LOOK_QUIET
                     : !isatty(STDERR_FILENO) || dumb ? LOOK_LINES
                     : no_color && *no_color          ? LOOK_BAR
                                                      : LOOK_COLOUR;
    return progress;
}

/* "12 of 60 steps, 31.2 a second, 2 s left" */
static void print_words(const struct progress *progress)
{
    double elapsed = now_s(progress), rate = elapsed > 0 ? progress->done / elapsed : 0;
    fprintf(stderr, "%d of %d %s", (int)(progress->done + 1e-6), progress->total, progress->what);
    if (rate > 0)
        fprintf(stderr, ", %.*f a second, %.0f s left", rate < 10 ? 1 : 0, rate,
                (progress->total - progress->done) / rate);
}

static void draw_bar(struct progress *progress, bool last)
{
    double now = now_s(progress);
    if (!last && now - progress->shown < 0.1)
        return;
    progress->shown = now;
    int filled = (int)(BAR_WIDTH * progress->done / progress->total + 1e-6);
    bool colour = progress->look == LOOK_COLOUR;
    fprintf(stderr, "\r%s[", colour ? "\033[36m" : "");
    for (int i = 0; i < BAR_WIDTH; i++)
        fputc(i < filled ? '#' : '.', stderr);
    fprintf(stderr, "]%s ", colour ? "\033[0m" : "");
    print_words(progress);
    if (*progress->said)
        fprintf(stderr, "; %s", progress->said);
    fputs("\033[K", stderr);
}

/* A line each time that another tenth is done. */
static void tell_line(struct progress *progress)
{
    int tenth = (int)(10 * progress->done / progress->total + 1e-6);
    if (tenth <= progress->shown)
        return;
    progress->shown = tenth;
    fprintf(stderr, "%3d %%: ", 10 * tenth);
    print_words(progress);
    fputc('\n', stderr);
}

void progress_add(struct progress *progress, double more)
{
    pthread_mutex_lock(&progress->lock);
    progress->done = fmin(progress->done + more, progress->total); /* sums round */
    if (more > 0)
        *progress->said = '\0';
    if (progress->look == LOOK_LINES)
        tell_line(progress);
    else if (progress->look != LOOK_QUIET)
        draw_bar(progress, false);
    pthread_mutex_unlock(&progress->lock);
}

void progress_say_messages(struct progress *progress, int step, uint64_t messages, uint64_t posted)
{
    char words[sizeof progress->said];
    snprintf(words, sizeof words, "resolving step %d: %.3f of about %.3f million messages", step, 1e-6 * (double)messages,
             1e-6 * (double)posted);
    pthread_mutex_lock(&progress->lock);
    double now = now_s(progress);
    if (progress->look == LOOK_BAR || progress->look == LOOK_COLOUR) {
        snprintf(progress->said, sizeof progress->said, "%s", words);
        draw_bar(progress, false);
    } else if (progress->look == LOOK_LINES && now >= 2 * progress->said_s) {
        progress->said_s = now;
        fprintf(stderr, "       %s\n", words);
    }
    pthread_mutex_unlock(&progress->lock);
}

void progress_end(struct progress *progress)
{
    if (progress->look == LOOK_BAR || progress->look == LOOK_COLOUR) {
        draw_bar(progress, true);
        fputc('\n', stderr);
    }
    pthread_mutex_destroy(&progress->lock);
    free(progress);
}
