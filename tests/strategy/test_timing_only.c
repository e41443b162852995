/* Simulated time is a pure function of the ops: a run that trains and one that only counts agree to
 * the picosecond, reruns agree to the bit, and every instant of a node is accounted for. */
#include "tests/check.h"

#include "tests/strategy/fixture.h"
#include "threadrack/clock/netmodel.h"

/* ---- Every instant belongs to one of four. ---- */

static uint64_t accounted_ps(const struct node_record *node)
{
    return node->compute_ps + node->exposed_comm_ps + node->waiting_ps + node->bubble_ps;
}

static bool adds_up(const struct result *result, const char *line)
{
    for (int i = 0; i < result->nodes; i++) {
        const struct node_record *node = &result->node[i];
        if (accounted_ps(node) == result->length_ps && node->overlapped_comm_ps <= node->compute_ps)
            continue;
        fprintf(
            stderr, "\n%s: node %d accounts for %llu ps of %llu (overlapped %llu, compute %llu)\n",
            line, i, (unsigned long long)accounted_ps(node), (unsigned long long)result->length_ps,
            (unsigned long long)node->overlapped_comm_ps, (unsigned long long)node->compute_ps);
        return false;
    }
    return true;
}

/* ---- Two runs with the same times. A record holds nothing but counters, so its bytes compare. */

static bool same_steps(const struct result *a, const struct result *b, const char *line)
{
    bool same = a->steps == b->steps && a->length_ps == b->length_ps;
    for (int i = 0; same && i < a->steps; i++)
        same = a->step[i].end_ps == b->step[i].end_ps &&
               a->step[i].bytes_sent == b->step[i].bytes_sent;
    if (!same)
        fprintf(stderr, "\n%s: steps end at other times or bytes: %d steps in %llu ps, %d in %llu\n", line,
                a->steps, (unsigned long long)a->length_ps, b->steps,
                (unsigned long long)b->length_ps);
    return same;
}

static bool same_nodes(const struct result *a, const struct result *b, const char *line)
{
    for (int i = 0; i < a->nodes; i++) {
        const uint64_t *was = (const uint64_t *)&a->node[i],
                       *should = (const uint64_t *)&b->node[i];
        for (size_t field = 0; field < sizeof a->node[i] / sizeof *was; field++) {
            if (was[field] == should[field])
                continue;
            fprintf(stderr, "\n%s: counter %zu of node %d is %llu and %llu\n", line, field, i,
                    (unsigned long long)was[field], (unsigned long long)should[field]);
            return false;
        }
    }
    return true;
}

static bool same_totals(const struct result *a, const struct result *b)
{
    return a->nodes == b->nodes && a->mesh_data == b->mesh_data &&
           a->mesh_tensor == b->mesh_tensor && a->mesh_pipeline == b->mesh_pipeline &&
           a->microbatches == b->microbatches && !strcmp(a->allreduce, b->allreduce) &&
           a->bytes_sent == b->bytes_sent && a->messages_sent == b->messages_sent &&
           a->peak_memory_bytes == b->peak_memory_bytes;
}

static void same_times(const struct result *a, const struct result *b, const char *line)
{
    CHECK(same_totals(a, b));
    CHECK(same_steps(a, b, line));
    CHECK(same_nodes(a, b, line));
    CHECK(adds_up(a, line) && adds_up(b, line));
}

static void counts_as_it_trains(const char *line)
{
    struct result *real = run("%s eval_every=1000 math=on", line);
    struct result *counted = run("%s math=off", line);
    if (real->status == STATUS_OK && counted->status == STATUS_OK) {
        CHECK(isnan(counted->final_loss) && !isnan(real->final_loss));
        same_times(counted, real, line);
    }
    result_free(real);
    result_free(counted);
}

static void under_every_netmodel(const char *line)
{
    char whole[512];
    for (int i = 0; netmodels[i]; i++) {
        snprintf(whole, sizeof whole, "%s netmodel=%s", line, netmodels[i]->name);
        counts_as_it_trains(whole);
    }
}

