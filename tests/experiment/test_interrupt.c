/* An interrupt that cannot wait for the end of a step keeps the steps before it. */
#include "tests/strategy/fixture.h"

static void hurry(void *context, int done, int total)
{
    (void)context;
    (void)total;
    if (done >= 2)
        experiment_interrupted = experiment_hurried = 1;
}

static struct result *hurried(const char *line)
{
    struct errors errors;
    errors_init(&errors);
    struct config *config = config_of(line, &errors);
    struct result *result = experiment_run(config, this_host(), (struct seat_range){0, 1},
                                           (struct progress_hook){.tell = hurry}, &errors);
    experiment_interrupted = experiment_hurried = 0;
    CHECK_EQUAL(errors.count, 1);
    config_free(config);
    errors_release(&errors);
    return result;
}

static void steps_before_are_kept(void)
{
    static const char *const lines[] = {
        "strategy=data nodes=8 batch=64 steps=50 math=off netmodel=loggp",
        "strategy=data nodes=8 batch=64 steps=50 math=off netmodel=loggp links=off clock.threads=2",
        "strategy=hybrid nodes=8 mesh.data=2 mesh.tensor=2 mesh.pipeline=2 batch=64 steps=50 math=off netmodel=flow",
        "strategy=parameter_server nodes=5 batch=64 steps=50 math=off netmodel=loggp",
        "strategy=async_gossip nodes=6 batch=64 steps=50 math=off",
        "strategy=async_server nodes=5 batch=64 steps=50 math=off",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct result *part = hurried(lines[i]), *whole = run("%s", lines[i]);
        CHECK_EQUAL(part->status, STATUS_FAILED);
        CHECK(strstr(part->reason, "in the midst of step ") != NULL);
        CHECK(part->steps >= 1 && part->steps < 50 && !part->node);
        for (int step = 0; step < part->steps; step++) {
            CHECK_EQUAL(part->step[step].end_ps, whole->step[step].end_ps);
            CHECK_EQUAL(part->step[step].bytes_sent, whole->step[step].bytes_sent);
        }
        result_free(part);
        result_free(whole);
    }
}

SUITE("experiment: interrupt", TEST(steps_before_are_kept));
