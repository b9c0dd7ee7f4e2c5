#!/bin/sh
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
#
# Both together: a command for each message, eight at once. One event in ten is bad; its handler
# says so with exit status 65, and it ends in the dead-letter queue instead of coming back for ever.
# Needs `airy` on the PATH and a broker: AIRY_URL, or RabbitMQ on localhost.
set -eu

queue=example.work.$$
AIRY_EXCHANGE=example.exchange.$$
export AIRY_EXCHANGE
work=$(mktemp -d)
trap 'rm -rf "$work"; airy queue delete "$queue" "$queue.dlq" --yes --quiet' EXIT

cat >"$work/handle" <<'HANDLER'
#!/bin/sh
# The body is on stdin, what is known of it in the environment.
case $(cat) in
*'"post_id":'*0,*) echo "cannot index $AIRY_EVENT_ID" >&2; exit 65 ;;
esac
HANDLER
chmod +x "$work/handle"

# The queue first: what is published before it is bound reaches nobody.
airy consume post.published --queue "$queue" --pool-size 8 --until-empty -- true

seq 1 40 | while read -r id; do
    printf '{"event_type":"post.published","post_id":%d,"author_id":7,"title":"Post %d"}\n' "$id" "$id"
done | airy publish --quiet

# Exit 6 says that some were given up; they are not lost.
status=0
airy consume post.published --queue "$queue" --pool-size 8 --until-empty -- "$work/handle" || status=$?
echo "consume ended with $status"
airy queue ls "$queue" "$queue.dlq"
