#include "timeline.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/version.h"
#include "threadrack/clock/load.h"

#include "file.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

/* What was seen in the present instant, with what it needs of its message, which may be gone later. */
struct kept {
    struct sight sight;
    int track, order;
    int source_track;
    uint64_t began_ps;
    bool both_ends; /* a message whose sender is shown, too */
};

struct timeline {
    struct clock_observer observer;
    struct timeline_file *file;
    const struct clock *clock;
    const struct cluster *cluster;
    struct window steps, nodes;
    struct link_load *load;
    struct kept *kept;
    int kept_count, kept_room;
    int *named; /* by rank: its first so many tracks have their names */
    int **named_strands; /* by rank, by lane: the same of its strands' tracks; NULL: none */
    int ranks;
    uint64_t now_ps, arrows;
    bool any; /* an event has been written: the next has a comma before it */
};

#define PS_PER_US UINT64_C(1000000)
/* The arguments of "%llu.%06llu". */
#define US "%" PRIu64 ".%06" PRIu64
#define US_OF(ps) (ps) / PS_PER_US, (ps) % PS_PER_US

/* One event: `format` is what stands between its braces. */
#define EVENT(timeline, format, ...)                                                               \
    timeline_file_add((timeline)->file, "%s{" format "}", separator(timeline), __VA_ARGS__)

static const char *separator(struct timeline *timeline)
{
    bool any = timeline->any;
    timeline->any = true;
    return any ? ",\n" : "\n";
}

/* A process is a node, by its number. */
static int node_of(const struct timeline *timeline, int rank)
{
    return cluster_node_of(timeline->cluster, rank);
}

static bool shows_rank(const struct timeline *timeline, int rank)
{
    return window_has(&timeline->nodes, node_of(timeline, rank));
}

/* ---- Names of processes and tracks. ---- */

static const char *track_name(struct lane_label label, char *name, size_t room)
{
    static const char *const kinds[GROUP_LANES] = {"collectives", "sends", "receives"};
    if (label.track)
        snprintf(name, room, "%s %d", kinds[label.kind], label.track);
    else if (label.group < 0)
        snprintf(name, room, label.cpu ? "compute on cpu %d" : "compute", label.cpu);
    else if (label.name)
        snprintf(name, room, "%s over %d nodes: %s", label.name, label.size, kinds[label.kind]);
    else
        snprintf(name, room, "group %d over %d nodes: %s", label.group, label.size,
                 kinds[label.kind]);
    return name;
}

/* A lane's strands have their tracks below its own: a track's number is that of its lane, and above
 * these, by TRACKS_A_LANE, that of its strand. */
enum { TRACKS_A_LANE = 1 << 8 };

static int track_of(int lane, int strand)
{
    return strand < 0 ? lane : lane + (strand + 1) * TRACKS_A_LANE;
}

static void write_name(struct timeline *timeline, int rank, int lane, int strand, const char *name)
{
    int track = track_of(lane, strand), pid = node_of(timeline, rank);
    EVENT(timeline, "\"ph\":\"M\",\"pid\":%d,\"tid\":%d,\"name\":\"thread_name\",\"args\":{\"name\":\"%s\"}",
          pid, track, name);
    EVENT(timeline,
          "\"ph\":\"M\",\"pid\":%d,\"tid\":%d,\"name\":\"thread_sort_index\",\"args\":{\"sort_index\":%d}",
          pid, track, lane);
}

static void name_track(struct timeline *timeline, int rank, int lane)
{
    struct lane_label label = clock_lane_label(timeline->clock, rank, lane);
    char name[96];
    if (label.group >= 0 && label.size < 2)
        return; /* nothing ever happens there */
    write_name(timeline, rank, lane, -1, track_name(label, name, sizeof name));
}

/* Those of strands get theirs when they are first used, in their order. */
static void name_strands(struct timeline *timeline, int rank, int lane, int strand)
{
    struct lane_label label = clock_lane_label(timeline->clock, rank, lane);
    int **named = &timeline->named_strands[rank];
    char name[96], whole[160];
    if (!*named)
        *named = memory_zeroed((size_t)clock_lane_count(timeline->clock, rank), sizeof **named);
    for (; (*named)[lane] <= strand; (*named)[lane]++) {
        snprintf(whole, sizeof whole, "%s, strand %d", track_name(label, name, sizeof name),
                 (*named)[lane] + 1);
        write_name(timeline, rank, lane, (*named)[lane], whole);
    }
}

