/* Links carry what the nodes send. */
#include "tests/strategy/fixture.h"

/* On a star every route begins on the only link out of its node, and ends on the only one into it. */
static void links_carry_what_is_sent(void)
{
    for (int m = 0; netmodels[m]; m++) {
        struct result *result = run("strategy=hybrid nodes=8 netmodel=%s steps=3 math=off",
                                    netmodels[m]->name);
        uint64_t out = 0, in = 0, messages = 0;
        CHECK_EQUAL(result->link_count, 16);
        for (int i = 0; i < result->link_count; i++) {
            const struct link_result *link = &result->link[i];
            bool leaves = !strncmp(link->from, "node", 4);
            *(leaves ? &out : &in) += link->record.bytes;
            messages += leaves ? link->record.messages : 0;
            if (leaves)
                CHECK_EQUAL(link->record.bytes, result->node[atoi(link->from + 4)].bytes_sent);
            CHECK(link->record.most_backlog_bytes <= link->record.bytes);
            CHECK((link->record.most_backlog_bytes > 0) == !netmodels[m]->free_of_cost);
            CHECK(isnan(link->busy_share) == netmodels[m]->free_of_cost);
            CHECK(isnan(link->busy_share) || link->busy_share >= 0);
            CHECK(!netmodels[m]->shares_links || !(link->busy_share > 1));
        }
        CHECK_EQUAL(out, result->bytes_sent);
        CHECK_EQUAL(in, result->bytes_sent);
        CHECK_EQUAL(messages, result->messages_sent);
        CHECK(result->hottest_link >= 0);
        result_free(result);
    }
}

/* A pipeline of two: node 0 sends one activation a step to node 1, and is sent one gradient. */
static void a_link_by_hand(void)
{
    struct result *result = run("strategy=pipeline nodes=2 model=mlp:64-32-10 batch=16 steps=1 "
                                "microbatches=1 math=off netmodel=hockney "
                                "cluster.link.bandwidth=1GB/s");
    CHECK_EQUAL(result->link_count, 4);
    const struct link_result *first = &result->link[0];
    CHECK_TEXT(first->name, "node0->switch0");
    CHECK_EQUAL(first->record.messages, 1);
    CHECK_EQUAL(first->record.bytes, 16 * 32 * 4);
    CHECK_EQUAL(first->record.most_backlog_bytes, 16 * 32 * 4);
    CHECK_NEAR(first->busy_share, 2048e3 / (double)result->length_ps, 1e-12);
    result_free(result);
}

static void links_can_be_off(void)
{
    struct result *result = run("strategy=data nodes=2 steps=1 math=off links=off");
    CHECK(!result->link && result->hottest_link < 0);
    result_free(result);
    result = run("strategy=data nodes=65 batch=130 steps=1 math=off");
    bool said = false;
    for (int i = 0; i < result->note_count; i++)
        said |= strstr(result->notes[i], "links are not counted") != NULL;
    CHECK(!result->link && said);
    result_free(result);
}

SUITE("experiment: links", TEST(links_carry_what_is_sent), TEST(a_link_by_hand),
      TEST(links_can_be_off));