/* Each meets every netmodel, at half of its sizes. */
static void every_strategy(void)
{
    static const int sizes[] = {1, 2, 5, 16};
    char line[256];
    for (int s = 0; strategies[s]; s++)
        for (int i = 0; i < 4 && (i == 0 || strcmp(strategies[s]->name, "single")); i++)
            for (int n = 0; netmodels[n]; n++) {
                if ((s + i + n) % 2)
                    continue;
                snprintf(line, sizeof line,
                         "cluster=ethernet-10g strategy=%s nodes=%d model=mlp:64-40x16-10 batch=61 "
                         "steps=3 bucket=16KiB netmodel=%s",
                         strategy_words(strategies[s]), nodes_for(strategies[s], sizes[i]),
                         netmodels[n]->name);
                counts_as_it_trains(line);
            }
}

/* Steps enough for many blocks of ops to pass from one thread to the other. */
static void second_thread_counts_alike(void)
{
    static const char *const netmodel[] = {"flow", "loggp"};
    for (int s = 0; strategies[s]; s++)
        for (int i = 0; i < 2; i++) {
            char line[256];
            snprintf(line, sizeof line,
                     "strategy=%s nodes=%d model=mlp:64-16x3-10 batch=16 steps=96 netmodel=%s "
                     "eval_every=1000",
                     strategy_words(strategies[s]), nodes_for(strategies[s], 4), netmodel[i]);
            struct result *real = run("%s math=on", line), *one = run("%s math=off", line),
                          *two = run("%s math=off clock.threads=2", line);
            same_times(two, real, line);
            same_times(two, one, line);
            result_free(real);
            result_free(one);
            result_free(two);
        }
}

/* It has no effect then, and a note says so. */
static void a_real_run_has_no_second_thread(void)
{
    const char *line = "strategy=data nodes=4 model=mlp:64-16x3-10 batch=16 steps=20 eval_every=1000";
    struct result *real = run("%s", line), *idle = run("%s clock.threads=2", line);
    same_times(idle, real, line);
    result_free(real);
    result_free(idle);
}

static void every_kind_of_layer(void)
{
    static const char *const networks[] = {
        "cnn:4-6:9", "gpt:layers=3,heads=4,width=16,context=8 data=devils-dictionary",
        "gpt:layers=1,heads=2,width=8,context=4,tied data=devils-dictionary", "linear", "logistic"};
    static const char *const ways[] = {
        "single", "data nodes=3", "tensor nodes=2", "pipeline nodes=3",
        "hybrid nodes=8 mesh.data=2 mesh.tensor=2 mesh.pipeline=2"};
    char line[256];
    for (int m = 0; m < 5; m++)
        for (int w = 0; w < (m == 2 ? 3 : m < 2 ? 5 : 2); w++) {
            snprintf(line, sizeof line, "model=%s strategy=%s batch=13 steps=3 bucket=1KiB",
                     networks[m], ways[w]);
            counts_as_it_trains(line);
        }
}

static void every_kind_of_cluster(void)
{
    static const char *const clusters[] = {"ring", "heterogeneous nodes=7", "boxes-of-8 nodes=12"};
    char line[256];
    for (int i = 0; i < 3; i++) {
        snprintf(line, sizeof line, "cluster=%s strategy=data steps=3 %s", clusters[i],
                 strstr(clusters[i], "nodes") ? "" : "nodes=6");
        under_every_netmodel(line);
    }
    under_every_netmodel(
        "cluster=boxes-of-8 nodes=12 strategy=hybrid mesh.tensor=2 mesh.pipeline=3 "
        "mesh.data=2 steps=3 optimizer=sgd:lr=0.1,momentum=0.9");
}

