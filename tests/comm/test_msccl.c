/* MSCCL's files: their results and times, and what is wrong with wrong ones. */
#include "tests/comm/trial.h"

#include "threadrack/comm/algorithms.h"
#include "threadrack/comm/msccl.h"

#include <unistd.h>

#define FOLDER "tests/fuzz/corpus/msccl_xml/"

static struct msccl *loaded(const char *file, const char *operation)
{
    struct errors errors;
    errors_init(&errors);
    char path[128];
    snprintf(path, sizeof path, FOLDER "%s.xml", file);
    struct msccl *msccl = msccl_load(path, operation, "test", &errors);
    errors_print(&errors, stderr);
    errors_release(&errors);
    CHECK_FATAL(msccl != NULL);
    return msccl;
}

static const struct {
    const char *file, *operation;
    bool rooted;
} files[] = {
    {"ring-4", "allreduce", false},         {"allpairs-4", "allreduce", false},
    {"allgather-in-4", "allgather", false}, {"allgather-out-4", "allgather", false},
    {"rs-in-4", "reduce_scatter", false},   {"rs-out-4", "reduce_scatter", false},
    {"alltoall-4", "alltoall", false},      {"broadcast-out-4", "broadcast", true},
    {"reduce-4", "reduce", true},           {"gather-4", "gather", true},
    {"scatter-4", "scatter", true},         {"shuffled-3", "allreduce", false},
    {"eager-2", "allgather", false},
};
enum { FILES = sizeof files / sizeof *files };

static void delivers(void)
{
    static const size_t counts[] = {1, 3, 5, 64, 1023};
    struct errors errors;
    errors_init(&errors);
    struct host *host = host_open(&errors);
    struct cluster *cluster = CLUSTER("nodes=4");
    CHECK_FATAL(host && cluster);
    for (int i = 0; i < FILES; i++) {
        struct msccl *msccl = loaded(files[i].file, files[i].operation);
        for (int n = 0; n < 5; n++)
            for (int root = 0; root < (files[i].rooted ? 4 : 1); root++)
                try_one(host, cluster, msccl_members(msccl), msccl_collective(msccl), counts[n],
                        root);
        msccl_free(msccl);
    }
    cluster_free(cluster);
    host_close(host);
    errors_release(&errors);
}

static uint64_t time_of(const struct cluster *cluster, const char *netmodel,
                        const struct schedule *schedule, size_t count)
{
    int members[] = {0, 1, 2, 3};
    struct rack *rack = rack_create(cluster, netmodel_named(netmodel), compute_costs[0], 4);
    struct group *group = rack_group(rack, members, 4, false);
    for (int i = 0; i < 4; i++) {
        struct rank *rank = rack_rank(rack, i);
        rank_wait(rank, rank_post_collective(rank, group, schedule, 0, NULL, count));
        rank_end(rank);
    }
    struct errors errors;
    errors_init(&errors);
    CHECK(rack_finish(rack, &errors));
    errors_print(&errors, stderr);
    errors_release(&errors);
    uint64_t length = clock_length_ps(rack_clock(rack));
    rack_free(rack);
    return length;
}

/* The ring that is written out in the file is ours, additions included. */
static void its_ring_is_ours(void)
{
    static const char *const nets[] = {"hockney", "flow", "loggp", "ideal"};
    struct errors errors;
    errors_init(&errors);
    const struct collective *ring = collective_find("allreduce", "ring", "test", &errors);
    struct msccl *msccl = loaded("ring-4", "allreduce");
    struct cluster *cluster =
        CLUSTER("nodes=4", "cluster.link.bandwidth=7GB/s", "cluster.link.latency=1234ns",
                "cluster.device.add_bandwidth=3GB/s");
    for (int i = 0; i < 4; i++)
        for (size_t count = 1; count < 2000000; count = count * 7 + 2)
            CHECK_EQUAL(time_of(cluster, nets[i], &msccl_collective(msccl)->schedule, count),
                        time_of(cluster, nets[i], &ring->schedule, count));
    msccl_free(msccl);
    cluster_free(cluster);
    errors_release(&errors);
}

/* Where every pair has a cable, all pairs at once take two messages' time, and two more for three
 * additions: by hand. */
static void all_pairs_at_once(void)
{
    struct msccl *msccl = loaded("allpairs-4", "allreduce");
    struct cluster *mesh =
        CLUSTER("nodes=4", "cluster.topology=full_mesh", "cluster.link.bandwidth=1GB/s",
                "cluster.link.latency=1us", "cluster.device.add_bandwidth=4GB/s");
    /* 1 MB in four chunks of 250 kB: 250 us a message, 62.5 us an addition. */
    CHECK_EQUAL(time_of(mesh, "flow", &msccl_collective(msccl)->schedule, 250000),
                2 * (1000000 + 250000000ull) + 3 * 62500000ull);
    msccl_free(msccl);
    cluster_free(mesh);
}

