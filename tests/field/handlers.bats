#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT

load ../cli/helper
load ../cli/consume

running_id() { airy pool show "$queue" --output json | jq -e -r '.tasks[0].message_id'; }

@test "pool cancel ends one running handler, and its message is tried again, or dead-lettered" {
    local id
    prepare
    posts 1 1 | airy publish - >id
    id=$(<id)
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --retry-delay 100ms -- \
        sh -c 'trap "" TERM; echo "attempt $AIRY_ATTEMPT"; sleep 1000'
    wait_until lines_in consumer.out 1
    run_airy pool cancel "$queue" "$id-other"
    assert_status 7
    assert_short_error
    assert_contains "$stderr" "airy pool show $spawned_pid"
    # The handler ignores SIGTERM: SIGKILL follows.
    run_airy pool cancel "$queue" "$id"
    assert_status 0
    assert_contains "$output" "$id"
    wait_until 15 lines_in consumer.out 2
    assert_equal "$(tail -n 1 consumer.out)" 'attempt 2'
    run_airy pool cancel "$queue" "$id" --dead-letter --output json
    assert_status 0
    jq -e '.running == 1' <<<"$output"
    wait_until 15 consumer_has '.dead_lettered == 1'
    airy dlq show "$queue" --output json >letter
    jq -e '.headers["x-airy-reason"] == "rejected"' letter
    jq -e '.headers["x-airy-error"] == "cancelled by an operator"' letter
    assert_equal "$(lines_in consumer.out 3 || echo two)" two
}

@test "pool cancel: a handler that succeeds all the same has handled its message" {
    local id
    prepare
    posts 1 1 | airy publish - >id
    id=$(<id)
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" -- \
        sh -c 'trap "exit 0" TERM; echo begun; sleep 1000 & wait'
    wait_until lines_in consumer.out 1
    airy pool cancel "$queue" "$id" --dead-letter
    wait_until consumer_has '.handled == 1'
    remains "$queue" 0
}

@test "pool cancel: an event of Airy's own has its id in the body alone" {
    prepare
    amqp-publish --url="$peer_url" --exchange="$AIRY_EXCHANGE" --routing-key=post.published \
        --body='{"event_id":"e-1","event_type":"post.published"}'
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --on-error discard -- sh -c 'echo begun; exec sleep 1000'
    wait_until lines_in consumer.out 1
    airy pool cancel "$queue" e-1
    wait_until consumer_has '.discarded == 1'
}

@test "--stdin message gives a command the whole message line, which can be published again" {
    prepare
    publish_posts 1 2
    airy consume '#' --queue "$queue" --until-empty --stdin message -- cat >message.lines
    assert_equal "$(wc -l <message.lines)" 2
    jq -e '.topic == "post.published" and .body.post_id > 0 and .properties.message_id != null' message.lines
    airy publish --lines message --quiet - <message.lines
    airy consume '#' --queue "$queue" --until-empty --stdin body -- cat >bodies
    assert_equal "$(jq .post_id bodies | sort | xargs)" '1 2'
    run_airy consume '#' --queue "$queue" --stdin header -- cat
    assert_status 2
    run_airy consume '#' --queue "$queue" --stdin message --print
    assert_status 2
}

@test "--on-dead-letter tells of each message that is given up, and of no other" {
    prepare
    publish_posts 1 3
    cat >tell <<'END'
#!/bin/sh
read -r body
echo "$AIRY_TOPIC $AIRY_QUEUE $AIRY_EXIT $AIRY_ERROR $1 ${body##*post_id}" >>told
END
    chmod +x tell
    run_airy consume '#' --queue "$queue" --max-attempts 2 --retry-delay 100ms --until-empty \
        --on-dead-letter './tell "two words"' -- sh -c 'grep -q "post_id\":1," && exit 0; echo no >&2; exit 9'
    assert_status 6
    assert_equal "$(wc -l <told)" 2
    assert_contains "$(sort told | head -n 1)" "post.published $queue 9 exit status 9: no two words"
    rm told
    publish_posts 1 1
    run_airy consume '#' --queue "$queue" --on-error discard --until-empty --on-dead-letter './tell x' -- false
    assert_status 6
    assert_equal "$(wc -l <told)" 1
    run_airy consume '#' --queue "$queue" --until-empty --on-dead-letter './nothing' -- true
    assert_status 2
    run_airy consume '#' --queue "$queue" --until-empty --on-dead-letter './tell "x' -- true
    assert_status 2
}

@test "--on-dead-letter: a command that hangs delays the end by seconds only" {
    prepare
    publish_posts 1 1
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --count 1 --max-attempts 1 \
        --on-dead-letter 'sleep 1000' -- false
    status=0
    ended "$spawned_pid" 10 || status=$?
    assert_status 6
}