/* Strands side by side, with and without waits between them. */
static void several_strands(void)
{
    under_every_netmodel("cluster.topology=torus nodes=6 strategy=data steps=3 bucket=4KiB "
                         "allreduce=torus2d");
    under_every_netmodel("cluster.topology=full_mesh nodes=4 strategy=data steps=3 bucket=16KiB "
                         "allreduce=msccl:topologies/msccl-allpairs-4.xml");
    under_every_netmodel("nodes=3 strategy=tensor steps=3 model=mlp:64-42-42-10 "
                         "allreduce=msccl:tests/fuzz/corpus/msccl_xml/shuffled-3.xml");
}

static void long_runs_add_up(void)
{
    for (int s = 0; strategies[s]; s++)
        for (int i = 0; netmodels[i]; i++) {
            bool alone = !strcmp(strategies[s]->name, "single");
            struct result *result =
                run("cluster=heterogeneous strategy=%s nodes=%d model=mlp:64-128x11-10 steps=80 "
                    "netmodel=%s math=off",
                    strategy_words(strategies[s]), alone ? 1 : 12, netmodels[i]->name);
            CHECK(adds_up(result, strategy_words(strategies[s])));
            CHECK(result->steps == 80 && result->step[79].end_ps <= result->length_ps);
            CHECK(strategies[s]->runs_free || result->step[79].end_ps == result->length_ps);
            result_free(result);
        }
}

/* Measured times are of this host, so they differ each time; their sum holds. */
static void measured_runs_add_up(void)
{
    for (int s = 0; strategies[s]; s++) {
        bool alone = !strcmp(strategies[s]->name, "single");
        struct result *result = run("cluster=heterogeneous strategy=%s nodes=%d compute=measured "
                                    "model=mlp:64-128x11-10 steps=5",
                                    strategy_words(strategies[s]), alone ? 1 : 6);
        CHECK(adds_up(result, strategy_words(strategies[s])));
        result_free(result);
    }
}

/* ---- Reruns. ---- */

static void same_learning(const struct learned *a, const struct learned *b, const char *line)
{
    same_times(a->result, b->result, line);
    for (int i = 0; i < a->result->steps; i++)
        CHECK(!memcmp(&a->result->step[i], &b->result->step[i], sizeof a->result->step[i]));
    CHECK_FATAL(a->weights && b->weights);
    for (int i = 0; i < checkpoint_tensor_count(a->weights); i++) {
        const char *name;
        size_t count;
        const float *was = checkpoint_tensor(a->weights, i, &name, &count);
        CHECK(!memcmp(was, checkpoint_tensor(b->weights, i, &name, &count), count * sizeof *was));
    }
}

static void reruns_are_identical(void)
{
    static const char model[] = "mlp:64-48x16-10";
    char line[256];
    for (int s = 0; strategies[s]; s++)
        for (int nodes = 1; nodes <= 16 && (nodes == 1 || strcmp(strategies[s]->name, "single"));
             nodes += 5) {
            snprintf(line, sizeof line, "strategy=%s nodes=%d batch=61 steps=8 eval_every=4",
                     strategy_words(strategies[s]), nodes_for(strategies[s], nodes));
            struct learned once = learn(model, line), again = learn(model, line);
            same_learning(&once, &again, line);
            learned_release(once);
            learned_release(again);
        }
}

/* ---- The pipeline's bubble. ---- */

enum { FORWARD_PS = 3000001, BACKWARD_PS = 2000003 + 4000037, BUBBLE_STEPS = 3 };

/* All forward, then all backward: m microbatches over p stages take m + p - 1 turns each way, so a
 * stage is idle for p - 1 of m + p - 1 (Huang et al. 2019, GPipe, section 2.3). Stage 0 is idle
 * while it waits for the first gradient; a later stage s also before its first forward and after
 * its last backward, and what is after the last op of the run is waiting. */
