#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT

load helper
load queue

@test "queue declare: a durable quorum queue, and again" {
    for _ in 1 2; do
        run_airy queue declare "$queue"
        assert_status 0
        assert_contains "$output" "$queue: quorum queue, 0 ready, 0 consumers"
        assert_equal "$stderr" ''
    done
    api GET "queues/%2F/$queue" | jq -e '.durable and .type == "quorum" and (.auto_delete | not)'
    run_airy queue declare "$queue" --quiet
    assert_status 0
    assert_equal "$output$stderr" ''
}

@test "queue declare --output json" {
    run_airy queue declare "$queue" --bind 'post.*' --output json
    assert_status 0
    jq -e --arg q "$queue" --arg x "$AIRY_EXCHANGE" '.queue == $q and .type == "quorum" and
        .ready == 0 and .consumers == 0 and .exchange == $x and .bindings == ["post.*"]' <<<"$output"
}

@test "queue declare --bind: binds to the exchange, which is declared too; idempotent" {
    for _ in 1 2; do
        run_airy queue declare "$queue" --bind 'post.*' --bind '#.deleted'
        assert_status 0
    done
    has_bindings "$queue" 2
    api GET "exchanges/%2F/$AIRY_EXCHANGE" |
        jq -e '.type == "topic" and .durable and (.auto_delete | not) and (.internal | not)'
    run_airy queue declare "$queue" --exchange "$AIRY_EXCHANGE" --bind 'user.#'
    assert_status 0
    has_bindings "$queue" 3
}

@test "queue declare --type" {
    run_airy queue declare "$queue" --type classic
    assert_status 0
    run_airy queue declare "$other" --type stream
    assert_status 0
    api GET "queues/%2F/$queue" | jq -e '.type == "classic" and .durable'
    api GET "queues/%2F/$other" | jq -e '.type == "stream"'
    run_airy queue declare "$queue" --type heap
    assert_status 2
    assert_short_error
}

@test "queue declare --arg: numbers, booleans and text keep their types" {
    run_airy queue declare "$queue" --plain --type classic --arg x-max-length=1000 \
        --arg x-single-active-consumer=true --arg x-overflow=reject-publish
    assert_status 0
    api GET "queues/%2F/$queue" | jq -e '(.arguments | del(.["x-queue-type"])) == {"x-max-length": 1000,
        "x-single-active-consumer": true, "x-overflow": "reject-publish"}'
    # Another client would declare it with 32-bit numbers: the same queue.
    run_airy queue declare "$queue" --plain --type classic --arg x-max-length=1000 \
        --arg x-single-active-consumer=true --arg x-overflow=reject-publish
    assert_status 0
}

@test "queue declare: malformed arguments are wrong usage" {
    for argument in x-max-length =5 x-queue-type=classic; do
        run_airy queue declare "$queue" --arg "$argument"
        assert_status 2
        assert_short_error
        assert_contains "$stderr" --arg
    done
    no_queue "$queue"
}

@test "queue declare: an illegal pattern is wrong usage, and nothing is declared" {
    run_airy queue declare "$queue" --bind 'post.*x'
    assert_status 2
    assert_short_error
    no_queue "$queue"
}

@test "queue declare: the queue is there with other properties: exit 7, naming each difference" {
    airy queue declare "$queue" --plain --type classic
    run_airy queue declare "$queue" --plain --type quorum
    assert_status 7
    assert_short_error
    assert_contains "$stderr" "$queue"
    assert_contains "$stderr" x-queue-type
    run_airy queue declare "$queue" --plain --type classic --arg x-max-length=5 --arg x-message-ttl=9
    assert_status 7
    assert_contains "$stderr" 'x-max-length is not set, not 5'
    assert_contains "$stderr" 'x-message-ttl is not set, not 9'
    # The refused declarations have changed nothing.
    airy queue declare "$queue" --plain --type classic
}

@test "queue declare: the exchange is there with another type: exit 7" {
    api PUT "exchanges/%2F/$AIRY_EXCHANGE" -H 'content-type: application/json' -d '{"type":"fanout","durable":true}'
    run_airy queue declare "$queue" --bind 'post.*'
    assert_status 7
    assert_short_error
    assert_contains "$stderr" "$AIRY_EXCHANGE"
    no_queue "$queue"
}

@test "queue: a name of any characters" {
    queue="$(fresh q)/a b?#%"
    local encoded
    encoded=$(jq -rn --arg q "$queue" '$q | @uri')
    run_airy queue declare "$queue"
    assert_status 0
    run_airy queue ls "$queue" --output json
    assert_status 0
    jq -e --arg q "$queue" '.queue == $q and .type == "quorum"' <<<"$output"
    run_airy queue delete "$queue" --yes
    assert_status 0
    no_queue "$encoded"
}