/* Two sends, then two receives: a step each, and the remark that it needs buffers. */
static void needs_buffers(void)
{
    struct msccl *msccl = loaded("eager-2", "allgather");
    const struct schedule *schedule = &msccl_collective(msccl)->schedule;
    struct call call = {.size = 2, .count = 8, .context = schedule->context};
    struct step step;
    CHECK(schedule->step(&call, 0, &step) && step.send_to == 1 && step.recv_from == 1);
    CHECK(schedule->step(&call, 1, &step) && step.send_to == 1 && step.recv_from == 1);
    CHECK(!schedule->step(&call, 2, &step));
    CHECK(msccl_note(msccl, 1) && strstr(msccl_note(msccl, 1), "needs buffers"));
    msccl_free(msccl);
}

/* ---- Wrong files. ---- */

static const struct {
    const char *file, *operation, *from, *to; /* the first `from` becomes `to` */
    const char *message;
} wrongs[] = {
    {"ring-4", "allgather", "", "",
     ":1:1: coll=\"allreduce\": this file is no algorithm of allgather"},
    {"ring-4", "barrier", "", "", "test: MSCCL's files know no barrier"},
    {"ring-4", "allreduce", "allreduce", "alreduce",
     ":1:1: coll=\"alreduce\" is not understood; did you mean 'allreduce'?"},
    {"ring-4", "allreduce", "ngpus=\"4\" ", "", ":1:1: <algo> has no attribute ngpus"},
    {"ring-4", "allreduce", "ngpus=\"4\"", "ngpus=\"5\"", "ngpus=\"5\", but there is no gpu 4"},
    {"ring-4", "allreduce", "ngpus=\"4\"", "ngpus=\"1\"", "is not a whole number from 2 to"},
    {"ring-4", "allreduce", "inplace", "inplaec",
     "the attribute 'inplaec' is not understood; did you mean 'inplace'?"},
    {"ring-4", "allreduce", "<tb id=\"0\"", "<tb id=\"1\"",
     ":3:5: id=\"1\", but this is threadblock 0 of gpu 0"},
    {"ring-4", "allreduce", "<gpu ", "<tb/><gpu ",
     ":2:3: <tb> is not understood here; expected <gpu>"},
    {"ring-4", "allreduce", "send=\"1\"", "send=\"0\"", ":3:5: gpu 0 sends to itself"},
    {"ring-4", "allreduce", "send=\"1\"", "send=\"-1\"",
     ":4:7: type=\"s\" sends, but its threadblock has send=\"-1\""},
    {"ring-4", "allreduce", "send=\"1\"", "send=\"2\"",
     ":4:7: message 0 from gpu 0 to gpu 2 on channel 0 is never received"},
    {"ring-4", "allreduce", "chan=\"0\"", "chan=\"1\"", ":3:5: chan=\"1\" is not a whole number"},
    {"ring-4", "allreduce", "type=\"rrs\"", "type=\"rsr\"", ":5:7: type=\"rsr\" is not understood"},
    {"ring-4", "allreduce", "step s=\"1\"", "step s=\"2\"", ":5:7: s=\"2\", but this is step 1"},
    {"ring-4", "allreduce", "srcbuf=\"i\"", "srcbuf=\"x\"",
     ":4:7: srcbuf=\"x\" is not one of the buffers"},
    {"ring-4", "allreduce", "srcoff=\"3\"", "srcoff=\"4\"",
     ":5:7: chunks 4 to 4 are outside buffer i of gpu 0, which has 4"},
    {"ring-4", "allreduce", "cnt=\"1\"", "cnt=\"2\"",
     ":4:7: sends 2 chunks to gpu 1, which receives 1 in line 16"},
    {"ring-4", "allreduce", "cnt=\"1\"", "cnt=\"0\"",
     ":4:7: cnt=\"0\" is not a whole number from 1"},
    {"ring-4", "allreduce", "depid=\"-1\"", "depid=\"3\"",
     ":4:7: depid=\"3\" deps=\"-1\": this gpu has no"},
    {"ring-4", "allreduce", "depid=\"-1\" deps=\"-1\"", "depid=\"0\" deps=\"1\"",
     ":4:7: depid=\"0\" deps=\"1\": would wait for ever"},
    {"ring-4", "allreduce", "type=\"rrs\"", "type=\"rcs\"",
     "at the end, chunk 3 of gpu 0's output is not what allreduce promises"},
    {"ring-4", "allreduce", "type=\"s\"", "type=\"rcs\"", "is never sent"},
    {"ring-4", "allreduce", "srcoff=\"3\"", "srcoff=\"2\"", "adds two different chunks"},
    {"ring-4", "allreduce", "type=\"rcs\"", "type=\"rrcs\"", "adds the same gpu's part twice"},
    {"allgather-in-4", "allgather", "srcbuf=\"i\" srcoff=\"0\"", "srcbuf=\"o\" srcoff=\"3\"",
     "reads a chunk of gpu 0 that holds nothing yet"},
    {"allgather-in-4", "allgather", "nchunksperloop=\"12\"", "nchunksperloop=\"13\"",
     "is no multiple of ngpus"},
    {"allpairs-4", "allreduce", "depid=\"0\" deps=\"5\" hasdep=\"0\"",
     "depid=\"-1\" deps=\"-1\" hasdep=\"0\"", "is not what allreduce promises"},
    {"race-2", "allgather", "", "", "where a lower one is faster: a dependency is missing"},
    {"allpairs-4", "allreduce", "depid=\"1\" deps=\"1\"", "depid=\"1\" deps=\"2\"",
     "would wait for ever"},
    {"allpairs-4", "allreduce", "</algo>", "", "not XML: no element found"},
    {"circle-2", "allgather", "", "", "threadblocks wait for each other in a circle"},
};