static void bubble_of(int p, int m, const char *math)
{
    const uint64_t turn_ps = FORWARD_PS + BACKWARD_PS, stages = (uint64_t)p, parts = (uint64_t)m;
    struct result *result =
        run("strategy=pipeline nodes=%d model=stages:%d,forward=3000001ps,backward_input=2000003ps,"
            "backward_weight=4000037ps microbatches=%d batch=%d steps=%d netmodel=ideal "
            "cluster.device.launch=0s math=%s",
            p, p, m, m, BUBBLE_STEPS, math);
    CHECK_EQUAL(result->length_ps, BUBBLE_STEPS * (parts + stages - 1) * turn_ps);
    for (int step = 0; step < result->steps; step++)
        CHECK_EQUAL(result->step[step].end_ps,
                    (uint64_t)(step + 1) * (parts + stages - 1) * turn_ps);
    for (int s = 0; s < result->nodes && result->node; s++) {
        const struct node_record *node = &result->node[s];
        uint64_t idle_ps = node->bubble_ps + node->waiting_ps;
        CHECK_EQUAL(idle_ps * (parts + stages - 1), result->length_ps * (stages - 1));
        CHECK_EQUAL(node->compute_ps, BUBBLE_STEPS * parts * turn_ps);
        CHECK_EQUAL(node->waiting_ps, (uint64_t)s * BACKWARD_PS);
        CHECK_EQUAL(node->exposed_comm_ps, 0);
    }
    result_free(result);
}

static void pipelines_have_their_bubble(void)
{
    static const int depths[] = {1, 2, 3, 4, 8, 16}, parts[] = {1, 2, 4, 7, 32};
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 5; j++)
            bubble_of(depths[i], parts[j], "off");
    bubble_of(4, 8, "on");
    bubble_of(16, 3, "on");
}

enum { B_PS = 4000037, W_PS = 2000003 };

/* The idle share is idle_ps of a step beside m turns of work, of all stages together. */
static void idles(const char *schedule, int p, int m, uint64_t idle_ps, const char *math)
{
    struct result *result =
        run("strategy=pipeline nodes=%d model=stages:%d,forward=%dps,backward_input=%dps,"
            "backward_weight=%dps microbatches=%d batch=%d steps=1 netmodel=ideal "
            "cluster.device.launch=0s math=%s pipeline.schedule=%s",
            p, p, FORWARD_PS, B_PS, W_PS, m, m, math, schedule);
    uint64_t work_ps = (uint64_t)m * (FORWARD_PS + BACKWARD_PS);
    CHECK_EQUAL(result->status, STATUS_OK);
    CHECK_EQUAL(result->length_ps, work_ps + idle_ps);
    for (int s = 0; s < result->nodes && result->node; s++) {
        CHECK_EQUAL(result->node[s].compute_ps, work_ps);
        CHECK_EQUAL(result->node[s].bubble_ps + result->node[s].waiting_ps, idle_ps);
    }
    result_free(result);
}

/* With v chunks a microbatch comes by in v parts, each with the work of a null layer, and only one
 * part of each ramp is idle: (p-1)(F+B+W) beside vm turns (Narayanan et al. 2021, section 2.2.2). */
static void interleaved(int p, int v, int m, const char *math)
{
    struct result *result =
        run("strategy=pipeline nodes=%d model=stages:%d,forward=%dps,backward_input=%dps,"
            "backward_weight=%dps microbatches=%d batch=%d steps=1 netmodel=ideal "
            "cluster.device.launch=0s math=%s pipeline.schedule=interleaved pipeline.chunks=%d",
            p, p * v, FORWARD_PS, B_PS, W_PS, m, m, math, v);
    const uint64_t turn_ps = FORWARD_PS + BACKWARD_PS;
    uint64_t turns = (uint64_t)v * (uint64_t)m, ramp = (uint64_t)p - 1;
    CHECK_EQUAL(result->length_ps, (turns + ramp) * turn_ps);
    for (int s = 0; s < result->nodes && result->node; s++)
        CHECK_EQUAL((result->node[s].bubble_ps + result->node[s].waiting_ps) * (turns + ramp),
                    result->length_ps * ramp);
    result_free(result);
}

