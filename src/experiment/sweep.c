#include "threadrack/experiment/sweep.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/share.h"
#include "threadrack/cluster/cluster.h"
#include "threadrack/experiment/output.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

void sweep_init(struct sweep *sweep)
{
    *sweep = (struct sweep){0};
}

void sweep_release(struct sweep *sweep)
{
    for (int i = 0; i < sweep->count; i++) {
        struct point *point = &sweep->points[i];
        config_free(point->config);
        if (point->result)
            result_free(point->result);
        errors_release(&point->errors);
    }
    for (int i = 0; i < sweep->key_count; i++)
        free(sweep->keys[i]);
    free(sweep->points);
    free(sweep->keys);
    sweep_init(sweep);
}

void sweep_add_key(struct sweep *sweep, const char *key)
{
    for (int i = 0; i < sweep->key_count; i++)
        if (!strcmp(sweep->keys[i], key))
            return;
    *vector_push(&sweep->keys, &sweep->key_count, &sweep->key_room) = memory_text("%s", key);
}

/* The keys of a cluster file have one value each: a sweep of them is said where the sweep is. */
static bool read_cluster(struct config *point, struct errors *errors)
{
    if (!cluster_read(point, errors))
        return false;
    return !config_swept_count(point) ||
           errors_add(errors,
                      "the cluster file gives '%s' several values; sweep it in the experiment",
                      config_swept_key(point, 0));
}

/* What a run writes, besides rows. */
static const char *const files[] = {"trace", "save"};
enum { FILES = sizeof files / sizeof *files };

/* A file for each run: run 3 of a sweep writes x-3.json.gz where x.json.gz is asked for. */
static void number_file(struct config *point, const char *key, int run)
{
    const char *name = config_text(point, key), *slash = strrchr(name, '/');
    const char *base = slash ? slash + 1 : name;
    size_t stem = (size_t)(base - name) + strcspn(base, ".");
    char *numbered = memory_text("%.*s-%d%s", (int)stem, name, run, name + stem);
    config_amend(point, key, numbered);
    free(numbered);
}

static void number_files(struct sweep *sweep)
{
    for (int i = 0; i < sweep->count && sweep->count > 1; i++)
        for (int file = 0; file < FILES; file++)
            if (config_is_set(sweep->points[i].config, files[file]))
                number_file(sweep->points[i].config, files[file], i);
}

static bool files_have_one_name(const struct config *config, struct errors *errors)
{
    for (int i = 0; i < config_swept_count(config); i++)
        for (int file = 0; file < FILES; file++)
            if (!strcmp(config_swept_key(config, i), files[file]))
                return errors_add(errors,
                                  "%s has several values: one is enough, since each run of a sweep "
                                  "puts its number into the file's name",
                                  files[file]);
    return true;
}

bool sweep_add(struct sweep *sweep, const struct config *config, bool zip, struct errors *errors)
{
    long count = config_point_count(config, zip, errors);
    bool good = count >= 0;
    if (!files_have_one_name(config, errors))
        return false;
    for (int i = 0; i < config_swept_count(config); i++)
        sweep_add_key(sweep, config_swept_key(config, i));
    for (long i = 0; good && i < count; i++) {
        struct point *point = vector_push(&sweep->points, &sweep->count, &sweep->room);
        point->config = config_point(config, i, zip);
        good = read_cluster(point->config, errors);
    }
    return good;
}

/* BLIS's kernels are chosen once for the whole program. */
static bool same_kernels(const struct sweep *sweep, struct errors *errors)
{
    const char *first = config_text(sweep->points[0].config, "math.kernel");
    for (int i = 1; i < sweep->count; i++) {
        const struct config *point = sweep->points[i].config;
        if (strcmp(config_text(point, "math.kernel"), first))
            return errors_add(errors, "%s: jobs run with the same kernels; use --jobs 1",
                              config_where(point, "math.kernel"));
    }
    return true;
}

bool sweep_allows(const struct sweep *sweep, int jobs, struct errors *errors)
{
    if (jobs < 2 || !sweep->count)
        return true;
    for (int i = 0; i < sweep->count; i++) {
        const struct config *point = sweep->points[i].config;
        if (!strncmp(config_text(point, "compute"), "measured", strlen("measured")))
            return errors_add(errors,
                              "%s: jobs would disturb each other's measurements; use --jobs 1",
                              config_where(point, "compute"));
    }
    return same_kernels(sweep, errors);
}