static char *text_of(const char *file)
{
    char path[128], *text = calloc(1, 1 << 20);
    snprintf(path, sizeof path, FOLDER "%s.xml", file);
    FILE *stream = fopen(path, "r");
    CHECK_FATAL(stream && text);
    CHECK(fread(text, 1, (1 << 20) - 1, stream) > 0);
    fclose(stream);
    return text;
}

static void write_changed(const char *path, const char *text, const char *from, const char *to)
{
    FILE *stream = fopen(path, "w");
    const char *at = strstr(text, from);
    if (!at)
        fprintf(stderr, "\nno '%s' in the file\n", from);
    CHECK_FATAL(stream && at);
    fprintf(stream, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    fclose(stream);
}

static void wrong_files(void)
{
    char path[] = "/tmp/threadrack-msccl-XXXXXX";
    CHECK_FATAL(close(mkstemp(path)) == 0);
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        struct errors errors;
        errors_init(&errors);
        char *text = text_of(wrongs[i].file);
        write_changed(path, text, wrongs[i].from, wrongs[i].to);
        struct msccl *msccl = msccl_load(path, wrongs[i].operation, "test", &errors);
        CHECK(!msccl);
        bool said = false;
        for (int k = 0; k < errors.count; k++)
            said = said || strstr(errors.messages[k], wrongs[i].message);
        CHECK(said);
        if (!said)
            fprintf(stderr, "\nwanted '%s', got '%s'\n", wrongs[i].message,
                    errors.count ? errors.messages[0] : "nothing");
        msccl_free(msccl);
        free(text);
        errors_release(&errors);
    }
    unlink(path);
}

/* Groups of one size only; other groups than those are refused by name. */
static void groups(void)
{
    static const int nodes[] = {0, 1, 2, 3, 4};
    struct errors errors;
    errors_init(&errors);
    struct cluster *cluster = CLUSTER("nodes=5");
    struct algorithms *algorithms =
        algorithms_create("allreduce", "msccl:" FOLDER "ring-4.xml", "test", cluster,
                          netmodel_named("flow"), &errors);
    CHECK_FATAL(algorithms != NULL);
    CHECK(algorithms_fit(algorithms, nodes, 4, &errors) &&
          algorithms_fit(algorithms, nodes, 1, &errors));
    CHECK(!algorithms_fit(algorithms, nodes, 5, &errors));
    CHECK(errors.count == 1 &&
          strstr(errors.messages[0], "msccl:ring-4 is for groups of 4, not for one "
                                     "of 5 (from node 0 on)"));
    CHECK(strstr(algorithms_note(algorithms, 0), "proto=\"Simple\" has no effect") != NULL);
    CHECK(!algorithms_note(algorithms, 1));
    algorithms_free(algorithms);
    cluster_free(cluster);
    errors_release(&errors);
}

SUITE("comm: MSCCL", TEST(delivers), TEST(its_ring_is_ours), TEST(all_pairs_at_once),
      TEST(needs_buffers), TEST(wrong_files), TEST(groups));
