#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
# Dead letters, and looking into and moving between queues.

load helper

setup() {
    airy_setup
    queue=$(fresh work)
    airy consume '#' --queue "$queue" --until-empty -- true
}

teardown() {
    airy_teardown
    local name
    for name in $(api GET 'queues/%2F?columns=name' | jq -r '.[].name' | grep -F "$test_id"); do
        forget "$name" queues
    done
}

posts() {
    seq "$1" "$2" | sed 's/.*/{"event_type":"post.published","post_id":&,"author_id":7,"title":"t"}/' |
        airy publish --quiet -
}

# reject N: N of the queue's messages become dead letters.
reject() { airy consume '#' --queue "$queue" --count "$1" --pool-size 1 -- sh -c 'echo "bad $(jq .post_id)" >&2; exit 65' 2>/dev/null || (($? == 6)); }

ids() { jq -c .body.post_id | xargs; }

@test "dlq ls: by queue and reason, with the age" {
    posts 1 3
    reject 2
    airy consume '#' --queue "$queue" --count 1 --on-error dead-letter -- false 2>/dev/null || true
    run_airy dlq ls "$queue" --output json
    assert_status 0
    assert_equal "$(jq -r '"\(.reason) \(.messages)"' <<<"$output" | sort | xargs)" 'on-error 1 rejected 2'
    jq -se --arg q "$queue" 'all(.queue == $q and .dead_letter_queue == $q + ".dlq" and .oldest <= .newest)' <<<"$output"
    run_airy dlq ls
    assert_status 0
    assert_contains "$output" "$queue"
    assert_contains "$output" rejected
    run_airy dlq ls "$queue.none"
    assert_status 7
    assert_short_error
    for format in text json; do
        run_airy dlq ls "$queue.none" "$queue" --output "$format"
        assert_status 7
        assert_short_error
        assert_contains "$output" rejected
    done
}

@test "dlq show: message lines with their account, and the queue keeps all" {
    posts 1 5
    reject 5
    run_airy dlq show "$queue"
    assert_status 0
    assert_equal "$(ids <<<"$output")" '1 2 3 4 5'
    jq -se 'all(.headers["x-airy-reason"] == "rejected" and .headers["x-airy-error"] == "bad \(.body.post_id)")' <<<"$output"
    assert_equal "$(depth "$queue.dlq")" 5
    run_airy dlq show "$queue" --where 'post_id>3'
    assert_equal "$(ids <<<"$output")" '4 5'
    run_airy dlq show "$queue" --limit 2
    assert_equal "$(ids <<<"$output")" '1 2'
    assert_contains "$stderr" '3 more'
    run_airy dlq show "$queue"
    assert_equal "$(ids <<<"$output")" '1 2 3 4 5' # still in their places after all looks
}

@test "dlq requeue: back to the queue they came from, as the messages they were" {
    posts 1 6
    reject 6
    run_airy dlq requeue "$queue"
    assert_status 2 # no terminal to ask on
    run_airy dlq requeue "$queue" --dry-run
    assert_status 0
    assert_contains "$output" 'would have moved 6 messages'
    run_airy dlq requeue "$queue" --where post_id=4 --dry-run
    assert_contains "$output" 'would have moved 1 message '
    run_airy dlq requeue "$queue" --where post_id=4 --yes --output json
    assert_status 0
    jq -e '.moved == 1 and .passed_over == 5 and .done' <<<"$output"
    run_airy dlq requeue "$queue" --limit 2 --yes --rate 100/s
    assert_contains "$output" 'moved 2 messages'
    assert_equal "$(depth "$queue.dlq")" 3
    run_airy consume '#' --queue "$queue" --until-empty --pool-size 1 -- \
        sh -c 'echo $(jq .post_id) $AIRY_TOPIC $AIRY_ATTEMPT'
    assert_status 0
    assert_equal "$output" '4 post.published 1
1 post.published 1
2 post.published 1'
    run_airy dlq requeue "$queue" --to "$queue.other" --yes
    assert_status 7
    assert_equal "$(depth "$queue.dlq")" 3
    airy queue declare --plain "$queue.other" --quiet
    run_airy dlq requeue "$queue" --to "$queue.other" --yes
    assert_status 0
    assert_equal "$(depth "$queue.other")" 3
    assert_equal "$(depth "$queue.dlq")" 0
    run_airy queue peek "$queue.other"
    jq -se 'all(.headers["x-airy-requeued"] != null and .headers["x-airy-attempts"] == null)' <<<"$output"
}

