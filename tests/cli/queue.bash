# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# `load queue` gives the files that test `airy queue` names for two queues, and functions to fill
# and examine them.

setup() {
    airy_setup
    queue=$(fresh q)
    other=$(fresh other)
}

teardown() {
    forget "$queue" queues
    forget "$other" queues
    forget "$queue.dlq" queues
    forget "$other.dlq" queues
    airy_teardown
}

# put QUEUE N: N messages, each confirmed.
put() {
    local i
    for ((i = 0; i < $2; i++)); do
        api POST exchanges/%2F/amq.default/publish -H 'content-type: application/json' \
            -d "{\"properties\":{},\"routing_key\":\"$1\",\"payload\":\"x\",\"payload_encoding\":\"string\"}" >/dev/null
    done
}

queue_exists() { api GET "queues/%2F/$1" >/dev/null; }
no_queue() { ! queue_exists "$1"; }

# consumes QUEUE: keeps a consumer on it that gives all messages back.
consumes() {
    spawn consumer amqp-consume --url="$peer_url" --queue="$1" --prefetch-count=1 sleep 60
    wait_until has_consumer "$1"
}

has_consumer() { (($(airy queue ls "$1" --output json | jq .consumers) == 1)); }
holds() { (($(depth "$1") == $2)); }
