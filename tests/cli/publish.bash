# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# `load publish` gives the files that test `airy publish` a queue that is bound to everything, for
# each test, and functions to read it.

uuid='[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'

setup() {
    airy_setup
    queue=$(fresh queue)
    airy queue declare --plain "$queue" --bind '#' --type classic --quiet
}

teardown() {
    forget "$queue" queues
    airy_teardown
}

post() { airy publish post.published --set post_id="$1" --set author_id=7 --set title=Hello "${@:2}"; }

# The bodies that wait in the queue, in order.
bodies() { timeout 20 amqp-consume -u "$peer_url" -q "$queue" -c "$(depth "$queue")" cat; }
