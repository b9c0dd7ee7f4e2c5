#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT

load helper
load queue

@test "queue ls: names the existing queues, with exact counts for named ones" {
    airy queue declare --plain "$queue"
    airy queue declare --plain "$other" --type classic
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

@test "queue ls: existing queues are shown beside the error for a missing one" {
    airy queue declare --plain "$queue"
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

# own_queue: the name of the exclusive queue of a tail.
own_queue() {
    api GET "exchanges/%2F/$AIRY_EXCHANGE/bindings/source" |
        jq -er '[.[].destination | select(startswith("amq.gen"))][0]'
}

@test "queue: another connection's exclusive queue is reported as such: exit 7" {
    airy queue declare --plain "$other" --bind '#' --quiet
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
    airy queue declare --plain "$queue"
    run_airy queue ls "$queue"
    assert_status 0
    assert_contains "$output" "$queue"
    refute_contains "$output" …
}

@test "queue ls: without the management API, named queues come from a passive declare" {
    airy queue declare --plain "$queue"
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
    airy queue declare --plain "$queue"
    spawn silent python3 -c '
import socket, time
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
time.sleep(60)'
    wait_until test -s silent.out
    AIRY_RUN_SECONDS=10 run_airy queue ls "$queue" --management-timeout 1s --management-url "http://127.0.0.1:$(<silent.out)"
    assert_status 0
    assert_contains "$stderr" 'no answer within 1 s'
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
    run_airy queue declare --plain "$queue" --exchange "$AIRY_EXCHANGE"
    assert_status 2
    assert_contains "$stderr" --bind
    no_queue "$queue"
}

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
