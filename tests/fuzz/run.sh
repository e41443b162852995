#!/bin/sh
# Runs one fuzz target for so many seconds; fails when it found something, and says which file.
#
#     tests/fuzz/run.sh FUZZER SECONDS
#
# What it finds interesting is kept beside the program, so that the next run begins there.
set -eu

fuzzer=$1
seconds=$2
name=$(basename "$fuzzer")
here=$(dirname "$0")
found=$fuzzer-corpus
mkdir -p "$found"
set -- -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -malloc_limit_mb=512 \
    -max_len=4096 -artifact_prefix="$fuzzer-" "$found" "$here/corpus/$name"
[ ! -f "$here/$name.dict" ] || set -- -dict="$here/$name.dict" "$@"
log=$fuzzer.log
if "$fuzzer" "$@" >"$log" 2>&1; then
    tail -n 1 "$log" | sed "s/^/fuzz $name: /"
else
    tail -n 60 "$log" >&2
    echo "fuzz $name: found an input that breaks it; see $log. When it is mended, put that file" \
        "into $here/corpus/$name/" >&2
    exit 1
fi
