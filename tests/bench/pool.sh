#!/bin/bash
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
# The pool beside its peers: prints each work's median of interleaved runs, the ratio and the goal.
#   tests/bench/pool.sh [BUILD_DIR]      RUNS=5 by default; ONLY=wait|empty|cpu|latency|burst
# Builds bench_pool there (make it a release build: meson setup --buildtype=release BUILD_DIR), and
# the ants program when a Go is found (PATH, GO, /usr/local/go, /usr/lib/go).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=${1:-$here/../../build-release}
runs=${RUNS:-5}
only=${ONLY:-all}

if [ ! -f "$build/build.ninja" ]; then
    echo "$build is no build directory: meson setup --buildtype=release $build" >&2
    exit 2
fi
ninja -C "$build" tests/bench/pool/bench_pool >&2
ours=$build/tests/bench/pool/bench_pool
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

ants=
go=${GO:-}
for candidate in "$(command -v go || true)" /usr/local/go/bin/go /usr/lib/go/bin/go; do
    if [ -z "$go" ] && [ -x "$candidate" ]; then go=$candidate; fi
done
if [ -z "$go" ]; then
    echo "ants is skipped: there is no Go here (Debian: golang-go)" >&2
elif ! (cd "$here/pool/ants" && "$go" build -o "$results/ants" .) 2>"$results/go.log"; then
    echo "ants is skipped: $(tail -1 "$results/go.log")" >&2
else
    ants=$results/ants
fi

# run NAME COMMAND...: one run, its pairs appended to the name's file.
run() {
    local name=$1
    shift
    "$@" >>"$results/$name"
}

# interleave A COMMAND... -- B COMMAND... -- ...: the runs of all, one after another, in turns.
interleave() {
    local all=("$@") part=() turn
    for ((turn = 0; turn < runs; turn++)); do
        part=()
        for word in "${all[@]}" --; do
            if [ "$word" != -- ]; then
                part+=("$word")
                continue
            fi
            if [ "${#part[@]}" -gt 1 ] && [ -n "${part[1]}" ]; then run "${part[@]}"; fi
            part=()
        done
    done
}

# median NAME KEY: the median of all runs; empty without a run.
median() {
    [ -f "$results/$1" ] || return 0
    awk -v key="$2" '{for (i = 1; i < NF; i += 2) if ($i == key) print $(i + 1)}' "$results/$1" |
        sort -g | awk '{v[NR] = $1} END {if (NR) print v[int((NR + 1) / 2)]}'
}

# line WORK OURS PEER_NAME PEER RATIO GOAL
line() { printf '%-42s %14s %-18s %14s %8s   %s\n' "$@"; }
# Prints nothing when a value is missing.
ratio() { if [ -n "$1" ] && [ -n "$2" ]; then awk -v a="$1" -v b="$2" 'BEGIN {printf "%.2f", a / b}'; fi; }
megabytes() { if [ -n "$1" ]; then awk -v b="$1" 'BEGIN {printf "%.1f MB", b / 1e6}'; fi; }
wanted() { [ "$only" = all ] || [ "$only" = "$1" ]; }

# compare WORK KEY A PEER_LABEL B GOAL: medians and their ratio.
compare() {
    local a b
    a=$(median "$3" "$2")
    b=$(median "$5" "$2")
    line "$1" "$a" "$4" "${b:-not run}" "$(ratio "$a" "$b")" "$6"
}

echo "medians of $runs interleaved runs; $(nproc) cores; $(uname -m); load $(cut -d' ' -f1 /proc/loadavg)"
line work ours peer 'of the peer' ratio goal

