/* A rack of real ranks for the tests of this floor: it is made, set up, opened on this host's
 * cores, and runs a body on a thread a rank. CUnit's checks are not for threads: a body leaves what
 * it saw in the scene, and the test checks that. */
#ifndef TESTS_RANK_FIXTURE_H
#define TESTS_RANK_FIXTURE_H

#include "tests/check.h"
#include "tests/clock/fixture.h"
#include "threadrack/math/math.h"
#include "threadrack/rank/post.h"

#include <stdlib.h>

enum { RANKS_MOST = 16 };

struct scene {
    struct cluster *cluster;
    struct host *host;
    struct rack *rack;
    struct group *all;
    struct errors errors;
};

static inline struct scene scene_of(int ranks)
{
    char nodes[32];
    int members[RANKS_MOST];
    struct scene scene = {0};
    errors_init(&scene.errors);
    snprintf(nodes, sizeof nodes, "nodes=%d", ranks);
    scene.cluster = CLUSTER(nodes);
    scene.host = host_open(&scene.errors);
    bool good = math_start("auto", &scene.errors);
    errors_print(&scene.errors, stderr);
    CHECK_FATAL(good && scene.cluster && scene.host);
    scene.rack = rack_create(scene.cluster, netmodel_named("flow"), compute_costs[0], ranks);
    for (int i = 0; i < ranks; i++)
        members[i] = i;
    scene.all = rack_group(scene.rack, members, ranks, false);
    return scene;
}

/* After the set-up, if there is any: opens the rack on these cores, runs, and finishes. */
static inline void scene_run_on(struct scene *scene, int first_core, int cores,
                                void (*body)(void *argument, struct rank *self), void *argument)
{
    bool good = rack_open(scene->rack, scene->host, first_core, cores, 0, &scene->errors) &&
                rack_run(scene->rack, body, argument, &scene->errors) &&
                rack_finish(scene->rack, &scene->errors);
    errors_print(&scene->errors, stderr);
    CHECK(good);
}

static inline void scene_run(struct scene *scene, void (*body)(void *argument, struct rank *self),
                             void *argument)
{
    scene_run_on(scene, 0, host_core_count(scene->host), body, argument);
}

static inline void scene_release(struct scene *scene)
{
    rack_free(scene->rack);
    cluster_free(scene->cluster);
    host_close(scene->host);
    errors_release(&scene->errors);
}

#endif
