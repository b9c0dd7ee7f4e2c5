#!/bin/bash
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
#
# broker.sh [BUILD] [ROUNDS]: the speed of airy beside bare programs that do the same work, on a
# private broker. Runs of airy and of the limit take turns; prints medians, and the ratio of the
# medians. BUILD is a release build with benchmarks (default: build-bench, made when it is missing).
# ONLY=REGEX selects lines by their name.
set -euo pipefail

root=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
build=${1:-$root/build-bench}
rounds=${2:-5}
rabbit=$root/tests/support/rabbit
scratch=$(mktemp -d "${TMPDIR:-/tmp}/airy-bench.XXXXXX")
trap '"$rabbit" stop "$scratch/rabbit" --now || true; rm -rf "$scratch"' EXIT
trap 'exit 130' INT

[[ -f $build/build.ninja ]] || meson setup "$build" "$root" --buildtype=release >/dev/null
ninja -C "$build" --quiet tools/airy tests/bench/raw_amqp tests/bench/raw_request tests/bench/raw_spawn tests/bench/empty \
    tests/bench/echo_worker

"$rabbit" start "$scratch/rabbit" --owner $$
# shellcheck source=/dev/null
. "$scratch/rabbit/env"
export AIRY_EXCHANGE=airy.bench
airy=$build/tools/airy
raw=$build/tests/bench/raw_amqp
request=$build/tests/bench/raw_request
spawn=$build/tests/bench/raw_spawn
empty=$build/tests/bench/empty
raw_url=${AIRY_URL%/}
queue=bench
events=100000
commands=3000
requests=20000

# 222 bytes each, complete, so that airy and the limit send the same.
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

# compare NAME GOAL COUNT OURS LIMIT [BEFORE [BEFORE_LIMIT [LIMIT_COUNT]]]: functions to run in turn.
# The ratio is that of the rates: 1.00 is the limit itself.
compare() {
    local name=$1 goal=$2 count=$3 ours=$4 limit=$5 before=${6:-true} a b
    local before_limit=${7:-$before} limit_count=${8:-$3}
    [[ $name =~ ${ONLY-} ]] || return 0
    : >"$scratch/a" && : >"$scratch/b"
    for _ in $(seq "$rounds"); do
        $before
        seconds "$ours" >>"$scratch/a"
        $before_limit
        seconds "$limit" >>"$scratch/b"
    done
    a=$(median <"$scratch/a") b=$(median <"$scratch/b")
    awk -v name="$name" -v goal="$goal" -v n="$count" -v m="$limit_count" -v a="$a" -v b="$b" \
        'BEGIN {printf "%-34s %9.0f/s %9.0f/s   %8.2f ms %8.2f ms   %5.2f   %s\n", name, n / a, m / b, a * 1000 / (n <= 10 ? n : 1), b * 1000 / (m <= 10 ? m : 1), (n / a) / (m / b), goal}'
}

fresh_queue() {
    "$airy" queue delete $queue --yes --quiet 2>/dev/null || true
    "$airy" queue declare --plain $queue --bind '#' --quiet
}
full_queue() {
    fresh_queue
    "$raw" publish "$raw_url" airy.bench post.published "$scratch/events" 1000
}
few_messages() {
    fresh_queue
    head -n $commands "$scratch/events" | "$airy" publish --quiet
}

# A queue as a consumer declares it, which keeps retries and dead letters; beside it a bare queue,
# where failures are discarded.
drop() {
    local queue
    for queue in "$@"; do "$airy" queue delete "$queue" --yes --quiet 2>/dev/null || true; done
}
full_work_queue() {
    drop $queue bench.work bench.work.dlq
    "$airy" consume '#' --queue bench.work --until-empty --print --quiet
    "$raw" publish "$raw_url" airy.bench post.published "$scratch/events" 1000
}
full_bare_queue() {
    drop bench.work bench.work.dlq
    full_queue
}
retries_on() { "$airy" consume '#' --queue bench.work --no-declare --print --count $events >"$scratch/out"; }
retries_off() { "$airy" consume '#' --queue $queue --no-declare --print --count $events >"$scratch/out"; }