if wanted wait; then
    # A sleeping coroutine and a sleeping goroutine are comparable: neither holds a thread.
    for work in '1000000 10000 10000 1.00 <=1.04s,<=20MB' '1000000 50000 10000 0.20 <=0.40s,<=50MB' \
        '100000 1000 100000 10.0 <=10.1s'; do
        read -r tasks cap us limit goal <<<"$work"
        name=wait-$tasks-$cap
        interleave "$name-ours" "$ours" wait-async "$tasks" "$cap" "$us" -- \
            "$name-ants" "$ants" wait "$tasks" "$cap" "$us"
        compare "$tasks waiting $((us / 1000)) ms, cap $cap, s" elapsed_s "$name-ours" \
            "ants" "$name-ants" "limit $limit s, $goal"
        line '  peak memory' "$(megabytes "$(median "$name-ours" peak_rss_bytes)")" ants \
            "$(megabytes "$(median "$name-ants" peak_rss_bytes)")" '' ''
    done
    # Not comparable, for the record: a thread each, beside goroutines.
    interleave threads-ours "$ours" wait-threads 20000 1000 10000 -- \
        threads-ants "$ants" wait 20000 1000 10000
    compare '20000 waiting 10 ms on 1000 threads, s' elapsed_s threads-ours 'ants (goroutines)' \
        threads-ants 'limit 0.20 s; not a fair pair'
fi
if wanted empty; then
    # Cap 64 for the pools that have a cap; the others get as many threads as cores, their best.
    interleave empty-ours "$ours" empty-ours 1000000 64 -- empty-ants "$ants" wait 1000000 64 0 -- \
        empty-asio "$ours" empty-asio 1000000 "$(nproc)" -- \
        empty-fixed "$ours" empty-fixed 1000000 "$(nproc)"
    compare 'empty callables, one producer, tasks/s' tasks_per_s empty-ours ants empty-ants '>=2 times ants'
    compare '' tasks_per_s empty-ours 'asio::thread_pool' empty-asio ''
    compare '' tasks_per_s empty-ours 'fixed threads' empty-fixed ''
fi
if wanted cpu; then
    n=$(nproc)
    # Two seconds of work in all, in small and large tasks: a bounded pool wakes its submitter for
    # each task; an unbounded queue holds all tasks at once.
    for cut in '2000 500000 1' '200 5000000 10'; do
        read -r tasks rounds each <<<"$cut"
        interleave "cpu-one-$each" "$ours" cpu-ours "$tasks" 1 "$rounds" -- \
            "cpu-ours-$each" "$ours" cpu-ours "$tasks" "$n" "$rounds" -- \
            "cpu-asio-$each" "$ours" cpu-asio "$tasks" "$n" "$rounds" -- \
            "cpu-ants-$each" "$ants" cpu "$tasks" "$n" "$rounds"
        one=$(median "cpu-one-$each" elapsed_s)
        line "CPU-bound, about $each ms each, times 1 thread" \
            "$(ratio "$one" "$(median "cpu-ours-$each" elapsed_s)")" 'asio::thread_pool' \
            "$(ratio "$one" "$(median "cpu-asio-$each" elapsed_s)")" '' '>=1.95 on 2 cores'
        line '' '' ants "$(ratio "$one" "$(median "cpu-ants-$each" elapsed_s)")" '' ''
    done
fi
if wanted latency; then
    for busy in 0 90; do
        interleave "loop-$busy" "$ours" latency-loop 5000 "$busy" -- \
            "threads-$busy" "$ours" latency-threads 5000 "$busy" -- \
            "async-$busy" "$ours" latency-async 5000 "$busy" -- \
            "ants-$busy" "$ants" latency 5000 "$busy"
        # Goroutine to goroutine beside coroutine to coroutine: no thread needs to be woken.
        compare "submit to start, $busy % busy, coroutine, p99 s" p99_s "loop-$busy" ants \
            "ants-$busy" 'below ants'
        # Not comparable, for the record: here a thread must be woken, a goroutine needs no such
        # wake.
        compare '  from another thread than the loop' p99_s "async-$busy" ants "ants-$busy" ''
        compare '  a callable, on a thread' p99_s "threads-$busy" ants "ants-$busy" ''
    done
fi
if wanted burst; then
    interleave burst "$ours" burst 10000
    line '10000 blocked threads, at the top' "$(megabytes "$(median burst top_rss_bytes)")" '' '' '' '<=400 MB'
    line '  back to no threads, in expiries' "$(median burst expiries)" '' '' '' '<=1.2'
    line '  memory before' "$(megabytes "$(median burst rss_before)")" after \
        "$(megabytes "$(median burst rss_after)")" '' ''
fi
