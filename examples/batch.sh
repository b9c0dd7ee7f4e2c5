#!/bin/sh
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
#
# Batches: a bulk loader turns up to 20 votes at once into rows of a table. One vote is bad: the batch
# that holds it fails, its messages are run alone, and only the bad one becomes a dead letter. Needs
# `airy` and `jq` on the PATH and a broker: AIRY_URL, or RabbitMQ on localhost.
set -eu

queue=example.batch.$$
AIRY_EXCHANGE=example.exchange.$$
export AIRY_EXCHANGE
work=$(mktemp -d)
trap 'rm -rf "$work"; airy queue delete "$queue" "$queue.dlq" --yes --quiet' EXIT

airy queue declare "$queue" --bind 'post.*' --quiet
for post in $(seq 60); do
    voter=$((post == 33 ? 0 : post + 100))
    printf '{"event_type":"post.voted","post_id":%d,"author_id":7,"voter_id":%d,"vote_type":"up"}\n' "$post" "$voter"
done | airy publish --quiet

cat >"$work/load" <<'HANDLER'
#!/bin/sh
# All rows or none, as a transaction of a database does it; then exit 65 for data that is wrong.
set -eu
rows=$(jq -rs 'if all(.[]; .body.voter_id > 0) then .[].body | "\(.post_id),\(.voter_id)" else error("no voter") end') ||
    exit 65
printf '%s\n' "$rows" >>"$1"
HANDLER
chmod +x "$work/load"

status=0
airy consume 'post.*' --queue "$queue" --batch 20 --batch-wait 200ms --pool-size 1 --until-empty -- \
    "$work/load" "$work/rows" || status=$?
echo "consume ended with $status; the table has $(wc -l <"$work/rows") rows"
airy dlq show "$queue" --output json | jq -c .body
airy dlq purge "$queue" --yes --quiet