@test "dlq requeue, killed in the middle: nothing is lost, and at most one message is doubled" {
    posts 1 2000
    airy queue move "$queue" "$queue.dlq" --yes --quiet
    spawn requeue "$AIRY_BIN" dlq requeue "$queue" --yes
    wait_until some_are_back
    kill -KILL "$spawned_pid"
    ended "$spawned_pid" 10 || true
    wait_until all_are_ready
    {
        airy queue peek "$queue" --limit 0
        airy dlq show "$queue" --limit 0
    } 2>/dev/null | jq .body.post_id | sort -n >found
    (($(wc -l <found) <= 2001))
    uniq found | cmp - <(seq 1 2000)
}
some_are_back() { (($(depth "$queue") >= 50)); }
all_are_ready() { (($(depth "$queue") + $(depth "$queue.dlq") >= 2000)); }

@test "dlq requeue, interrupted: exit 130, and each message is in one of the queues" {
    posts 1 2000
    airy queue move "$queue" "$queue.dlq" --yes --quiet
    spawn requeue "$AIRY_BIN" dlq requeue "$queue" --yes --rate 500/s
    wait_until some_are_back
    kill -INT "$spawned_pid"
    status=0
    ended "$spawned_pid" 10 || status=$?
    assert_status 130
    assert_equal "$(($(depth "$queue") + $(depth "$queue.dlq")))" 2000
}

@test "dlq purge asks, or needs --yes" {
    posts 1 3
    reject 3
    run_airy dlq purge "$queue"
    assert_status 2
    run_airy dlq purge "$queue" --dry-run
    assert_contains "$output" 'would have purged 3'
    run_airy dlq purge "$queue" --yes
    assert_status 0
    assert_equal "$(depth "$queue.dlq")" 0
}

@test "queue peek: the messages in order, and how the look changed them" {
    posts 1 10
    run_airy queue peek "$queue" --limit 3
    assert_status 0
    assert_equal "$(ids <<<"$output")" '1 2 3'
    assert_contains "$stderr" '3 messages now count as redelivered'
    assert_contains "$stderr" '7 more not shown'
    run_airy consume '#' --queue "$queue" --until-empty --print
    assert_equal "$(ids <<<"$output")" '1 2 3 4 5 6 7 8 9 10'
    assert_equal "$(jq -r .redelivered <<<"$output" | grep -c true)" 3
    run_airy queue peek "$queue"
    assert_status 0
    assert_equal "$output$stderr" ''
    run_airy queue peek "$queue.none"
    assert_status 7
}

@test "queue move: each confirmed there before it leaves" {
    posts 1 100
    airy queue declare --plain "$queue.other" --quiet
    run_airy queue move "$queue" "$queue.other" --yes --limit 40 --output json
    assert_status 0
    jq -e '.moved == 40 and .done' <<<"$output"
    run_airy queue move "$queue" "$queue.other" --yes
    assert_contains "$output" 'moved 60 messages'
    run_airy consume '#' --queue "$queue.other" --no-declare --until-empty --print
    assert_equal "$(ids <<<"$output")" "$(seq 1 100 | xargs)"
    assert_equal "$(jq -r .topic <<<"$output" | sort -u)" post.published
    run_airy queue move "$queue" "$queue" --yes
    assert_status 2
    run_airy queue move "$queue" "$queue.none" --yes
    assert_status 7
}

@test "queue move stops when the other queue refuses a message" {
    posts 1 5
    airy queue declare --plain "$queue.full" --type classic --arg x-max-length=2 --arg x-overflow=reject-publish --quiet
    run_airy queue move "$queue" "$queue.full" --yes
    assert_status 4
    assert_short_error
    assert_equal "$(depth "$queue.full")" 2
    wait_until three_left
}
three_left() { (($(depth "$queue") == 3)); }

@test "a dead-letter queue is one, however it is named and whatever else holds its suffix" {
    local beside=$queue.dlq.kept broker
    for broker in "$AIRY_URL" "sqlite:$PWD/airy.db"; do
        export AIRY_URL=$broker
        airy consume '#' --queue "$queue" --until-empty -- true
        airy queue declare --plain "$beside" --quiet
        posts 1 1
        reject 1
        run_airy dlq ls --match "$queue*" --output json
        assert_status 0
        assert_equal "${#lines[@]}" 1
        run_airy dlq ls "$queue" "$queue.dlq" --output json
        assert_equal "${#lines[@]}" 1
        run_airy dlq purge "$queue" "$queue.dlq" --dry-run
        assert_status 0
        assert_equal "$output" "would have purged 1 dead letter of $queue"
    done
}
