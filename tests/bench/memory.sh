#!/bin/bash
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
#
# memory.sh [BUILD] [MESSAGES] [SECONDS]: the peak memory of airy consume while MESSAGES of 1 KB
# (1,000,000) wait in a durable queue and its handler is slow, after SECONDS (20) with each handler:
# commands that take a second, and --print into a reader that takes 100 lines a second.
set -euo pipefail

root=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
build=${1:-$root/build-bench}
messages=${2:-1000000}
seconds=${3:-20}
goal=100 # MB
rabbit=$root/tests/support/rabbit
scratch=$(mktemp -d "${TMPDIR:-/tmp}/airy-bench.XXXXXX")
trap '"$rabbit" stop "$scratch/rabbit" --now || true; rm -rf "$scratch"' EXIT
trap 'exit 130' INT

[[ -f $build/build.ninja ]] || meson setup "$build" "$root" --buildtype=release >/dev/null
ninja -C "$build" --quiet tools/airy tests/bench/raw_amqp
airy=$build/tools/airy

"$rabbit" start "$scratch/rabbit" --owner $$
# shellcheck source=/dev/null
. "$scratch/rabbit/env"
export AIRY_EXCHANGE=airy.bench XDG_RUNTIME_DIR=$scratch
queue=bench
"$airy" consume '#' --queue $queue --until-empty --print
awk -v n="$messages" 'BEGIN { pad = sprintf("%1000s", ""); gsub(/ /, "x", pad)
    for (i = 1; i <= n; i++) print substr(sprintf("{\"post_id\":%d,\"title\":\"%s", i, pad), 1, 998) "\"}" }' |
    "$build/tests/bench/raw_amqp" publish "${AIRY_URL%/}" airy.bench post.published /dev/stdin 1000 >&2

# measure NAME OPTION...: peak memory and messages in flight, after $seconds.
measure() {
    local name=$1 pid peak
    shift
    "$airy" consume '#' --queue $queue "$@" 2>"$scratch/err" > >(while read -r _; do sleep 0.01; done) &
    pid=$!
    sleep "$seconds" # the measurement itself
    peak=$(awk '/^VmHWM/ { printf "%.1f", $2 / 1000 }' "/proc/$pid/status")
    printf '%-26s %8s MB   goal < %d MB   ' "$name" "$peak" $goal
    "$airy" stats pools --output json | jq -r '"\(.handled) handled, \(.in_flight) in flight"'
    kill -KILL $pid
    wait $pid 2>/dev/null || true
    awk -v peak="$peak" -v goal=$goal 'BEGIN { exit !(peak < goal) }'
}

printf '%s messages are ready\n' "$("$airy" queue ls $queue --output json | jq .ready)"
measure 'commands of 1 s, 8 slots' --pool-size 8 -- sleep 1
measure 'commands of 1 s, 500 slots' --pool-size 500 -- sleep 1
measure '--print, a slow reader' --print
