#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
#
# Limits of attempts where the broker does not help: missing rights, orderly restarts, streams.

load ../cli/helper
load ../cli/consume

# user NAME CONFIGURE WRITE READ: a user with these rights, and $url for it.
user() {
    api PUT "users/$1" -d '{"password":"pass","tags":""}'
    api PUT "permissions/%2F/$1" -d "$(jq -n --arg c "$2" --arg w "$3" --arg r "$4" '{configure: $c, write: $w, read: $r}')"
    url=${AIRY_URL/guest:guest/$1:pass}
}

# fails EXIT_STATUS [ARG...]: a consumer that declares nothing, whose handler fails.
fails() {
    run_airy consume '#' --queue "$queue" --no-declare --max-attempts 2 --retry-delay 100ms --url "$url" \
        --until-empty "${@:2}" -- sh -c "echo run >>runs; exit $1"
}

@test "a user who may only read: the consumer ends and names the missing right" {
    prepare
    publish_posts 1 1
    user reader.$test_id '^$' '^$' '.*'
    : >runs
    fails 1
    assert_status 3
    assert_contains "$stderr" "airy: cannot declare the queue '$queue.retry.100'"
    assert_contains "$stderr" 'right to configure'
    # The dead-letter queue is there, and may not be written to.
    fails 65
    assert_status 3
    assert_contains "$stderr" 'right to write to amq.default'
    forget "$queue.dlq" queues
    fails 65
    assert_status 3
    assert_contains "$stderr" "airy: cannot declare the queue '$queue.dlq'"
    assert_equal "$(wc -l <runs)" 3
    assert_equal "$(depth "$queue")" 1
    api DELETE "users/reader.$test_id"
}

@test "a user who may not configure: retries and dead letters work where the queues are there" {
    prepare
    api PUT "queues/%2F/$queue.retry.100" -d "$(jq -n --arg to "$queue" '{durable: true, arguments: {
        "x-queue-type": "quorum", "x-message-ttl": 100, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": $to}}')"
    publish_posts 1 1
    user worker.$test_id '^$' '.*' '.*'
    : >runs
    fails 1
    assert_status 6
    assert_equal "$(wc -l <runs)" 2
    assert_equal "$(depth "$queue.dlq")" 1
    api DELETE "users/worker.$test_id"
}

@test "23 orderly restarts dead-letter nothing, and AIRY_ATTEMPT never goes down" {
    prepare
    publish_posts 1 5
    : >attempts
    for round in {1..23}; do
        # shellcheck disable=SC2016 # expanded by the handler's shell
        spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --pool-size 1 --prefetch 5 --drain 100ms \
            --kill-after 100ms -- sh -c 'id=$(jq .post_id); echo "$id $AIRY_ATTEMPT" >>attempts; exec sleep 60'
        wait_until lines_in attempts "$round"
        wait_until consumer_has '.in_flight == 5'
        kill -TERM "$spawned_pid"
        status=0
        ended "$spawned_pid" 20 || status=$?
        assert_status 143
    done
    assert_equal "$(depth "$queue")" 5
    assert_equal "$(depth "$queue.dlq")" 0
    for id in 1 2 3 4 5; do
        grep "^$id " attempts >of_one || continue
        sort -c -k2,2n of_one
    done
    assert_equal "$(left_over | sort -n | xargs)" '1 2 3 4 5'
}

@test "AIRY_ATTEMPT counts on when a message that was put back is retried" {
    prepare
    publish_posts 1 1
    : >attempts
    # shellcheck disable=SC2016 # expanded by the handler's shell
    run_airy consume '#' --queue "$queue" --retry-delay 100ms --max-attempts 2 --until-empty -- \
        sh -c 'echo $AIRY_ATTEMPT >>attempts; [ $(wc -l <attempts) -gt 2 ] || exit 4; exit 1'
    assert_status 6
    assert_equal "$(xargs <attempts)" '1 2 3 4'
}

@test "a stream is refused at the start, before anything is taken" {
    api PUT "queues/%2F/$queue" -d '{"durable": true, "arguments": {"x-queue-type": "stream"}}'
    for body in 1 2 3; do amqp-publish --url="$peer_url" --routing-key="$queue" --body="$body"; done
    for stop in --until-empty --idle=1s --count=1; do
        run_airy consume '#' --queue "$queue" --no-declare "$stop" -- cat
        assert_status 2
        assert_equal "$output" ''
        assert_short_error
        assert_contains "$stderr" 'is a stream'
    done
    run_airy queue peek "$queue"
    assert_status 2
    assert_contains "$stderr" 'is a stream'
}
