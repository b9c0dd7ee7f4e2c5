#!/bin/sh
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
#
# Pool and queue together: a command for each message, eight at once. One event in ten is bad: its
# handler exits with status 65, and the event goes to the dead-letter queue instead of returning for
# ever. Needs `airy` on the PATH and a broker: AIRY_URL, or RabbitMQ on localhost.
set -eu

queue=example.work.$$
AIRY_EXCHANGE=example.exchange.$$
export AIRY_EXCHANGE
work=$(mktemp -d)
trap 'rm -rf "$work"; airy queue delete "$queue" "$queue.dlq" --yes --quiet' EXIT

cat >"$work/handle" <<'HANDLER'
#!/bin/sh
# The body is on stdin, the properties are in the environment.
case $(cat) in
*'"post_id":'*0,*) echo "cannot index $AIRY_EVENT_ID" >&2; exit 65 ;;
esac
HANDLER
chmod +x "$work/handle"

# The queue first: events published before it is bound reach no queue.
airy consume post.published --queue "$queue" --pool-size 8 --until-empty -- true

seq 1 40 | while read -r id; do
    printf '{"event_type":"post.published","post_id":%d,"author_id":7,"title":"Post %d"}\n' "$id" "$id"
done | airy publish --quiet

# Exit 6 means that the handler gave up on some events; they are in the dead-letter queue.
status=0
airy consume post.published --queue "$queue" --pool-size 8 --until-empty -- "$work/handle" || status=$?
echo "consume ended with $status"
airy queue ls "$queue" "$queue.dlq"
