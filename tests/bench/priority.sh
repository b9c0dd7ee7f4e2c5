#!/bin/bash
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
#
# priority.sh [BUILD] [ROUNDS]: how soon a message of high priority is handled while a consumer works on
# 100,000 of low priority, on a private broker and on the embedded one. Prints, for each round, the
# messages that were handled between its confirm and its handler, and the time; the goal is no more than
# the prefetch. BUILD is a release build (default: build-bench, made when it is missing).
set -euo pipefail

root=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
build=${1:-$root/build-bench}
rounds=${2:-3}
rabbit=$root/tests/support/rabbit
scratch=$(mktemp -d "${TMPDIR:-/tmp}/airy-bench.XXXXXX")
consumer=
# shellcheck disable=SC2317 # called by the trap
clean_up() {
    [[ -z $consumer ]] || kill "$consumer" 2>/dev/null || true
    "$rabbit" stop "$scratch/rabbit" --now || true
    rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT

[[ -f $build/build.ninja ]] || meson setup "$build" "$root" --buildtype=release >/dev/null
ninja -C "$build" --quiet tools/airy
airy=$build/tools/airy
"$rabbit" start "$scratch/rabbit" --owner $$
# shellcheck source=/dev/null
. "$scratch/rabbit/env"
export AIRY_EXCHANGE=airy.bench XDG_RUNTIME_DIR=$scratch
prefetch=32

cat >"$scratch/note" <<'HANDLER'
#!/bin/sh
echo "$AIRY_TOPIC" >>"$1"
HANDLER
chmod +x "$scratch/note"

until_lines() { while (($(wc -l <"$scratch/handled") < $1)); do sleep 0.01; done; }

printf '%-12s %-28s %10s\n' broker 'handled before it' time
for url in "$AIRY_URL" "sqlite:$scratch/airy.db"; do
    export AIRY_URL=$url
    for _ in $(seq "$rounds"); do
        : >"$scratch/handled"
        "$airy" queue declare bench.priority --type classic --max-priority 9 --bind '#' --quiet
        seq 100000 | sed 's/.*/{"event_type":"post.deleted","post_id":&,"author_id":7}/' | "$airy" publish --quiet
        "$airy" consume '#' --queue bench.priority --type classic --max-priority 9 --pool-size 16 \
            --prefetch $prefetch --quiet -- "$scratch/note" "$scratch/handled" &
        consumer=$!
        until_lines 200
        "$airy" publish comment.deleted --set comment_id=1 --set post_id=1 --set author_id=7 --priority 9 --quiet
        before=$(wc -l <"$scratch/handled") begun=$EPOCHREALTIME
        until grep -q comment "$scratch/handled"; do sleep 0.001; done
        ended=$EPOCHREALTIME
        at=$(grep -n comment "$scratch/handled" | cut -d: -f1)
        awk -v url="${url%%:*}" -v n=$((at - before - 1)) -v most=$prefetch -v a="$begun" -v b="$ended" \
            'BEGIN {printf "%-12s %-28s %7.0f ms\n", url, (n < 0 ? 0 : n) " (prefetch " most ")", (b - a) * 1000}'
        kill "$consumer"
        wait "$consumer" || true
        consumer=
        "$airy" queue delete bench.priority bench.priority.dlq --yes --quiet
    done
done