/* Those of a replay's messages get theirs when they are first used. */
static void name_tracks(struct timeline *timeline, int rank, int count)
{
    for (; timeline->named[rank] < count; timeline->named[rank]++)
        name_track(timeline, rank, timeline->named[rank]);
}

static void name_process(struct timeline *timeline, int pid, const char *name)
{
    EVENT(timeline, "\"ph\":\"M\",\"pid\":%d,\"name\":\"process_name\",\"args\":{\"name\":\"%s\"}", pid,
          name);
    EVENT(timeline,
          "\"ph\":\"M\",\"pid\":%d,\"name\":\"process_sort_index\",\"args\":{\"sort_index\":%d}", pid,
          pid);
}

static void name_all(struct timeline *timeline, int ranks)
{
    for (int rank = 0; rank < ranks; rank++) {
        if (!shows_rank(timeline, rank))
            continue;
        int node = node_of(timeline, rank);
        name_process(timeline, node, cluster_vertex_name(timeline->cluster, node));
        name_tracks(timeline, rank, clock_lane_count(timeline->clock, rank));
    }
    name_process(timeline, timeline->cluster->vertices, "links");
}

/* ---- Slices. ---- */

static void begin_slice(struct timeline *timeline, const struct sight *sight, int track,
                        const char *name, const char *arguments)
{
    if (track < TRACKS_A_LANE || sight->strand < 0)
        name_tracks(timeline, sight->rank, track + 1);
    else
        name_strands(timeline, sight->rank, sight->lane, sight->strand);
    EVENT(timeline,
          "\"ph\":\"B\",\"pid\":%d,\"tid\":%d,\"ts\":" US ",\"name\":\"%s\",\"args\":{\"step\":%d%s}",
          node_of(timeline, sight->rank), track, US_OF(sight->now_ps), name, sight->training_step + 1,
          arguments);
}

static void end_slice(struct timeline *timeline, const struct sight *sight, int track)
{
    EVENT(timeline, "\"ph\":\"E\",\"pid\":%d,\"tid\":%d,\"ts\":" US,
          node_of(timeline, sight->rank), track, US_OF(sight->now_ps));
}

static void begin_wait(struct timeline *timeline, const struct sight *sight)
{
    static const char *const names[GROUP_LANES] = {"wait for a collective", "wait for a send",
                                                   "wait for a receive"};
    struct lane_label label = clock_lane_label(timeline->clock, sight->rank, sight->lane);
    begin_slice(timeline, sight, 0, names[label.kind], "");
}

static void begin_operation(struct timeline *timeline, const struct sight *sight)
{
    char name[96], arguments[64] = "";
    if (sight->schedule)
        snprintf(name, sizeof name, "%s", sight->schedule->name);
    else if (sight->send_to >= 0)
        snprintf(name, sizeof name, "send to node%d", node_of(timeline, sight->send_to));
    else
        snprintf(name, sizeof name, sight->receive_from < 0 ? "receive from any node" : "receive from node%d",
                 sight->receive_from < 0 ? 0 : node_of(timeline, sight->receive_from));
    if (sight->schedule || sight->send_to >= 0)
        snprintf(arguments, sizeof arguments, ",\"bytes\":%" PRIu64, sight->bytes);
    begin_slice(timeline, sight, sight->lane, name, arguments);
}

static void begin_step(struct timeline *timeline, const struct sight *sight)
{
    char name[32], arguments[96] = "";
    int length = 0;
    if (!sight->schedule)
        return; /* the operation is its one step */
    snprintf(name, sizeof name, "round %d", sight->index + 1);
    if (sight->send_to >= 0)
        length = snprintf(arguments, sizeof arguments, ",\"to\":%d,\"bytes\":%" PRIu64,
                          node_of(timeline, sight->send_to), sight->bytes);
    if (sight->receive_from >= 0)
        snprintf(arguments + length, sizeof arguments - (size_t)length, ",\"from\":%d",
                 node_of(timeline, sight->receive_from));
    begin_slice(timeline, sight, track_of(sight->lane, sight->strand), name, arguments);
}

