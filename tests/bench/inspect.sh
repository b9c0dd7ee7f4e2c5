#!/bin/bash
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
#
# inspect.sh [BUILD] [ROUNDS]: the cost of metrics and the control socket for a consumer, and how
# soon `airy stats` answers, on a private broker. BUILD is a release build (default: build-bench,
# made when it is missing). Runs with and without metrics take turns; prints medians.
set -euo pipefail

root=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
build=${1:-$root/build-bench}
rounds=${2:-7}
rabbit=$root/tests/support/rabbit
scratch=$(mktemp -d "${TMPDIR:-/tmp}/airy-bench.XXXXXX")
background=()
finish() {
    if ((${#background[@]} > 0)); then kill "${background[@]}" 2>/dev/null || true; fi
    wait
    "$rabbit" stop "$scratch/rabbit" --now || true
    rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT

[[ -f $build/build.ninja ]] || meson setup "$build" "$root" --buildtype=release >/dev/null
ninja -C "$build" --quiet tools/airy tests/bench/raw_amqp
airy=$build/tools/airy
raw=$build/tests/bench/raw_amqp

"$rabbit" start "$scratch/rabbit" --owner $$
# shellcheck source=/dev/null
. "$scratch/rabbit/env"
export AIRY_EXCHANGE=airy.bench XDG_RUNTIME_DIR=$scratch/run
queue=bench
events=100000
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
mkdir -m 700 "$scratch/run" "$scratch/off"
: >"$scratch/off/airy" # no directory, so airy cannot make a control socket in it

awk -v n=$events 'BEGIN {
    for (i = 1; i <= n; i++)
        printf "{\"event_id\":\"7b0c1de2-9c1f-4c57-8f0e-%012x\",\"event_type\":\"post.published\",\"timestamp\":\"2026-01-02T03:04:05.123456789Z\",\"post_id\":%d,\"author_id\":7,\"title\":\"Hello, world. Hello, world.\"}\n", i, 1000000 + i
}' >"$scratch/events"

# The median of the first column.
median() { sort -n "$1" | awk '{v[NR] = $1} END {print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'; }
worst() { sort -n "$1" | tail -n 1; }

# timed FILE CMD ARG...: appends the seconds of wall time and of CPU.
timed() {
    local file=$1 TIMEFORMAT='%R %U %S'
    shift
    { time "$@" >"$scratch/out" 2>"$scratch/err"; } 2>"$scratch/time"
    awk '{print $1, $2 + $3}' "$scratch/time" >>"$file"
}

scrape() {
    local text
    while true; do
        if { exec 4<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null; then
            printf 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n' >&4
            IFS= read -r -d '' -u 4 text || true
            exec 4>&-
            if [[ $text == *airy_messages_total* ]]; then echo scraped >>"$scratch/scrapes"; fi
            sleep 1
        else
            sleep 0.02
        fi
    done
}

full_queue() {
    "$airy" queue delete $queue --yes --quiet 2>/dev/null || true
    "$airy" queue declare --plain $queue --bind '#' --quiet
    "$raw" publish "${AIRY_URL%/}" airy.bench post.published "$scratch/events" 1000
}
consume() { "$airy" consume '#' --queue $queue --no-declare --print --count $events "$@"; }
unseen() { XDG_RUNTIME_DIR=$scratch/off consume; }
seen() { consume --metrics-listen "127.0.0.1:$port"; }

overhead() {
    local scraper i
    : >"$scratch/scrapes"
    for ((i = 0; i < rounds; i++)); do
        full_queue
        timed "$scratch/unseen" unseen
        grep -q 'will not see this consumer' "$scratch/err"
        full_queue
        scrape &
        scraper=$!
        timed "$scratch/seen" seen
        kill "$scraper"
        wait "$scraper" || true
    done
    (($(wc -l <"$scratch/scrapes") >= rounds))
    cut -d ' ' -f 2 "$scratch/unseen" >"$scratch/unseen.cpu"
    cut -d ' ' -f 2 "$scratch/seen" >"$scratch/seen.cpu"
    awk -v a="$(median "$scratch/seen")" -v b="$(median "$scratch/unseen")" \
        -v c="$(median "$scratch/seen.cpu")" -v d="$(median "$scratch/unseen.cpu")" \
        -v n="$(wc -l <"$scratch/scrapes")" 'BEGIN {
            printf "consume 100,000, with metrics, socket and a scrape a second: %.3f s, all off: %.3f s: %+.1f %%\n", a, b, 100 * (a / b - 1)
            printf "  its CPU: %.3f s, all off: %.3f s: %+.1f %%; %d scrapes\n", c, d, 100 * (c / d - 1), n
        }'
}

# Runs differ by more than the cost of a scrape, so that cost is measured separately: clock ticks of
# the process over a thousand scrapes.
ticks() { awk '{print $14 + $15}' "/proc/$1/stat"; }
one_scrape() {
    local pid before i text
    "$airy" consume '#' --queue $queue --no-declare --print --metrics-listen "127.0.0.1:$port" \
        </dev/null >/dev/null 2>&1 &
    pid=$!
    background+=("$pid")
    until curl -sf "http://127.0.0.1:$port/readyz" >/dev/null; do sleep 0.1; done
    before=$(ticks "$pid")
    for ((i = 0; i < 1000; i++)); do
        exec 4<>"/dev/tcp/127.0.0.1/$port"
        printf 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n' >&4
        IFS= read -r -d '' -u 4 text || true
        exec 4>&-
        [[ $text == *airy_messages_total* ]]
    done
    awk -v ticks=$(($(ticks "$pid") - before)) -v hz="$(getconf CLK_TCK)" \
        'BEGIN {printf "one scrape costs the consumer %.2f ms of CPU: at one a second %.2f %% of a core\n", ticks / hz, ticks / hz / 10}'
    kill "$pid"
    wait "$pid" || true
    background=()
}

answers() { # WHAT GOAL CMD ARG...
    local what=$1 goal=$2 i
    shift 2
    : >"$scratch/times"
    for ((i = 0; i < 21; i++)); do timed "$scratch/times" "$@"; done
    awk -v what="$what" -v goal="$goal" -v m="$(median "$scratch/times")" -v w="$(worst "$scratch/times" | cut -d ' ' -f 1)" \
        -v lines="$(wc -l <"$scratch/out")" \
        'BEGIN {printf "%-36s median %4.0f ms, worst of 21 %4.0f ms, %4d lines; goal %s\n", what, m * 1000, w * 1000, lines, goal}'
}

all_run() { (($("$airy" stats pools --output json | grep -c '"state":"running"') == 50)); }

overhead
one_scrape
"$airy" queue delete $queue --yes --quiet

for i in $(seq 50); do
    "$airy" consume '#' --queue "work.$i" --queue-type classic --pool-size 2 -- true </dev/null >/dev/null 2>&1 &
    background+=($!)
done
until all_run; do sleep 0.2; done
answers 'stats pools, 50 consumers' '50 ms' "$airy" stats pools
answers 'stats, 50 consumers, 100 queues' '50 ms' "$airy" stats
kill "${background[@]}"
wait "${background[@]}" || true
background=()

seq 900 | xargs -I{} "$airy" queue declare --plain 'queue.{}' --type classic --quiet
answers 'stats queues, 1,000 queues' '300 ms' "$airy" stats queues