/* ---- Running: jobs take points in order until none is left. ---- */

struct work_list {
    struct sweep *sweep;
    struct sweep_way way;
    struct progress *progress; /* of a run alone: NULL until it tells how many steps it has */
    atomic_int next;
    atomic_bool broken; /* the output cannot be written */
};

struct job {
    pthread_t thread;
    struct work_list *list;
    struct seat_range seats;
};

struct telling { /* one run's steps, as fractions of a sweep's progress or, alone, as they are */
    struct work_list *list;
    pthread_mutex_t lock;
    double told;
};

static void tell(void *context, int done, int total)
{
    struct telling *telling = context;
    struct work_list *list = telling->list;
    bool alone = list->sweep->count == 1;
    double reached = alone ? done : total > 0 ? (double)done / total : 0;
    pthread_mutex_lock(&telling->lock);
    if (!list->progress)
        list->progress = progress_start("steps", total, list->way.quiet);
    if (reached > telling->told) {
        progress_add(list->progress, reached - telling->told);
        telling->told = reached;
    }
    pthread_mutex_unlock(&telling->lock);
}

static void resolving(void *context, int done, int total, uint64_t messages, uint64_t posted)
{
    struct telling *telling = context;
    struct work_list *list = telling->list;
    if (list->sweep->count > 1)
        return;
    tell(context, done, total);
    progress_say_messages(list->progress, done + 1, messages, posted);
}

static void run_point(struct job *job, int index)
{
    struct work_list *list = job->list;
    struct point *point = &list->sweep->points[index];
    struct telling telling = {.list = list};
    pthread_mutex_init(&telling.lock, NULL);
    struct progress_hook progress = {.tell = tell, .resolving = resolving, .context = &telling};
    point->result = list->way.only_skew ? experiment_skew(point->config, &point->errors)
                                        : experiment_run(point->config, list->way.host, job->seats,
                                                         progress, &point->errors);
    if (list->way.output && !output_add(list->way.output, index, point->result))
        list->broken = true;
    if (list->sweep->count > 1 && !experiment_interrupted)
        progress_add(list->progress, 1 - telling.told);
    pthread_mutex_destroy(&telling.lock);
}

static void *work(void *argument)
{
    struct job *job = argument;
    struct work_list *list = job->list;
    while (!experiment_interrupted && !list->broken) {
        int index = list->next++;
        if (index >= list->sweep->count)
            break;
        run_point(job, index);
    }
    return NULL;
}

static struct seat_range seats_of(struct sweep_way way, int job)
{
    int cores = host_core_count(way.host);
    struct share share = share_of((size_t)cores, (size_t)way.jobs, (size_t)job);
    if (way.jobs > cores)
        return (struct seat_range){.first_core = 0, .cores = cores};
    return (struct seat_range){.first_core = (int)share.begin, .cores = (int)share.count};
}

bool sweep_run(struct sweep *sweep, struct sweep_way way)
{
    int cores = host_core_count(way.host);
    way.jobs = way.jobs < sweep->count ? way.jobs : sweep->count;
    number_files(sweep);
    struct work_list list = {.sweep = sweep, .way = way};
    struct job *jobs = memory_zeroed((size_t)way.jobs, sizeof *jobs);
    if (way.jobs > cores && !way.quiet)
        fprintf(stderr, "threadrack: %d jobs share %d core%s\n", way.jobs, cores,
                cores == 1 ? "" : "s");
    if (sweep->count > 1)
        list.progress = progress_start("runs", sweep->count, way.quiet);
    int started = 1; /* this thread works too, so that one is always there */
    for (int i = 0; i < way.jobs; i++)
        jobs[i] = (struct job){.list = &list, .seats = seats_of(way, i)};
    while (started < way.jobs && !pthread_create(&jobs[started].thread, NULL, work, &jobs[started]))
        started++;
    if (way.jobs)
        work(&jobs[0]);
    for (int i = 1; i < started; i++)
        pthread_join(jobs[i].thread, NULL);
    if (list.progress)
        progress_end(list.progress);
    free(jobs);
    return !list.broken;
}
