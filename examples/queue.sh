#!/bin/sh
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
#
# The queue alone: publish three events, look at the queue, take them out again.
# Needs `airy` on the PATH and a broker: AIRY_URL, or RabbitMQ on localhost.
set -eu

queue=example.queue.$$
AIRY_EXCHANGE=example.exchange.$$
export AIRY_EXCHANGE
trap 'airy queue delete "$queue" --yes --quiet' EXIT

airy queue declare --plain "$queue" --bind 'post.*' --quiet

for id in 1 2 3; do
    airy publish post.published --set post_id=$id --set author_id=7 --set title="Post $id"
done

airy queue ls "$queue"

# Message lines, as `publish --lines message` would read them.
airy consume 'post.*' --queue "$queue" --no-declare --print --count 3 --expect 3