/* ---- Arrows, where both ends are shown. ---- */

static void draw_arrow(struct timeline *timeline, const struct kept *kept)
{
    const struct sight *sight = &kept->sight;
    if (!kept->both_ends)
        return;
    uint64_t id = ++timeline->arrows;
    EVENT(timeline,
          "\"ph\":\"s\",\"pid\":%d,\"tid\":%d,\"ts\":" US
          ",\"id\":%" PRIu64 ",\"cat\":\"message\",\"name\":\"message\"",
          node_of(timeline, sight->receive_from), kept->source_track, US_OF(kept->began_ps), id);
    EVENT(timeline,
          "\"ph\":\"f\",\"bp\":\"e\",\"pid\":%d,\"tid\":%d,\"ts\":" US
          ",\"id\":%" PRIu64 ",\"cat\":\"message\",\"name\":\"message\"",
          node_of(timeline, sight->rank), track_of(sight->lane, sight->strand), US_OF(sight->now_ps), id);
}

/* ---- Counters. ---- */

static void draw_load(void *context, int link, uint64_t now_ps, uint64_t bytes)
{
    struct timeline *timeline = context;
    EVENT(timeline,
          "\"ph\":\"C\",\"pid\":%d,\"ts\":" US ",\"name\":\"%s\",\"args\":{\"bytes\":%" PRIu64 "}",
          timeline->cluster->vertices, US_OF(now_ps), cluster_link_name(timeline->cluster, link),
          bytes);
}

static void draw_rate(void *context, int link, uint64_t now_ps, double rate_Bps)
{
    struct timeline *timeline = context;
    EVENT(timeline,
          "\"ph\":\"C\",\"pid\":%d,\"ts\":" US ",\"name\":\"%s rate\",\"args\":{\"bytes_per_s\":%.0f}",
          timeline->cluster->vertices, US_OF(now_ps), cluster_link_name(timeline->cluster, link),
          rate_Bps);
}

static void watch_links(struct timeline *timeline, const struct sight *sight)
{
    const struct transfer *message = sight->message;
    bool begins = sight->kind == SIGHT_MESSAGE_BEGINS;
    if (!window_has(&timeline->steps, message->training_step + 1))
        return;
    if (sight->kind == SIGHT_MESSAGE_RATE)
        link_load_rate(timeline->load, message, sight->before_Bps, sight->rate_Bps);
    if (!begins && sight->kind != SIGHT_MESSAGE_DELIVERED)
        return;
    bool shown =
        shows_rank(timeline, message->src) || shows_rank(timeline, message->dst);
    link_load_change(timeline->load, message, begins, shown);
}

/* ---- What the clock tells. ---- */

static void draw(struct timeline *timeline, const struct kept *kept)
{
    const struct sight *sight = &kept->sight;
    switch (sight->kind) {
    case SIGHT_COMPUTE_BEGINS:
        begin_slice(timeline, sight, sight->lane, "compute", "");
        break;
    case SIGHT_WAIT_BEGINS:
        begin_wait(timeline, sight);
        break;
    case SIGHT_OPERATION_BEGINS:
        begin_operation(timeline, sight);
        break;
    case SIGHT_STEP_BEGINS:
        begin_step(timeline, sight);
        break;
    case SIGHT_STEP_ENDS:
        if (sight->schedule)
            end_slice(timeline, sight, track_of(sight->lane, sight->strand));
        break;
    case SIGHT_OPERATION_ENDS:
    case SIGHT_COMPUTE_ENDS:
        end_slice(timeline, sight, sight->lane);
        break;
    case SIGHT_WAIT_ENDS:
        end_slice(timeline, sight, 0);
        break;
    case SIGHT_MESSAGE_RECEIVED:
        draw_arrow(timeline, kept);
        break;
    case SIGHT_MESSAGE_BEGINS:
    case SIGHT_MESSAGE_SENT:
    case SIGHT_MESSAGE_DELIVERED:
    case SIGHT_MESSAGE_RATE:
        break;
    }
}

/* Within an instant the order of ranks is the host's, and so is that of a rank's tracks; a track's own
 * is the clock's. */
