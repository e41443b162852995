#include "units_table.h"

const struct unit_prefix unit_prefixes[] = {
    {"", 1, false},
    {"k", 1000, false},
    {"M", 1000000, false},
    {"G", 1000000000, false},
    {"T", 1000000000000, false},
    {"P", 1000000000000000, false},
    {"Ki", UINT64_C(1) << 10, true},
    {"Mi", UINT64_C(1) << 20, true},
    {"Gi", UINT64_C(1) << 30, true},
    {"Ti", UINT64_C(1) << 40, true},
};
const int unit_prefix_count = sizeof unit_prefixes / sizeof *unit_prefixes;

const struct unit_measure unit_measures[] = {
    {UNIT_TIME, "ps", 1, 1, false, false},
    {UNIT_TIME, "ns", 1000, 1, false, false},
    {UNIT_TIME, "us", 1000000, 1, false, false},
    {UNIT_TIME, "ms", 1000000000, 1, false, false},
    {UNIT_TIME, "s", 1000000000000, 1, false, false},
    {UNIT_SIZE, "B", 1, 1, true, true},
    {UNIT_BANDWIDTH, "B/s", 1, 1, true, true},
    {UNIT_BANDWIDTH, "bit/s", 1, 8, true, true},
    {UNIT_FLOPS, "flop/s", 1, 1, true, false},
    {UNIT_BYTE_TIME, "fs/B", 1, 1, false, false},
    {UNIT_BYTE_TIME, "ps/B", 1000, 1, false, false},
    {UNIT_BYTE_TIME, "ns/B", 1000000, 1, false, false},
    {UNIT_BYTE_TIME, "us/B", 1000000000, 1, false, false},
};
const int unit_measure_count = sizeof unit_measures / sizeof *unit_measures;
