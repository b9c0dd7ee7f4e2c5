#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT

load helper

setup() {
    airy_setup
    queue=$(fresh q)
    other=$(fresh other)
}

teardown() {
    forget "$queue" queues
    forget "$other" queues
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
# consumes QUEUE: keeps a consumer on it that takes nothing away for good.
consumes() {
    spawn consumer amqp-consume --url="$peer_url" --queue="$1" --prefetch-count=1 sleep 60
    wait_until has_consumer "$1"
}
has_consumer() { (($(airy queue ls "$1" --output json | jq .consumers) == 1)); }
holds() { (($(depth "$1") == $2)); }

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
    run_airy queue declare "$queue" --type classic --arg x-max-length=1000 \
        --arg x-single-active-consumer=true --arg x-overflow=reject-publish
    assert_status 0
    api GET "queues/%2F/$queue" | jq -e '.arguments == {"x-max-length": 1000,
        "x-single-active-consumer": true, "x-overflow": "reject-publish"}'
    # As another client with 32-bit numbers would declare it: the same queue.
    run_airy queue declare "$queue" --type classic --arg x-max-length=1000 \
        --arg x-single-active-consumer=true --arg x-overflow=reject-publish
    assert_status 0
}

@test "queue declare: arguments that are none are wrong usage" {
    for argument in x-max-length =5 x-queue-type=classic; do
        run_airy queue declare "$queue" --arg "$argument"
        assert_status 2
        assert_short_error
        assert_contains "$stderr" --arg
    done
    no_queue "$queue"
}

@test "queue declare: a pattern that is not legal is wrong usage, and nothing is made" {
    run_airy queue declare "$queue" --bind 'post.*x'
    assert_status 2
    assert_short_error
    no_queue "$queue"
}

@test "queue declare: the queue is there with other properties: exit 7, naming each difference" {
    airy queue declare "$queue" --type classic
    run_airy queue declare "$queue" --type quorum
    assert_status 7
    assert_short_error
    assert_contains "$stderr" "$queue"
    assert_contains "$stderr" x-queue-type
    run_airy queue declare "$queue" --type classic --arg x-max-length=5 --arg x-message-ttl=9
    assert_status 7
    assert_contains "$stderr" 'x-max-length is not set, not 5'
    assert_contains "$stderr" 'x-message-ttl is not set, not 9'
    # What was asked on the way has changed nothing.
    airy queue declare "$queue" --type classic
}

@test "queue declare: the exchange is there with another type: exit 7" {
    api PUT "exchanges/%2F/$AIRY_EXCHANGE" -H 'content-type: application/json' -d '{"type":"fanout","durable":true}'
    run_airy queue declare "$queue" --bind 'post.*'
    assert_status 7
    assert_short_error
    assert_contains "$stderr" "$AIRY_EXCHANGE"
    no_queue "$queue"
}

@test "queue ls: names what is there, with exact counts for named queues" {
    airy queue declare "$queue"
    airy queue declare "$other" --type classic
    put "$queue" 3
    run_airy queue ls "$queue" --output json
    assert_status 0
    jq -e --arg q "$queue" '.queue == $q and .type == "quorum" and .ready == 3 and
        .consumers == 0 and .durable and .source == "management+amqp"' <<<"$output"
    run_airy queue ls
    assert_status 0
    assert_contains "${lines[0]}" queue
    assert_contains "$output" "$queue"
    assert_contains "$output" "$other"
    run_airy queue ls --match "$(fresh oth)*" --output json
    assert_status 0
    assert_equal "$output" ''
    run_airy queue ls --match 'other.*' --output json
    assert_status 0
    jq -e --arg q "$other" 'select(.queue == $q) | .type == "classic" and
        .ready == 0 and .consumers == 0 and (.source | startswith("management"))' <<<"$output"
    run_airy queue ls "$queue" "$(fresh missing)"
    assert_status 7
    assert_short_error
    assert_contains "$stderr" missing
}

@test "queue ls: what is there is shown beside the error for what is not" {
    airy queue declare "$queue"
    put "$queue" 1
    run_airy queue ls "$(fresh missing)" "$queue" "$(fresh gone)"
    assert_status 7
    assert_contains "${lines[1]}" "$queue"
    assert_equal "${#lines[@]}" 2
    assert_short_error
    assert_contains "$stderr" "$(fresh missing)"
    assert_contains "$stderr" "$(fresh gone)"
    run_airy queue ls "$queue" "$(fresh missing)" --output json
    assert_status 7
    jq -se --arg q "$queue" 'map([.queue, .ready]) == [[$q, 1]]' <<<"$output"
}

# own_queue: the name of the queue that a tail has for itself.
own_queue() {
    api GET "exchanges/%2F/$AIRY_EXCHANGE/bindings/source" |
        jq -er '[.[].destination | select(startswith("amq.gen"))][0]'
}