static int by_track(const void *a, const void *b)
{
    const struct kept *left = a, *right = b;
    if (left->sight.rank != right->sight.rank)
        return left->sight.rank - right->sight.rank;
    return left->track != right->track ? left->track - right->track : left->order - right->order;
}

static void pass_to(struct timeline *timeline, uint64_t now_ps)
{
    if (now_ps == timeline->now_ps)
        return;
    timeline->now_ps = now_ps;
    if (timeline->kept_count > 1)
        qsort(timeline->kept, (size_t)timeline->kept_count, sizeof *timeline->kept, by_track);
    for (int i = 0; i < timeline->kept_count; i++)
        draw(timeline, &timeline->kept[i]);
    timeline->kept_count = 0;
    link_load_flush(timeline->load, now_ps);
}

static void keep(struct timeline *timeline, const struct sight *sight)
{
    bool of_lane = sight->kind != SIGHT_WAIT_BEGINS && sight->kind != SIGHT_WAIT_ENDS;
    int order = timeline->kept_count;
    struct kept *kept =
        vector_push(&timeline->kept, &timeline->kept_count, &timeline->kept_room);
    *kept = (struct kept){
        .sight = *sight,
        .track = of_lane ? track_of(sight->lane, sight->strand) : 0,
        .order = order};
    if (!sight->message)
        return;
    /* Both ends are steps of one schedule, so both have strands or neither. */
    kept->source_track = track_of(sight->message->src_lane,
                                  sight->strand < 0 ? -1 : sight->message->src_strand);
    kept->began_ps = sight->message->began_ps;
    kept->both_ends = shows_rank(timeline, sight->message->src) &&
                      window_has(&timeline->steps, sight->message->training_step + 1);
}

static void saw(struct clock_observer *observer, const struct sight *sight)
{
    struct timeline *timeline = (struct timeline *)observer;
    pass_to(timeline, sight->now_ps);
    if (sight->message)
        watch_links(timeline, sight);
    if (sight->kind != SIGHT_MESSAGE_RATE && shows_rank(timeline, sight->rank) &&
        window_has(&timeline->steps, sight->training_step + 1))
        keep(timeline, sight);
}

/* ---- The whole. ---- */

struct timeline *timeline_create(const char *name, const struct clock *clock,
                                 const struct cluster *cluster, int ranks,
                                 const struct window *steps, const struct window *nodes,
                                 struct errors *errors)
{
    struct timeline_file *file = timeline_file_open(name, errors);
    if (!file)
        return NULL;
    struct timeline *timeline = memory_zeroed(1, sizeof *timeline);
    *timeline = (struct timeline){.observer = {.saw = saw},
                                  .file = file,
                                  .clock = clock,
                                  .cluster = cluster,
                                  .named = memory_zeroed((size_t)ranks, sizeof(int)),
                                  .named_strands = memory_zeroed((size_t)ranks, sizeof(int *)),
                                  .ranks = ranks,
                                  .steps = *steps,
                                  .nodes = *nodes};
    timeline->load = link_load_create(cluster, (struct link_load_sink){timeline, draw_load, draw_rate});
    timeline_file_add(file, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
    name_all(timeline, ranks);
    return timeline;
}

struct clock_observer *timeline_observer(struct timeline *timeline)
{
    return &timeline->observer;
}

static void release(struct timeline *timeline)
{
    link_load_free(timeline->load);
    free(timeline->kept);
    for (int rank = 0; rank < timeline->ranks; rank++)
        free(timeline->named_strands[rank]);
    free(timeline->named_strands);
    free(timeline->named);
    free(timeline);
}

bool timeline_finish(struct timeline *timeline, const char *left_out, struct errors *errors)
{
    pass_to(timeline, TIME_NEVER);
    json_t *other = json_pack("{s:s, s:s?}", "threadrack", THREADRACK_VERSION, "left_out", left_out);
    char *words = json_dumps(other, JSON_COMPACT);
    timeline_file_add(timeline->file, "\n],\"otherData\":%s}\n", words);
    free(words);
    json_decref(other);
    bool good = timeline_file_finish(timeline->file, errors);
    release(timeline);
    return good;
}

void timeline_drop(struct timeline *timeline)
{
    if (!timeline)
        return;
    timeline_file_drop(timeline->file);
    release(timeline);
}
