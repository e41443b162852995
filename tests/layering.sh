#!/bin/sh
# Holds the floors apart.
#
#     tests/layering.sh ROOT [OBJECTS]   checks the sources below ROOT and, where given, the object
#                                        files below OBJECTS; prints each breach, fails on any
#     tests/layering.sh --self-test      shows that each rule can fail
#
# A file includes its own floor and those below; siblings never meet. A floor's private headers stay
# inside it. Each outside library has one floor that knows it. The linker's symbols are held to the
# same order, since a declaration by hand would get around an include.
set -eu

# Sets level[floor]; shared by the awk programs.
levels='
function set_levels() {
    level["base"] = 0
    level["host"] = level["math"] = level["config"] = level["record"] = 1
    level["cluster"] = 2
    level["clock"] = 3
    level["rank"] = 4
    level["comm"] = level["data"] = level["model"] = 5
    level["strategy"] = 6
    level["experiment"] = 7
    level["cli"] = 8
}
function may_use(mine, theirs) {
    return mine == theirs || level[theirs] < level[mine]
}
'

# Lines come as file:line:text, files relative to the root.
check_includes='
function breach(what) {
    print file ":" line ": " what
    breaches++
}
# The floor of a path, "" when it has none; sets `kind` to src, include or tests.
function floor_of(path,   part, n) {
    n = split(path, part, "/")
    kind = part[1]
    if (kind == "include")
        return n > 3 ? part[3] : ""
    return n > 2 && part[2] in level ? part[2] : ""
}
# Resolves name against the folder of the file that includes it.
function resolve(from, name,   part, n, i, out, depth) {
    sub(/[^\/]*$/, "", from)
    n = split(from name, part, "/")
    depth = 0
    for (i = 1; i <= n; i++)
        if (part[i] == "..")
            depth--
        else if (part[i] != "." && part[i] != "")
            out[++depth] = part[i]
    name = out[1]
    for (i = 2; i <= depth; i++)
        name = name "/" out[i]
    return name
}
function check_library(name,   i) {
    for (i in owners)
        if (name ~ i && !(kind == "tests") && !(kind == "src" && owners[i] ~ " " mine " "))
            breach("<" name "> belongs to" owners[i] "only")
}
function check_door(name,   theirs) {
    theirs = name
    sub(/^threadrack\//, "", theirs)
    sub(/\/.*/, "", theirs)
    if (!(theirs in level))
        breach("\"" name "\" is on no floor")
    else if (kind != "tests" && !may_use(mine, theirs))
        breach(mine " may not include " theirs ": \"" name "\"")
}
function check_private(name,   my_kind, path, theirs) {
    my_kind = kind
    path = name ~ /^(src|tests|include)\// ? name : resolve(file, name)
    theirs = floor_of(path)
    if (kind == "src" && theirs != mine)
        breach("\"" name "\" is private to " theirs)
    else if (kind == "tests" && my_kind != "tests")
        breach("\"" name "\" belongs to the tests")
    kind = my_kind
}
BEGIN {
    set_levels()
    owners["^hwloc(\\.h$|/)"] = owners["^omp\\.h$"] = " host "
    owners["^c?blis\\.h$|^cblas\\.h$|^blis/"] = " math "
    owners["^yaml\\.h$"] = " config "
    owners["^jansson\\.h$"] = " model experiment cli "
    owners["^zlib\\.h$"] = " data experiment "
    owners["^expat\\.h$"] = " config "
}
{
    split($0, field, ":")
    file = field[1]
    line = field[2]
    text = substr($0, length(file) + length(line) + 3)
    mine = floor_of(file)
    if (kind != "tests" && !(mine in level))
        breach("this file is on no floor")
    else if (text ~ /^[ \t]*#[ \t]*include[ \t]*</) {
        sub(/^[^<]*</, "", text)
        sub(/>.*/, "", text)
        if (text ~ /^threadrack\//)
            check_door(text)
        else
            check_library(text)
    } else if (text ~ /^[ \t]*#[ \t]*include[ \t]*"/) {
        sub(/^[^"]*"/, "", text)
        sub(/".*/, "", text)
        if (text ~ /^threadrack\//)
            check_door(text)
        else
            check_private(text)
    } else if (text ~ /struct region[^a-z_]/ && mine != "rank")
        breach("struct region is private to rank")
}
END { exit breaches > 0 }
'

# Lines come from nm -A -g -P: OBJECTS/src/floor/file.o: symbol type [value size].
check_symbols='
BEGIN { set_levels() }
{
    file = $1
    sub(/:$/, "", file)
    sub(/^.*\/src\//, "", file)
    floor = file
    sub(/\/.*/, "", floor)
    if ($3 != "U" && $3 != "w")
        home[$2] = floor
    else {
        users++
        user[users] = floor
        from[users] = file
        symbol[users] = $2
    }
}
END {
    for (i = 1; i <= users; i++) {
        name = symbol[i]
        if (!(name in home) || home[name] == user[i])
            continue
        if (!may_use(user[i], home[name]) || (name ~ /^region_/ && home[name] == "rank")) {
            print from[i] ": " user[i] " may not use " name " of " home[name]
            breaches++
        }
    }
    exit breaches > 0
}
'

check_sources() {
    (cd "$1" && find src include/threadrack tests -name '*.[ch]' 2>/dev/null | sort |
        xargs grep -n -E '^[ 	]*#[ 	]*include|struct region[^a-z_]' /dev/null) |
        awk "$levels $check_includes"
}

check_objects() {
    find "$1/src" -name '*.o' | sort | xargs nm -A -g -P | awk "$levels $check_symbols"
}

# ---- The self-test: a breach a rule, in a folder of its own. ----

fails=0
# expect WHAT FILE TEXT: the check must complain about FILE with WHAT in it ("" for: no complaint).
expect() {
    mkdir -p "$folder/$(dirname "$2")"
    printf '%b\n' "$3" >"$folder/$2"
    said=$(check_sources "$folder" || true)
    rm -r "${folder:?}"/*
    if [ -n "$1" ] && ! echo "$said" | grep -q -F "$1" || [ -z "$1" ] && [ -n "$said" ]; then
        echo "layering.sh --self-test: '$3' in $2: expected '$1', got '$said'"
        fails=1
    fi
}

# expect_symbol WHAT FLOOR DEFINES USES: the same for object files, against one of each other floor.
expect_symbol() {
    mkdir -p "$folder/src/rank" "$folder/src/$2"
    echo 'int region_take(void); int rank_id(void);
        int region_take(void) { return 1; } int rank_id(void) { return 2; }' |
        gcc -x c -c - -o "$folder/src/rank/region.o"
    echo "int $3(void); int user(void); int user(void) { return $3(); }" |
        gcc -x c -c - -o "$folder/src/$2/user.o"
    said=$(check_objects "$folder" || true)
    rm -r "${folder:?}"/*
    if [ -n "$1" ] && ! echo "$said" | grep -q -F "$1" || [ -z "$1" ] && [ -n "$said" ]; then
        echo "layering.sh --self-test: $3 used in $2: expected '$1', got '$said'"
        fails=1
    fi
}

self_test() {
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    expect 'may not include cluster' src/host/a.c '#include "threadrack/cluster/cluster.h"'
    expect 'may not include math' src/host/a.c '#include "threadrack/math/math.h"'
    expect 'may not include data' include/threadrack/model/a.h '#include "threadrack/data/data.h"'
    expect 'may not include comm' src/model/layer/a.c '  #  include <threadrack/comm/comm.h>'
    expect 'belongs to host' src/rank/a.c '#include <hwloc.h>'
    expect 'belongs to host' include/threadrack/host/a.h '#include <hwloc/linux.h>'
    expect 'belongs to host' src/math/a.c '#include <omp.h>'
    expect 'belongs to math' src/model/a.c '#include <blis.h>'
    expect 'belongs to config' src/cluster/a.c '#include <yaml.h>'
    expect 'belongs to data experiment' src/cli/a.c '#include <zlib.h>'
    expect 'belongs to model experiment' src/data/a.c '#include <jansson.h>'
    expect 'is private to rank' src/comm/a.c '#include "src/rank/inside.h"'
    expect 'is private to rank' src/comm/ring/a.c '#include "../../rank/inside.h"'
    expect 'is private to rank' tests/comm/a.c '#include "src/rank/inside.h"'
    expect 'belongs to the tests' src/comm/a.c '#include "tests/check.h"'
    expect 'is on no floor' src/attic/a.c '#include "threadrack/base/heap.h"'
    expect 'is on no floor' src/cli/a.c '#include "threadrack/attic/heap.h"'
    expect 'struct region is private' src/comm/a.c 'struct region *stolen;'
    expect '' src/rank/a.c '#include "inside.h"\n#include "threadrack/clock/op.h"\nstruct region r;'
    expect '' src/model/layer/a.c '#include "../inside.h"\n#include "threadrack/rank/rank.h"'
    expect '' src/host/a.c '#include <hwloc.h>\n#include <omp.h>\n#include <stdio.h>'
    expect '' tests/rank/a.c '#include "src/rank/inside.h"\n#include "tests/check.h"'
    expect_symbol 'clock may not use rank_id' clock rank_id
    expect_symbol 'may not use region_take' comm region_take
    expect_symbol '' comm rank_id
    return $fails
}

if [ "${1-}" = --self-test ]; then
    self_test
    exit
fi
status=0
check_sources "${1:-.}" || status=1
if [ -n "${2-}" ]; then
    check_objects "$2" || status=1
fi
exit $status
