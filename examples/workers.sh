#!/bin/sh
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
#
# Two workers that live on: worker.py, and the same in shell with one jq for all messages. Needs
# `airy` on the PATH, python3, jq, and a broker: AIRY_URL, or RabbitMQ on localhost.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
queue=example.workers.$$
AIRY_EXCHANGE=example.exchange.$$
export AIRY_EXCHANGE
trap 'airy queue delete "$queue" --with-dlq --yes --quiet' EXIT

# The queue first: events published before it is bound reach no queue.
airy queue declare "$queue" --bind 'post.*' --quiet

posts() {
    seq 1 "$1" | while read -r id; do
        printf '{"event_type":"post.published","post_id":%d,"author_id":7,"title":"Post %d"}\n' "$id" "$id"
    done | airy publish --quiet
}

posts 20
airy consume 'post.*' --queue "$queue" --until-empty --worker 2 --window 5 --ready -- "$here/worker.py"

# In batches: a line holds up to 10 events, and worker.py answers each of them.
posts 30
airy consume 'post.*' --queue "$queue" --until-empty --worker 2 --batch 10 --batch-wait 200ms --ready -- \
    "$here/worker.py"

# One event in ten is bad: the worker rejects it, and it goes to the dead-letter queue.
posts 20
status=0
airy consume 'post.*' --queue "$queue" --until-empty --worker 1 --window 5 -- \
    jq --unbuffered -c 'if .body.post_id % 10 != 0 then {id, result: "ok"}
        else {id, result: "reject", reason: "a round number"} end' || status=$?
echo "consume ended with $status"
airy queue ls "$queue" "$queue.dlq"