@test "queue: one that is another connection's own is told as that: exit 7" {
    airy queue declare "$other" --bind '#' --quiet
    spawn tail "$AIRY_BIN" tail '#'
    wait_until own_queue
    own=$(own_queue)
    for command in "queue ls $own --management-url http://127.0.0.1:1" "queue purge $own --yes" \
        "queue delete $own --yes" "consume # --queue $own --no-declare --print" "queue peek $own"; do
        # shellcheck disable=SC2086 # words
        run_airy $command
        assert_status 7
        assert_contains "$stderr" 'another connection has it for itself alone'
        assert_contains "$stderr" owner_pid
        refute_contains "$stderr" 'cannot find'
    done
    assert_short_error
    # The management API sees it all the same.
    run_airy queue ls "$own" --output json
    assert_status 0
    jq -e --arg q "$own" '.queue == $q and .source == "management"' <<<"$output"
}

@test "queue ls: a full-width table where stdout is no terminal" {
    queue=$(fresh "$(printf 'a%.0s' {1..180})")
    airy queue declare "$queue"
    run_airy queue ls "$queue"
    assert_status 0
    assert_contains "$output" "$queue"
    refute_contains "$output" …
}

@test "queue ls: without the management API, named queues come from a passive declare" {
    airy queue declare "$queue"
    put "$queue" 2
    run_airy queue ls "$queue" --output json --management-url http://127.0.0.1:1
    assert_status 0
    jq -e '.ready == 2 and .consumers == 0 and .unacked == null and .type == null and .source == "amqp"' <<<"$output"
    assert_contains "$stderr" 'http://127.0.0.1:1'
    assert_contains "$stderr" 'connection refused'
    run_airy queue ls --management-url http://127.0.0.1:1
    assert_status 3
    assert_short_error
    assert_contains "$stderr" rabbitmq_management
}

@test "queue ls: a management API that hangs is given up in time" {
    airy queue declare "$queue"
    spawn silent python3 -c '
import socket, time
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
time.sleep(60)'
    wait_until test -s silent.out
    AIRY_RUN_SECONDS=10 run_airy queue ls "$queue" --management-url "http://127.0.0.1:$(<silent.out)"
    assert_status 0
    assert_contains "$stderr" 'no answer within 2 s'
}

@test "queue ls: a wrong password: exit 3, and it is not shown" {
    run_airy queue ls --url "amqp://guest:sesame@127.0.0.1:$AIRY_TEST_AMQP_PORT/"
    assert_status 3
    assert_short_error
    refute_contains "$stderr" sesame
    assert_contains "$stderr" guest
}

@test "queue ls: a wrong management URL is wrong usage" {
    run_airy queue ls --management-url localhost:15672
    assert_status 2
    assert_short_error
    AIRY_MANAGEMENT_URL=ftp://x run_airy queue ls
    assert_status 2
    assert_short_error
}

@test "queue delete: needs --yes where there is no terminal, and then deletes" {
    airy queue declare "$queue"
    put "$queue" 2
    run_airy queue delete "$queue" </dev/null
    assert_status 2
    assert_short_error
    assert_contains "$stderr" --yes
    queue_exists "$queue"
    run_airy queue delete "$queue" --yes
    assert_status 0
    assert_contains "$output" "deleted: $queue, 2 messages"
    no_queue "$queue"
}

@test "queue delete: what is not there is exit 7; of several the others go" {
    run_airy queue delete "$queue" --yes
    assert_status 7
    assert_short_error
    assert_contains "$stderr" "$queue"

    airy queue declare "$queue"
    airy queue declare "$other" --type classic
    run_airy queue delete "$queue" "$queue" "$(fresh missing)" "$other" --yes --output json
    assert_status 7
    assert_short_error
    assert_contains "$stderr" "$(fresh missing)"
    jq -se --arg a "$queue" --arg b "$other" 'map(.queue) == [$a, $b] and all(.[]; .deleted)' <<<"$output"
    no_queue "$queue"
    no_queue "$other"
}

@test "queue delete --dry-run shows what would happen, and does nothing" {
    airy queue declare "$queue"
    put "$queue" 1
    run_airy queue delete "$queue" --dry-run
    assert_status 0
    assert_contains "$output" "would be deleted: $queue, 1 message"
    queue_exists "$queue"
    run_airy queue delete "$(fresh missing)" --dry-run
    assert_status 7
}

@test "queue delete --if-empty, for every type of queue" {
    for type in classic quorum; do
        airy queue declare "$queue" --type "$type"
        put "$queue" 1
        run_airy queue delete "$queue" --if-empty --yes
        assert_status 1
        assert_short_error
        assert_contains "$stderr" 'not empty'
        queue_exists "$queue"
        airy queue purge "$queue" --yes
        run_airy queue delete "$queue" --if-empty --if-unused --yes
        assert_status 0
        no_queue "$queue"
    done
}

@test "queue delete --if-unused, for every type of queue" {
    for type in classic quorum; do
        airy queue declare "$queue" --type "$type"
        put "$queue" 1
        consumes "$queue"
        run_airy queue delete "$queue" --if-unused --yes
        assert_status 1
        assert_short_error
        assert_contains "$stderr" 'in use'
        queue_exists "$queue"
        run_airy queue delete "$queue" --yes
        assert_status 0
        no_queue "$queue"
    done
}

