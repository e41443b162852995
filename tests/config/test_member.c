#include "tests/config/fixture.h"

/* Prints the parts as name|positional|second|key=value... */
static void check_member(const char *text, const char *expected)
{
    struct errors errors = {0};
    struct member_text member;
    char found[256];
    CHECK(member_parse(text, "here", &member, &errors));
    errors_print(&errors, stderr);
    int length = snprintf(found, sizeof found, "%s|%s|%s", member.name,
                          member.positional ? member.positional : "",
                          member.second ? member.second : "");
    for (int i = 0; i < member.count; i++)
        length += snprintf(found + length, sizeof found - (size_t)length, "|%s=%s", member.keys[i],
                           member.values[i]);
    CHECK_TEXT(found, expected);
    member_release(&member);
}

static void parts(void)
{
    check_member("sgd", "sgd||");
    check_member("sgd:lr=0.1", "sgd|||lr=0.1");
    check_member("sgd:lr=0.1,momentum=0.9", "sgd|||lr=0.1|momentum=0.9");
    check_member("mlp:64-128-10", "mlp|64-128-10|");
    check_member("mlp:64-128-10:tanh", "mlp|64-128-10|tanh");
    check_member("stages:4,forward=1us", "stages|4||forward=1us");
    check_member("mlp:64-10:tanh,bias=off", "mlp|64-10|tanh|bias=off");
    check_member("mlp:64-10:bias=off", "mlp|64-10||bias=off");
    check_member("gpt:tied", "gpt|||tied=on");
    check_member("csv:train=/a:b.csv,test=c=d", "csv|||train=/a:b.csv|test=c=d");
}

static void bad_members_are_refused(void)
{
    static const char *const bad[] = {"",          ":",        ":lr=1",  "sgd:",       "sgd:lr=",
                                      "sgd:=1",    "sgd:lr=1,", "lr=0.1", "sgd,lr=1",   "a:b:",
                                      "a:b:c:d",   "a:lr=1,x", "a:lr=1,lr=2", "a:,b=1", "a:b,"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct errors errors = {0};
        struct member_text member;
        bool good = member_parse(bad[i], "here", &member, &errors);
        if (good)
            fprintf(stderr, "\n'%s' was taken\n", bad[i]);
        CHECK(!good && errors.count >= 1);
        member_release(&member);
        errors_release(&errors);
    }
}

SUITE("config: members", TEST(parts), TEST(bad_members_are_refused));
