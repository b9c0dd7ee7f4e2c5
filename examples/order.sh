#!/bin/sh
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
#
# Order per key: eight slots work on the votes of four posts. The votes of one post are handled one
# after another, in the order in which they were published; the posts are handled at once. Needs `airy`
# on the PATH and a broker: AIRY_URL, or RabbitMQ on localhost.
set -eu

queue=example.order.$$
AIRY_EXCHANGE=example.exchange.$$
export AIRY_EXCHANGE
work=$(mktemp -d)
trap 'rm -rf "$work"; airy queue delete "$queue" "$queue.dlq" --yes --quiet' EXIT

airy queue declare "$queue" --bind 'post.*' --quiet
for voter in 1 2 3 4 5; do
    for post in 1 2 3 4; do
        printf '{"event_type":"post.voted","post_id":%d,"author_id":7,"voter_id":%d,"vote_type":"up"}\n' "$post" "$voter"
    done
done | airy publish --quiet

cat >"$work/count" <<'HANDLER'
#!/bin/sh
# Without the order per key, two votes of one post would read the same old number.
body=$(cat)
post=${body#*'"post_id":'}
file=$1/${post%%,*}
votes=$(cat "$file" 2>/dev/null || echo 0)
sleep 0.01
echo $((votes + 1)) >"$file"
HANDLER
chmod +x "$work/count"

airy consume 'post.*' --queue "$queue" --serial-by post_id --pool-size 8 --count 20 -- "$work/count" "$work"
for post in 1 2 3 4; do
    echo "post $post has $(cat "$work/$post") votes"
done