publish_ours() { "$airy" publish --quiet <"$scratch/events"; }
publish_limit() { "$raw" publish "$raw_url" airy.bench post.published "$scratch/events" 1000; }
consume_ours() { "$airy" consume '#' --queue $queue --no-declare --print --count $events >"$scratch/out"; }
consume_limit() { "$raw" consume "$raw_url" $queue $events 1000 "$scratch/out"; }
one='{"post_id":42,"author_id":7,"title":"Hello, world"}'
once_ours() { for _ in 1 2 3 4 5 6 7 8 9 10; do "$airy" publish post.published "$one" --quiet; done; }
once_peer() { for _ in 1 2 3 4 5 6 7 8 9 10; do amqp-publish -u "$raw_url" -e airy.bench -r post.published -C application/json -p -b "$one"; done; }
version_ours() { for _ in 1 2 3 4 5 6 7 8 9 10; do "$airy" --version; done; }
version_limit() { for _ in 1 2 3 4 5 6 7 8 9 10; do "$empty"; done; }
concurrency=$((4 * $(nproc)))
spawn_ours() { "$airy" consume '#' --queue $queue --no-declare --pool-size $concurrency --count $commands -- /bin/true; }
workers_of() { "$airy" consume '#' --queue $queue --no-declare --worker 2 --window 100 --count $events -- "$@"; }
workers_ours() { workers_of "$build/tests/bench/echo_worker"; }
python=$root/tests/bench/echo_worker.py
python_ours() { workers_of "$python"; }
# The same loop twice, each over half of the lines that the workers get.
requests() {
    [[ -s $scratch/half1 ]] || {
        full_queue
        consume_ours
        awk -v half1="$scratch/half1" -v half2="$scratch/half2" \
            '{print "{\"id\":" NR "," substr($0, 2) >(NR % 2 ? half1 : half2)}' "$scratch/out"
    }
}
python_limit() {
    "$python" <"$scratch/half1" >"$scratch/answers1" &
    "$python" <"$scratch/half2" >"$scratch/answers2"
    wait $!
}
batch_ours() { "$airy" consume '#' --queue $queue --no-declare --pool-size $concurrency --count $events --batch 100 -- /bin/true; }
spawn_limit() { "$spawn" $commands $concurrency /bin/true; }

# Both ask the same bare answerer.
answerer() {
    head -n $requests "$scratch/events" >"$scratch/requests"
    fresh_queue
    "$request" answer "$raw_url" $queue &
    answering=$!
}
ask_ours() { "$airy" request price.quote --window 64 --timeout 60s --quiet <"$scratch/requests"; }
ask_limit() { "$request" ask "$raw_url" airy.bench price.quote "$scratch/requests" 64; }

printf '%-34s %11s %11s   %11s %11s   %5s   %s\n' work ours beside ours beside ratio goal
compare 'publish 100,000 confirmed' '>= 0.90' $events publish_ours publish_limit fresh_queue
compare 'consume 100,000 with --print' '>= 0.85' $events consume_ours consume_limit full_queue
compare '100,000, retries on, beside off' '1.00' $events retries_on retries_off full_work_queue full_bare_queue
drop bench.work bench.work.dlq
fresh_queue
compare 'ten times one publish' '>= 0.62 (1.6 x)' 10 once_ours once_peer
compare 'ten times --version' '3 ms each' 10 version_ours version_limit
compare '100,000 through 2 C++ workers' '>= 0.60' $events workers_ours consume_ours full_queue
compare '100,000 through 2 Python workers' '>= 0.85' $events python_ours python_limit full_queue requests
compare '3,000 through -- /bin/true' '>= 0.85' $commands spawn_ours spawn_limit few_messages
compare 'batches of 100, one by one' '>= 40' $events batch_ours spawn_ours full_queue few_messages $commands
answerer
compare '20,000 requests, 64 in flight' '>= 0.85' $requests ask_ours ask_limit
kill "$answering"
