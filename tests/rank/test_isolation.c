/* A node's thread is pinned where it was planned, its region is bound where it was planned, and
 * what it allocates lies in its own region and nowhere else. */
#include "tests/check.h"

#include "tests/rank/fixture.h"

#include <stdint.h>

enum { RANKS = 8, PIECES = MEMORY_KINDS };

struct witness {
    struct scene scene;
    struct seat seats[RANKS]; /* as planned */
    bool pinned[RANKS];
    int memory_node[RANKS]; /* of the region's first page */
    char *pieces[RANKS][PIECES];
    bool zero[RANKS];
    bool alone[RANKS]; /* nobody else wrote where this rank did */
};

/* The same pieces in set-up and in the run; each rank has sizes of its own, none a round number. */
static size_t piece_bytes(int rank, int kind)
{
    return (size_t)(4096 * (kind + 1) + 1000 * rank + 7);
}

static void allocate(struct rank *self, char *pieces[PIECES])
{
    for (int kind = 0; kind < PIECES; kind++)
        pieces[kind] = rank_alloc(self, (enum memory_kind)kind, piece_bytes(rank_id(self), kind));
}

static bool all_bytes_are(const char *bytes, size_t count, char value)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i] != value)
            return false;
    return true;
}

static bool all_pieces_are(char *const pieces[PIECES], int rank, char value)
{
    bool all = true;
    for (int kind = 0; kind < PIECES; kind++)
        all = all && all_bytes_are(pieces[kind], piece_bytes(rank, kind), value);
    return all;
}

static void nothing(void *argument)
{
    (void)argument;
}

static void look_around(void *argument, struct rank *self)
{
    struct witness *witness = argument;
    int id = rank_id(self);
    char **pieces = witness->pieces[id];
    witness->pinned[id] = host_is_pinned(witness->seats[id].pu);
    witness->memory_node[id] =
        host_memory_node_of(witness->scene.host, rack_region_address(witness->scene.rack, id));
    allocate(self, pieces);
    witness->zero[id] = all_pieces_are(pieces, id, 0);
    for (int kind = 0; kind < PIECES; kind++)
        memset(pieces[kind], id + 1, piece_bytes(id, kind));
    rank_meet(self, nothing, NULL);
    witness->alone[id] = all_pieces_are(pieces, id, (char)(id + 1));
}

static void count_memory(struct witness *witness)
{
    struct rack *rack = witness->scene.rack;
    for (int id = 0; id < RANKS; id++) {
        allocate(rack_rank(rack, id), witness->pieces[id]);
        for (int kind = 0; kind < PIECES; kind++) {
            CHECK(witness->pieces[id][kind] == NULL);
            CHECK(rack_memory_bytes(rack, id)[kind] >= piece_bytes(id, kind));
        }
    }
}

static void check_pieces(const struct witness *witness, int id, uint64_t counted)
{
    const struct rack *rack = witness->scene.rack;
    uintptr_t base = (uintptr_t)rack_region_address(rack, id);
    CHECK_EQUAL(rack_region_bytes(rack, id), counted);
    for (int kind = 0; kind < PIECES; kind++) {
        uintptr_t piece = (uintptr_t)witness->pieces[id][kind];
        CHECK_EQUAL(piece % 64, 0);
        CHECK(piece >= base && piece + piece_bytes(id, kind) <= base + counted);
    }
}

static void check_regions_apart(const struct rack *rack)
{
    for (int a = 0; a < RANKS; a++)
        for (int b = 0; b < a; b++) {
            uintptr_t first = (uintptr_t)rack_region_address(rack, a);
            uintptr_t second = (uintptr_t)rack_region_address(rack, b);
            CHECK(first + rack_region_bytes(rack, a) <= second ||
                  second + rack_region_bytes(rack, b) <= first);
        }
}

static void witness_on(int first_core, int cores)
{
    struct witness witness = {.scene = scene_of(RANKS)};
    uint64_t counted[RANKS];
    host_plan(witness.scene.host, RANKS, first_core, cores, witness.seats);
    count_memory(&witness);
    for (int id = 0; id < RANKS; id++)
        counted[id] = rack_region_bytes(witness.scene.rack, id);
    scene_run_on(&witness.scene, first_core, cores, look_around, &witness);
    for (int id = 0; id < RANKS; id++) {
        CHECK(witness.seats[id].core >= first_core && witness.seats[id].core < first_core + cores);
        CHECK(witness.pinned[id]);
        CHECK_EQUAL(witness.memory_node[id], witness.seats[id].memory_node);
        CHECK(witness.zero[id]);
        CHECK(witness.alone[id]);
        check_pieces(&witness, id, counted[id]);
    }
    check_regions_apart(witness.scene.rack);
    scene_release(&witness.scene);
}

static int cores_here(void)
{
    struct scene scene = scene_of(1);
    int cores = host_core_count(scene.host);
    scene_release(&scene);
    return cores;
}

static void on_all_cores(void)
{
    witness_on(0, cores_here());
}

/* As a job of `--jobs` has some cores only: here the last one. */
static void on_cores_of_its_own(void)
{
    witness_on(cores_here() - 1, 1);
}

static void ignore(void *argument, struct rank *self)
{
    (void)argument;
    (void)self;
}

/* A run leaves the thread that started it as it was: the next plan has all cores again. */
static void leaves_its_caller_unbound(void)
{
    int before = cores_here();
    struct scene scene = scene_of(RANKS);
    scene_run(&scene, ignore, NULL);
    scene_release(&scene);
    CHECK_EQUAL(cores_here(), before);
}

static void refuses_what_the_host_cannot_hold(void)
{
    struct scene scene = scene_of(2);
    rank_alloc(rack_rank(scene.rack, 1), MEMORY_PARAMETERS, (size_t)1 << 46);
    CHECK(!rack_open(scene.rack, scene.host, 0, 1, 0, &scene.errors));
    CHECK_EQUAL(scene.errors.status, STATUS_OUT_OF_MEMORY);
    CHECK_FATAL(scene.errors.count == 1);
    CHECK(strstr(scene.errors.messages[0], "free") && strstr(scene.errors.messages[0], "regions"));
    CHECK(rack_region_address(scene.rack, 1) == NULL);
    scene_release(&scene);
}

static void refuses_what_a_node_cannot_hold(void)
{
    struct scene scene = scene_of(2);
    rank_alloc(rack_rank(scene.rack, 1), MEMORY_ACTIVATIONS, (size_t)1 << 40);
    CHECK(!rack_fits_nodes(scene.rack, &scene.errors));
    CHECK_EQUAL(scene.errors.status, STATUS_OUT_OF_MEMORY);
    CHECK_FATAL(scene.errors.count == 1);
    CHECK(strstr(scene.errors.messages[0], "node 1") &&
          strstr(scene.errors.messages[0], "activations 1TiB"));
    scene_release(&scene);
}

SUITE("rank: isolation", TEST(on_all_cores), TEST(on_cores_of_its_own),
      TEST(leaves_its_caller_unbound), TEST(refuses_what_the_host_cannot_hold),
      TEST(refuses_what_a_node_cannot_hold));
