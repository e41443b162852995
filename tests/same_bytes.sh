#!/bin/sh
# The same experiment gives the same bytes, whatever the host does.
#
#     tests/same_bytes.sh PROGRAM               runs five small sweeps with the program on all cores,
#                                               and again on one core that is busy, and with two jobs;
#                                               compares their runs.csv, steps.csv and nodes.csv by cmp, and
#                                               staleness.csv
#     tests/same_bytes.sh PROGRAM OTHER ...     the same with each OTHER build (a sanitizer's, say)
#                                               in place of the busy core and the jobs
#
# Run from the top of the source tree. What depends on the host is in manifest.json, which is not
# compared.
set -eu

[ $# -ge 1 ] || { echo "usage: $0 PROGRAM [OTHER ...]" >&2; exit 2; }
for program; do
    [ -x "$program" ] || { echo "$0: no program '$program'" >&2; exit 2; }
done
program=$1
shift

folder=$(mktemp -d)
load=
finish() {
    [ -z "$load" ] || kill "$load" 2>/dev/null || :
    rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT TERM

# The ends of the demo's sweep with fewer steps; and every strategy, where shares are uneven, points are refused
# and other netmodels and clusters are asked for. Then the layers of transformers and convolutions, and strategies
# whose order is virtual time's.
strategies='single,data,tensor,pipeline,hybrid'
sweep() { # OUT COMMAND...
    out=$folder/$1
    shift
    "$@" sweep plots/demo.yaml steps=5 nodes=2,16 --baseline 'strategy=single nodes=1' --quiet \
        $jobs --out "$out/demo" >"$out.log" 2>&1 || fail "$out"
    "$@" sweep cluster=ethernet-1g,boxes-of-8,heterogeneous netmodel=flow,loggp \
        "strategy=$strategies" nodes=1,3,12 batch=61 steps=8 eval_every=4 microbatches=3 \
        optimizer=sgd:lr=0.1,momentum=0.9,weight_decay=1e-4 --quiet \
        $jobs --out "$out/uneven" >>"$out.log" 2>&1 || fail "$out"
    "$@" sweep model=gpt:layers=2,heads=4,width=16,context=8 data=devils-dictionary \
        strategy=single,tensor,hybrid nodes=1,4,8 batch=13 steps=8 eval_every=8 data.test_rows=50 \
        optimizer=adamw:lr=0.01 --quiet $jobs --out "$out/transformer" >>"$out.log" 2>&1 || fail "$out"
    "$@" sweep model=cnn:4-6:9 strategy=single,data,pipeline nodes=1,2,3 batch=13 steps=8 \
        eval_every=8 --quiet $jobs --out "$out/images" >>"$out.log" 2>&1 || fail "$out"
    "$@" sweep strategy=async_gossip,async_server,ssp_server,backup_workers nodes=6 steps=8 eval_every=2 \
        netmodel=flow,loggp noise=lognormal:sigma=0.5 cluster.slow.nodes=2 --quiet $jobs \
        --out "$out/free" >>"$out.log" 2>&1 || fail "$out"
}
fail() {
    echo "$0: the sweep failed:" >&2
    tail -n 20 "$1.log" >&2
    exit 1
}

files='demo/runs demo/steps demo/nodes uneven/runs uneven/steps uneven/nodes transformer/runs transformer/steps
transformer/nodes images/runs images/steps images/nodes free/runs free/steps free/nodes free/staleness'
different=0
compare() { # OUT WORDS: what was different about the run
    before=$different
    for file in $files; do
        if ! cmp "$folder/plain/$file.csv" "$folder/$1/$file.csv" >&2; then
            diff "$folder/plain/$file.csv" "$folder/$1/$file.csv" | head -n 4 >&2 || :
            different=$((different + 1))
        fi
    done
    if [ "$different" -eq "$before" ]; then
        echo "same bytes on all cores and $2"
    else
        echo "other bytes on all cores than $2" >&2
    fi
}

# Empty files, or files with nothing but failures, would all be the same.
check_contents() {
    for file in $files; do
        lines=$(wc -l <"$folder/plain/$file.csv")
        [ "$lines" -ge 9 ] || { echo "$0: $file.csv has only $lines lines" >&2; exit 1; }
    done
    for word in ok refused; do
        grep -q ",$word," "$folder/plain/uneven/runs.csv" ||
            { echo "$0: no row of uneven/runs.csv is $word" >&2; exit 1; }
    done
    if grep -E ',(failed|out_of_memory),' "$folder"/plain/*/runs.csv >&2; then exit 1; fi
}

core=$(sed -n 's/^Cpus_allowed_list:[^0-9]*\([0-9]*\).*/\1/p' /proc/self/status)

jobs='--jobs 1'
sweep plain "$program"
check_contents

on_this_host() {
    taskset -c "$core" sh -c 'while :; do :; done' &
    load=$!
    sweep one_core taskset -c "$core" "$program"
    kill "$load"
    load=
    compare one_core "on one busy core (taskset -c $core)"
    jobs='--jobs 2'
    sweep jobs "$program"
    compare jobs 'with two jobs (--jobs 2)'
}

[ $# -gt 0 ] || on_this_host
jobs='--jobs 1'
for other; do
    sweep other "$other"
    compare other "from another build ($other)"
    rm -rf "$folder/other"
done

[ "$different" -eq 0 ] || { echo "$0: $different files differ" >&2; exit 1; }