@test "queue delete asks on a terminal" {
    airy queue declare "$queue"
    printf 'n\n' | script -qec "$AIRY_BIN queue delete $queue" typescript >/dev/null || true
    assert_contains "$(<typescript)" '[y/N]'
    queue_exists "$queue"
    printf 'y\n' | script -qec "$AIRY_BIN queue delete $queue" typescript >/dev/null
    no_queue "$queue"
}

@test "queue purge: throws away what is ready, the queue stays" {
    airy queue declare "$queue" --bind 'post.*'
    put "$queue" 3
    run_airy queue purge "$queue"  </dev/null
    assert_status 2
    assert_contains "$stderr" --yes
    run_airy queue purge "$queue" --dry-run
    assert_status 0
    assert_contains "$output" '3 messages'
    # rabbitmqctl's own figures for a quorum queue lag a little.
    wait_until holds "$queue" 3
    run_airy queue purge "$queue" --yes --output json
    assert_status 0
    jq -e --arg q "$queue" '.queue == $q and .purged and .messages == 3' <<<"$output"
    wait_until holds "$queue" 0
    has_bindings "$queue" 1
    run_airy queue purge "$(fresh missing)" --yes
    assert_status 7
    assert_short_error
}

@test "queue peek that nobody reads ends at once on a second signal" {
    airy queue declare "$queue" --bind '#' --quiet
    events 1000 | airy publish --quiet
    mkfifo pipe
    exec 7<>pipe
    spawn peek sh -c 'exec "$0" queue peek "$1" --limit 0 >pipe' "$AIRY_BIN" "$queue"
    wait_until is_full pipe
    kill -TERM "$spawned_pid"
    kill -INT "$spawned_pid"
    status=0
    ended "$spawned_pid" 3 || status=$?
    exec 7>&-
    ((status == 130 || status == 143))
    assert_contains "$(<peek.err)" 'nobody read stdout'
    wait_until holds "$queue" 1000
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

@test "queue: wrong usage" {
    run_airy queue
    assert_status 2
    assert_short_error
    run_airy queue destroy
    assert_status 2
    assert_short_error
    run_airy queue declare
    assert_status 2
    assert_short_error
    run_airy queue declare "$queue" --bind x --bnd y
    assert_status 2
    assert_short_error
    assert_contains "$stderr" --bnd
    run_airy queue delete --yes
    assert_status 2
    assert_short_error
    for command in ls purge delete peek; do
        run_airy queue "$command" ''
        assert_status 2
        assert_short_error
    done
    run_airy queue declare amq.mine
    assert_status 2
    assert_contains "$stderr" "the broker's own"
    run_airy queue declare "$queue" --exchange "$AIRY_EXCHANGE"
    assert_status 2
    assert_contains "$stderr" --bind
    no_queue "$queue"
}

@test "queue peek and move: what does not come back is told of" {
    airy queue declare "$queue" --bind '#' --arg x-delivery-limit=1
    airy queue declare "$queue.to"
    events 2 | airy publish --quiet
    run_airy queue peek "$queue"
    assert_status 0
    assert_equal "${#lines[@]}" 2
    run_airy queue move "$queue" "$queue.to" --where post_id=1 --yes
    assert_status 1
    assert_contains "$output" 'moved 1 message'
    assert_contains "$stderr" '1 message did not come back'
    assert_contains "$stderr" 'delivery limit'
    forget "$queue.to" queues
}

@test "queue peek and move: a queue that gives none is no empty one" {
    airy queue declare "$queue" --bind '#' --arg x-single-active-consumer=true
    airy queue declare "$queue.to"
    events 2 | airy publish --quiet
    spawn owner "$AIRY_BIN" consume '#' --queue "$queue" --no-declare --pool-size 1 --prefetch 1 -- sleep 60
    wait_until 20 consumer_has '.in_flight == 1'
    wait_until 20 holds_one
    for command in "peek $queue" "move $queue $queue.to --yes"; do
        # shellcheck disable=SC2086 # words
        run_airy queue $command
        assert_status 5
        assert_short_error
        assert_contains "$stderr" 'has 1 messages and gives none'
    done
    forget "$queue.to" queues
}
holds_one() { [[ $(depth "$queue") == 1 ]]; }

@test "queue: the broker is down: exit 3" {
    for command in "declare q" "delete q --yes" "purge q --yes" "ls q"; do
        # shellcheck disable=SC2086 # words
        run_airy queue $command --url amqp://guest:guest@127.0.0.1:1/
        assert_status 3
        assert_short_error
    done
}

@test "queue: help names the subcommands and their options" {
    run_airy queue --help
    assert_status 0
    for word in ls declare delete purge; do assert_contains "$output" "$word"; done
    run_airy queue delete --help
    assert_status 0
    for option in --if-empty --if-unused --yes --dry-run --url --output; do
        assert_contains "$output" "$option"
    done
}
