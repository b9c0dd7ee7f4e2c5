#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT

load helper
load queue

@test "queue delete: needs --yes where there is no terminal, and then deletes" {
    airy queue declare --plain "$queue"
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

@test "queue delete: a missing queue is exit 7; of several the others are deleted" {
    run_airy queue delete "$queue" --yes
    assert_status 7
    assert_short_error
    assert_contains "$stderr" "$queue"

    airy queue declare --plain "$queue"
    airy queue declare --plain "$other" --type classic
    run_airy queue delete "$queue" "$queue" "$(fresh missing)" "$other" --yes --output json
    assert_status 7
    assert_short_error
    assert_contains "$stderr" "$(fresh missing)"
    jq -se --arg a "$queue" --arg b "$other" 'map(.queue) == [$a, $b] and all(.[]; .deleted)' <<<"$output"
    no_queue "$queue"
    no_queue "$other"
}

@test "queue delete --dry-run shows what would happen, and does nothing" {
    airy queue declare --plain "$queue"
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
        airy queue declare --plain "$queue" --type "$type"
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
        airy queue declare --plain "$queue" --type "$type"
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

# Only what a user agreed to lose: a work queue that stays keeps its dead letters and its retries.
@test "queue delete --with-dlq: a queue that stays keeps its family, whatever the condition" {
    local condition broker
    for broker in "$AIRY_URL" "sqlite:$PWD/airy.db"; do
        export AIRY_URL=$broker
        for condition in --if-empty --if-unused; do
            airy queue declare "$queue" --bind '#' --quiet
            # One dead letter, one message that waits for its retry, one that is ready or handled.
            events 1 | airy publish --quiet -
            run_airy consume '#' --queue "$queue" --count 1 -- sh -c 'exit 65'
            events 1 | airy publish --quiet -
            run_airy consume '#' --queue "$queue" --idle 300ms --retry-delay 60s -- false
            events 1 | airy publish --quiet -
            if [[ $condition == --if-unused ]]; then
                spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" -- sleep 1000
                wait_until has_consumer "$queue"
            fi
            for names in "$queue" "--match $queue*"; do
                # shellcheck disable=SC2086
                run_airy queue delete $names --with-dlq "$condition" --yes
                assert_status 1
                assert_short_error
                refute_contains "$output" deleted
            done
            assert_equal "$(depth "$queue.dlq")" 1
            assert_equal "$(depth "$queue.retry.60000")" 1
            if [[ $condition == --if-unused ]]; then
                kill -QUIT "$spawned_pid"
                ended "$spawned_pid" 10 || true
            fi
            run_airy queue delete "$queue" --with-dlq --if-unused --yes
            assert_status 0
            run_airy queue ls "$queue.dlq"
            assert_status 7
        done
    done
}

# Others may use names beside those of a family; a condition of one queue is none of another.
@test "queue delete --match: the family of one queue does not hold up another" {
    airy queue declare "$queue" --quiet
    airy queue declare "$other" --quiet
    put "$queue" 1
    run_airy queue delete "$queue" "$other" --with-dlq --if-empty --yes
    assert_status 1
    queue_exists "$queue.dlq"
    no_queue "$other"
    no_queue "$other.dlq"
    airy queue delete "$queue" --with-dlq --yes
}

@test "queue delete asks on a terminal" {
    airy queue declare --plain "$queue"
    printf 'n\n' | script -qec "$AIRY_BIN queue delete $queue" typescript >/dev/null || true
    assert_contains "$(<typescript)" '[y/N]'
    queue_exists "$queue"
    printf 'y\n' | script -qec "$AIRY_BIN queue delete $queue" typescript >/dev/null
    no_queue "$queue"
}

@test "queue purge: discards the ready messages, the queue stays" {
    airy queue declare --plain "$queue" --bind 'post.*'
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

@test "queue peek whose output is not read ends at once on a second signal" {
    airy queue declare --plain "$queue" --bind '#' --quiet
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

@test "queue peek and move: a message that may not come back once more is kept by a copy" {
    airy queue declare --plain "$queue" --bind '#' --arg x-delivery-limit=1
    airy queue declare --plain "$queue.to"
    events 2 | airy publish --quiet
    run_airy queue peek "$queue"
    assert_status 0
    assert_equal "${#lines[@]}" 2
    run_airy queue move "$queue" "$queue.to" --where post_id=1 --yes
    assert_status 0
    assert_contains "$output" 'moved 1 message'
    assert_contains "$stderr" '1 message may not come back once more'
    wait_until holds "$queue" 1
    forget "$queue.to" queues
}

@test "queue peek and move: a queue that gives no message is not taken for an empty one" {
    airy queue declare --plain "$queue" --bind '#' --arg x-single-active-consumer=true
    airy queue declare --plain "$queue.to"
    events 2 | airy publish --quiet
    spawn owner "$AIRY_BIN" consume '#' --queue "$queue" --no-declare --pool-size 1 --prefetch 1 -- sleep 60
    wait_until 20 consumer_has '.in_flight == 1'
    wait_until 20 holds_one
    for command in "peek $queue" "move $queue $queue.to --yes"; do
        # shellcheck disable=SC2086 # words
        run_airy queue $command
        assert_status 5
        assert_short_error
        assert_contains "$stderr" 'has 1 messages but delivers none'
    done
    forget "$queue.to" queues
}
holds_one() { [[ $(depth "$queue") == 1 ]]; }
