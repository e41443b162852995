#include "tests/check.h"

#include "threadrack/base/philox.h"
#include "threadrack/base/units.h"

static void reads_what_people_write(void)
{
    static const struct {
        const char *text;
        enum unit unit;
        uint64_t whole;
    } cases[] = {
        {"12", UNIT_COUNT, 12},
        {"0", UNIT_COUNT, 0},
        {"18446744073709551615", UNIT_COUNT, UINT64_MAX},
        {"5us", UNIT_TIME, 5000000},
        {"1ps", UNIT_TIME, 1},
        {"1.5ns", UNIT_TIME, 1500},
        {"0.0000000000005s", UNIT_TIME, 1},
        {"0.4ps", UNIT_TIME, 0},
        {"0", UNIT_TIME, 0},
        {"3.14159265358979s", UNIT_TIME, 3141592653590},
        {"1.500000000000000000000000000000000000s", UNIT_TIME, 1500000000000},
        {"64KiB", UNIT_SIZE, 65536},
        {"64kB", UNIT_SIZE, 64000},
        {"80GiB", UNIT_SIZE, UINT64_C(80) << 30},
        {"0.5KiB", UNIT_SIZE, 512},
        {"10Gbit/s", UNIT_BANDWIDTH, 1250000000},
        {"3.1GB/s", UNIT_BANDWIDTH, 3100000000},
        {"1Gibit/s", UNIT_BANDWIDTH, 134217728},
        {"4bit/s", UNIT_BANDWIDTH, 1},
        {"3bit/s", UNIT_BANDWIDTH, 0},
        {"100Gflop/s", UNIT_FLOPS, 100000000000},
        {"1.5Pflop/s", UNIT_FLOPS, 1500000000000000},
        {"10ps/B", UNIT_BYTE_TIME, 10000},
        {"0.25ps/B", UNIT_BYTE_TIME, 250},
        {"1.5ns/B", UNIT_BYTE_TIME, 1500000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct quantity quantity;
        char why[128] = "";
        CHECK(units_parse(cases[i].text, cases[i].unit, &quantity, why, sizeof why));
        CHECK_TEXT(why, "");
        CHECK_EQUAL(quantity.whole, cases[i].whole);
    }
}

static void reads_reals(void)
{
    struct quantity quantity;
    char why[128];
    CHECK(units_parse("1e-4", UNIT_REAL, &quantity, why, sizeof why) && quantity.real == 1e-4);
    CHECK(units_parse("0.1", UNIT_REAL, &quantity, why, sizeof why) && quantity.real == 0.1);
    CHECK(units_parse("2.5E+3", UNIT_REAL, &quantity, why, sizeof why) && quantity.real == 2500);
}

static void refuses_what_could_be_misread(void)
{
    static const struct {
        const char *text;
        enum unit unit;
        const char *says;
    } cases[] = {
        {"", UNIT_COUNT, "whole number"},
        {"010", UNIT_COUNT, "whole number"},
        {"+1", UNIT_COUNT, "whole number"},
        {"-1", UNIT_COUNT, "below 0: expected a whole number"},
        {"-x", UNIT_COUNT, "expected a whole number"},
        {"-0", UNIT_COUNT, "expected a whole number"},
        {"-5us", UNIT_TIME, "below 0"},
        {"-5", UNIT_TIME, "expected a time"},
        {"1.0", UNIT_COUNT, "whole number"},
        {"0x10", UNIT_COUNT, "whole number"},
        {"1e3", UNIT_COUNT, "whole number"},
        {"18446744073709551616", UNIT_COUNT, "too large"},
        {"99999999999999999999999", UNIT_COUNT, "whole number"},
        {"5", UNIT_TIME, "needs a unit"},
        {"5 us", UNIT_TIME, "space"},
        {"5parsec", UNIT_TIME, "unknown unit"},
        {"5kus", UNIT_TIME, "unknown unit"},
        {".5s", UNIT_TIME, "a time"},
        {"5.s", UNIT_TIME, "a time"},
        {"1.2.3s", UNIT_TIME, "unknown unit"},
        {"99999999999s", UNIT_TIME, "too large"},
        {"10Gbps", UNIT_BANDWIDTH, "bits or bytes"},
        {"10GBit/s", UNIT_BANDWIDTH, "unknown unit"},
        {"10KB", UNIT_SIZE, "Ki for 1024"},
        {"10Gb", UNIT_SIZE, "unknown unit"},
        {"1Giflop/s", UNIT_FLOPS, "unknown unit"},
        {"nan", UNIT_REAL, "a number"},
        {"inf", UNIT_REAL, "a number"},
        {"-0.1", UNIT_REAL, "below 0"},
        {"1e", UNIT_REAL, "a number"},
        {"1e999", UNIT_REAL, "range"},
        {"0x1p3", UNIT_REAL, "a number"},
        {"1 ", UNIT_REAL, "a number"},
        {"10ps", UNIT_BYTE_TIME, "a time a byte"},
        {"10", UNIT_BYTE_TIME, "needs a unit"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct quantity quantity;
        char why[128] = "";
        bool good = units_parse(cases[i].text, cases[i].unit, &quantity, why, sizeof why);
        if (good || !strstr(why, cases[i].says))
            fprintf(stderr, "\n'%s' gave \"%s\", not \"%s\"\n", cases[i].text, why, cases[i].says);
        CHECK(!good && strstr(why, cases[i].says));
    }
}

static void formats_readably(void)
{
    char out[64];
    CHECK_TEXT(units_format(5000000, UNIT_TIME, out, sizeof out), "5us");
    CHECK_TEXT(units_format(1500000000000, UNIT_TIME, out, sizeof out), "1.5s");
    CHECK_TEXT(units_format(0, UNIT_TIME, out, sizeof out), "0ps");
    CHECK_TEXT(units_format(1250000000, UNIT_BANDWIDTH, out, sizeof out), "1.25GB/s");
    CHECK_TEXT(units_format(65536, UNIT_SIZE, out, sizeof out), "64KiB");
    CHECK_TEXT(units_format(64000, UNIT_SIZE, out, sizeof out), "64kB");
    CHECK_TEXT(units_format(0, UNIT_SIZE, out, sizeof out), "0B");
    CHECK_TEXT(units_format(100000000000, UNIT_FLOPS, out, sizeof out), "100Gflop/s");
    CHECK_TEXT(units_format(10000, UNIT_BYTE_TIME, out, sizeof out), "10ps/B");
    CHECK_TEXT(units_format(12, UNIT_COUNT, out, sizeof out), "12");
}

static void formatting_loses_nothing(void)
{
    static const enum unit units[] = {UNIT_COUNT, UNIT_TIME, UNIT_SIZE, UNIT_BANDWIDTH, UNIT_FLOPS,
                                      UNIT_BYTE_TIME};
    struct draw draw = {.seed = 3, .purpose = PURPOSE_TEST};
    for (uint64_t i = 0; i < 5000; i++) {
        uint64_t whole = draw_bits(draw, i) >> (i % 64);
        for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
            char out[64], why[128];
            struct quantity back;
            units_format(whole, units[u], out, sizeof out);
            CHECK(units_parse(out, units[u], &back, why, sizeof why) && back.whole == whole);
        }
    }
}

SUITE("base: units", TEST(reads_what_people_write), TEST(reads_reals),
      TEST(refuses_what_could_be_misread), TEST(formats_readably), TEST(formatting_loses_nothing));
