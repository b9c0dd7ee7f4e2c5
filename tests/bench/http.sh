#!/bin/bash
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
#
# http.sh [BUILD] [ROUNDS]: `consume --http` beside a bare client of the same server, on a private
# RabbitMQ; prints medians. BUILD is a release build with benchmarks (default: build-bench, made when
# it is missing).
set -euo pipefail

root=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
build=${1:-$root/build-bench}
rounds=${2:-3}
rabbit=$root/tests/support/rabbit
scratch=$(mktemp -d "${TMPDIR:-/tmp}/airy-http.XXXXXX")
servers=()
finish() {
    for server in "${servers[@]}"; do kill "$server" 2>/dev/null || true; done
    "$rabbit" stop "$scratch/rabbit" --now || true
    rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT

[[ -f $build/build.ninja ]] || meson setup "$build" "$root" --buildtype=release >/dev/null
ninja -C "$build" --quiet tools/airy tests/bench/raw_amqp tests/bench/http_server tests/bench/http_posts

"$rabbit" start "$scratch/rabbit" --owner $$
# shellcheck source=/dev/null
. "$scratch/rabbit/env"
export AIRY_EXCHANGE=airy.bench
airy=$build/tools/airy
queue=bench

awk 'BEGIN {for (i = 1; i <= 100000; i++) printf "{\"event_id\":\"7b0c1de2-9c1f-4c57-8f0e-%012x\",\"event_type\":\"post.published\",\"timestamp\":\"2026-01-02T03:04:05Z\",\"post_id\":%d,\"author_id\":7,\"title\":\"Hello, world\"}\n", i, i}' >"$scratch/events"

# server NAME DELAY_MS: starts one; its port is in NAME.
server() {
    "$build/tests/bench/http_server" "$scratch/$1" "$2" &
    servers+=($!)
    until [[ -s $scratch/$1 ]]; do sleep 0.05; done
}
filled() { # filled COUNT: the queue has so many messages
    "$airy" queue delete $queue --yes --quiet 2>/dev/null || true
    "$airy" queue declare --plain $queue --bind '#' --quiet
    head -n "$1" "$scratch/events" >"$scratch/part"
    "$build/tests/bench/raw_amqp" publish "${AIRY_URL%/}" airy.bench post.published "$scratch/part" 1000
}
seconds() {
    local start=$EPOCHREALTIME
    "$@" >/dev/null
    awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN {printf "%.6f\n", b - a}'
}
median() { sort -n | awk '{v[NR] = $1} END {print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'; }

# consumed COUNT SLOTS PORT: the most memory, in MB, goes to `memory`.
consumed() {
    command time -f %M -o "$scratch/memory" "$airy" consume '#' --queue $queue --no-declare --count "$1" \
        --pool-size "$2" --http "http://127.0.0.1:$3/"
}
posted() { "$build/tests/bench/http_posts" "$1" "$scratch/events" 64; }

server quick 0
server slow 1000
printf '%-44s %10s %10s %6s   %s\n' work ours beside ratio goal
for _ in $(seq "$rounds"); do
    filled 100000
    seconds consumed 100000 64 "$(<"$scratch/quick")" >>"$scratch/a"
    seconds posted "$(<"$scratch/quick")" >>"$scratch/b"
done
awk -v a="$(median <"$scratch/a")" -v b="$(median <"$scratch/b")" \
    'BEGIN {printf "%-44s %8.0f/s %8.0f/s %6.2f   >= 0.80\n", "100,000 small posts, 64 in flight", 100000 / a, 100000 / b, b / a}'
for _ in $(seq "$rounds"); do
    filled 30000
    seconds consumed 30000 10000 "$(<"$scratch/slow")" >>"$scratch/c"
    cat "$scratch/memory" >>"$scratch/m"
done
awk -v c="$(median <"$scratch/c")" -v m="$(median <"$scratch/m")" \
    'BEGIN {printf "%-44s %8.0f/s %8.0f/s %6.2f   >= 0.95, <= 80 MB (%.0f MB)\n", "30,000 of 1 s each, 10,000 in flight", 30000 / c, 10000, 30000 / c / 10000, m / 1000}'