static void chunks_make_ramps_shorter(void)
{
    static const int depths[] = {2, 3, 4, 8}, chunks[] = {1, 2, 3, 5}, groups[] = {1, 2, 4};
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++)
            for (int k = 0; k < 3; k++)
                interleaved(depths[i], chunks[j], depths[i] * groups[k], "off");
    interleaved(4, 2, 8, "on");
    interleaved(3, 3, 3, "on");
}

/* (p-1)(F+B+W) of 1f1b, as of gpipe (Narayanan et al. 2021, section 2.2.1), and (p-1)(F+B-W) of
 * ZB-H1 (Qi et al. 2023, table 2), which needs a microbatch for each stage. */
static void other_schedules_have_theirs(void)
{
    static const int depths[] = {1, 2, 3, 4, 8, 16}, parts[] = {1, 2, 4, 7, 16, 32};
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 6; j++) {
            int p = depths[i], m = parts[j];
            const char *math = p == 4 && m == 7 ? "on" : "off";
            idles("gpipe", p, m, (uint64_t)(p - 1) * (FORWARD_PS + BACKWARD_PS), math);
            idles("1f1b", p, m, (uint64_t)(p - 1) * (FORWARD_PS + BACKWARD_PS), math);
            if (m >= p)
                idles("zero_bubble", p, m, (uint64_t)(p - 1) * (FORWARD_PS + B_PS - W_PS), math);
        }
}

/* ---- Slow nodes, and shared uplinks. ---- */

/* With equal shares every node has the same ops, and a slow one takes twice as long for each. */
static void slow_nodes_take_twice_as_long(void)
{
    static const char *const strategy[] = {"data", "tensor"};
    for (int i = 0; i < 2; i++) {
        struct result *result = run("cluster=heterogeneous nodes=8 strategy=%s steps=5 math=off "
                                    "cluster.device.add_bandwidth=free",
                                    strategy[i]);
        for (int node = 0; node < result->nodes && result->node; node++)
            CHECK_EQUAL(result->node[node].compute_ps,
                        result->node[0].compute_ps * (node >= 6 ? 2 : 1));
        CHECK(result->imbalance > 1.5);
        result_free(result);
    }
}

static const char *note_with(const struct result *result, const char *words)
{
    for (int i = 0; i < result->note_count; i++)
        if (strstr(result->notes[i], words))
            return result->notes[i];
    return NULL;
}

/* Two boxes of eight: when each member talks to its counterpart in the other box, eight pairs of
 * messages cross the uplinks at one time. */
static void only_flow_shares_the_uplink(void)
{
    static const char line[] = "cluster=boxes-of-8 nodes=16 strategy=data steps=3 math=off "
                               "allreduce=halving_doubling";
    struct result *hockney = run("%s netmodel=hockney", line),
                  *flow = run("%s netmodel=flow", line);
    const char *note = note_with(hockney, "does not share links");
    CHECK(note != NULL);
    CHECK(note && strstr(note, "up to 8 messages") && strstr(note, "up to 8 times") &&
          strstr(note, "link switch"));
    CHECK(!note_with(flow, "does not share links"));
    CHECK(flow->length_ps > hockney->length_ps);
    result_free(hockney);
    result_free(flow);
}

SUITE("strategy: timing only", TEST(every_strategy), TEST(second_thread_counts_alike),
      TEST(a_real_run_has_no_second_thread),
      TEST(every_kind_of_layer), TEST(every_kind_of_cluster), TEST(several_strands),
      TEST(long_runs_add_up), TEST(measured_runs_add_up), TEST(reruns_are_identical),
      TEST(pipelines_have_their_bubble), TEST(other_schedules_have_theirs), TEST(chunks_make_ramps_shorter), TEST(slow_nodes_take_twice_as_long),
      TEST(only_flow_shares_the_uplink));
