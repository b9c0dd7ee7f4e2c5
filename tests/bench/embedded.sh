#!/bin/bash
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
#
# embedded.sh [BUILD] [ROUNDS]: the embedded broker beside bare SQLite, and beside itself with a
# million messages waiting. Both run in turn; prints medians, and the ratio of the medians. BUILD is
# a release build with benchmarks (default: build-bench, made when it is missing).
set -euo pipefail

root=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
build=${1:-$root/build-bench}
rounds=${2:-5}
backlog=${AIRY_BENCH_BACKLOG:-1000000}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/airy-bench.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT

[[ -f $build/build.ninja ]] || meson setup "$build" "$root" --buildtype=release >/dev/null
ninja -C "$build" --quiet tools/airy tests/bench/raw_sqlite tests/bench/embedded_latency

unset AIRY_URL AMQP_URL
export AIRY_EXCHANGE=airy.bench
airy=$build/tools/airy
raw=$build/tests/bench/raw_sqlite
latency=$build/tests/bench/embedded_latency
db=$scratch/airy.db
bare=$scratch/bare.db
queue=bench
events=100000
batch=500

# 222 bytes each, complete, as in broker.sh.
awk -v n=$events 'BEGIN {
    for (i = 1; i <= n; i++) {
        line = sprintf("{\"event_id\":\"7b0c1de2-9c1f-4c57-8f0e-%012x\",\"event_type\":\"post.published\",\"timestamp\":\"2026-01-02T03:04:05.123456789Z\",\"post_id\":%d,\"author_id\":7,\"title\":\"", i, 1000000 + i)
        pad = 222 - length(line) - 2
        printf "%s%s\"}\n", line, substr("Hello, world. Hello, world. Hello, world. Hello, world. Hello, world. Hello", 1, pad)
    }
}' >"$scratch/events"

seconds() { # seconds CMD ARG…: wall time of one run
    local start=$EPOCHREALTIME
    "$@" >/dev/null
    awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN {printf "%.6f\n", b - a}'
}

median() { sort -n | awk '{v[NR] = $1} END {print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'; }

# compare NAME GOAL OURS LIMIT BEFORE: functions to run in turn, BEFORE ahead of both.
compare() {
    local name=$1 goal=$2 ours=$3 limit=$4 before=$5 a b
    : >"$scratch/a" && : >"$scratch/b"
    for _ in $(seq "$rounds"); do
        $before "$ours"
        seconds "$ours" >>"$scratch/a"
        $before "$limit"
        seconds "$limit" >>"$scratch/b"
    done
    a=$(median <"$scratch/a") b=$(median <"$scratch/b")
    awk -v name="$name" -v goal="$goal" -v n=$events -v a="$a" -v b="$b" \
        'BEGIN {printf "%-36s %9.0f/s %9.0f/s   %5.2f   %s\n", name, n / a, n / b, b / a, goal}'
}

remove() { rm -rf "$scratch"/airy.db* "$scratch"/bare.db*; }
fresh() {
    remove
    "$airy" queue declare --plain $queue --bind '#' --quiet --url "sqlite:$db?sync=normal"
}
full() {
    fresh
    if [[ $1 == *limit ]]; then publish_limit; else publish_ours; fi
}
# Fills the queue with the backlog, for ours only, before the measured messages.
deep() {
    fresh
    if [[ $1 == *ours ]]; then fill "$((backlog / events))"; fi
    if [[ $1 == consume* ]]; then publish_ours; fi
}
fill() { for _ in $(seq "$1"); do publish_ours; done; }

publish_ours() { "$airy" publish --quiet --url "sqlite:$db?sync=normal" <"$scratch/events"; }
publish_limit() { "$raw" publish "$bare" "$scratch/events" $batch; }
consume_ours() { "$airy" consume '#' --queue $queue --no-declare --print --count $events --url "sqlite:$db" >"$scratch/out"; }
consume_limit() { "$raw" consume "$bare" $events $batch "$scratch/out"; }
publish_empty() { publish_ours; }
consume_empty() { consume_ours; }

printf '%-36s %11s %11s   %5s   %s\n' work ours beside ratio goal
compare 'publish 100,000, sync=normal' '>= 0.70' publish_ours publish_limit fresh
compare 'consume 100,000 with --print' '>= 0.60' consume_ours consume_limit full
compare "publish onto $backlog waiting" '>= 0.80' publish_ours publish_empty deep
compare "consume with $backlog waiting" '>= 0.80' consume_ours consume_empty deep
remove
printf '100/s between two processes: '
"$latency" "sqlite:$db" 1000 100
"$latency" "sqlite:$db" idle 10
# Publishers while the log is cleaned (goal: none waits more than 50 ms for the cleaning).
fresh
"$airy" queue delete $queue --yes --quiet --url "sqlite:$db"
fill_log() { "$airy" publish --no-mandatory --quiet --url "sqlite:$db?sync=normal&retain=24h" <"$scratch/events"; }
for _ in $(seq "$((backlog / events))"); do fill_log; done
"$airy" queue declare --plain latency --quiet --url "sqlite:$db"
for retain in 24h 1s; do
    printf '100/s on a log of %s, retain=%s: ' "$backlog" $retain
    "$latency" "sqlite:$db?sync=normal&retain=$retain" 2000 100
done
remove
one='{"post_id":42,"author_id":7,"title":"Hello, world"}'
once() { for _ in 1 2 3 4 5 6 7 8 9 10; do "$airy" publish post.published "$one" --quiet --url "sqlite:$db?sync=$1"; done; }
"$airy" queue declare --plain $queue --bind '#' --quiet --url "sqlite:$db"
for sync in full normal; do
    for _ in $(seq "$rounds"); do seconds once $sync; done | median |
        awk -v sync=$sync '{printf "one publish, sync=%s: %.2f ms\n", sync, $1 * 100}'
done
