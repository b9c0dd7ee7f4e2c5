#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT

load helper
load consume

is_declared() { airy consume '#' --queue "$1" --no-declare --until-empty --print; }

@test "a command that is missing or not executable: exit 2, and nothing is declared" {
    : >text
    local command
    for command in airy-no-such-command ./text ./none; do
        run_airy consume '#' --queue "$queue" -- "$command"
        assert_status 2
        assert_short_error
        assert_contains "$stderr" "$command"
    done
    run ! is_declared "$queue"
}

@test "wrong usage: exit 2" {
    local args
    for args in "# --queue $queue" "# --queue $queue --print -- true" "a.*b --queue $queue --print" \
        "# --print" "# --queue $queue --print --pool-size 0" "# --queue $queue --print --for soon"; do
        # shellcheck disable=SC2086
        run_airy consume $args
        assert_status 2
        assert_short_error
    done
    for args in '--print --tag-output' '--print --timeout 5s' '--print --kill-after 1s' '--print --on-error requeue' \
        '--print --max-attempts 2' '--print --break-after 1' '--print --ephemeral --type quorum' \
        '--print --count 1 --expect 2'; do
        # shellcheck disable=SC2086
        run_airy consume '#' --queue "$queue" $args
        assert_status 2
        assert_short_error
        assert_contains "$stderr" "$(grep -oE -- '--[a-z-]+' <<<"$args" | sed -n 2p | sed 's/--ephemeral/--type/')"
    done
    run_airy consume '#' --queue "$queue" --on-error discard --max-attempts 2 -- true
    assert_status 2
    assert_contains "$stderr" --max-attempts
    GOROUTINE_POOL_SIZE=many run_airy consume '#' --queue "$queue" -- true
    assert_status 2
    assert_contains "$stderr" GOROUTINE_POOL_SIZE
}

@test "a queue that exists with other properties: exit 7, with the differences" {
    airy queue declare --plain "$queue" --type classic
    run_airy consume '#' --queue "$queue" -- true
    assert_status 7
    assert_short_error
    assert_contains "$stderr" "$queue"
    assert_contains "$stderr" 'x-queue-type'
    assert_contains "$stderr" 'x-dead-letter-routing-key'
    run_airy queue ls "$queue.dlq" # nothing else was declared
    assert_status 7
}

@test "--no-declare needs the queue to be there, and binds nothing" {
    run_airy consume '#' --queue "$queue" --no-declare --print --until-empty
    assert_status 7
    assert_short_error
    airy queue declare --plain "$queue" --type classic
    run_airy consume '#' --queue "$queue" --no-declare --print --until-empty
    assert_status 0
    has_bindings "$queue" 0
}

@test "the queue is deleted while it is consumed from: exit 7" {
    prepare
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --print
    wait_until has_consumer
    forget "$queue" queues
    status=0
    ended "$spawned_pid" 20 || status=$?
    assert_status 7
    assert_contains "$(<consumer.err)" "$queue"
    (($(wc -l <consumer.err) <= 3))
}

@test "the broker is down: exit 3" {
    AIRY_URL=amqp://u:sesame@127.0.0.1:1/ run_airy consume '#' --queue "$queue" -- true
    assert_status 3
    assert_short_error
    refute_contains "$stderr" sesame
}

@test "--ephemeral: the queue goes with its consumer" {
    airy consume '#' --queue "$queue" --until-empty -- true # makes the exchange
    forget "$queue" queues
    run_airy consume '#' --queue "$queue" --ephemeral --queue-type classic --until-empty --print
    assert_status 0
    wait_until is_gone "$queue"
}
is_gone() { ! is_declared "$1"; }

@test "the exchange exists with another type: exit 7" {
    api PUT "exchanges/%2F/$AIRY_EXCHANGE" -d '{"type":"fanout","durable":true}'
    run_airy consume '#' --queue "$queue" -- true
    assert_status 7
    assert_short_error
    assert_contains "$stderr" "$AIRY_EXCHANGE"
}

@test "a queue's name leaves room for those of its retry queues" {
    run_airy consume '#' --queue "$(printf 'q%.0s' {1..241})" -- true
    assert_status 2
    assert_short_error
    assert_contains "$stderr" '1 to 240 bytes'
}
