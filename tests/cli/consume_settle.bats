#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT

load helper
load consume

all_handled() { (($(sort -u handled | wc -l) == $1)); }

@test "the exit status decides how a message is settled" {
    prepare
    publish_posts 0 7
    # post_id is the exit status: 0 acks; 3, 5 dead-letter; 4, 6 put back; the others wait.
    run_airy consume '#' --queue "$queue" --for 5s --pool-size 2 --retry-delay 10m --retry-max-delay 1h -- \
        sh -c 'exit $(jq .post_id)'
    assert_status 6
    assert_short_error_at_end
    assert_contains "$stderr" "failed for good on 2 of 3 messages"
    assert_contains "$stderr" "airy dlq show $queue"
    assert_equal "$(left_over | sort | xargs)" '4 6'
    assert_equal "$(left_over "$queue.retry.600000" | sort | xargs)" '1 2 7'
    assert_equal "$(left_over "$queue.dlq" | sort | xargs)" '3 5'
}

# Beside the warnings about single messages, the error itself has at most three lines.
assert_short_error_at_end() {
    local count
    count=$(grep -c '^airy: \|^hint: ' <<<"$stderr")
    ((count >= 1 && count <= 3)) || {
        echo "$stderr" >&2
        return 1
    }
}

@test "a message that goes back is slowed down and counted" {
    prepare
    publish_posts 1 1
    run_airy consume '#' --queue "$queue" --for 1500ms -- sh -c 'echo $AIRY_ATTEMPT $AIRY_REDELIVERED; exit 4'
    assert_status 0
    # Three times at once, then after 250, 500 and 1000 ms.
    ((${#lines[@]} >= 4 && ${#lines[@]} <= 7))
    assert_equal "${lines[0]}" '1 false'
    assert_equal "${lines[1]}" '2 true'
    remains "$queue" 1
}

@test "two consumers, one killed with SIGKILL: every message is handled" {
    prepare
    publish_posts 1 1000
    : >handled
    spawn one "$AIRY_BIN" consume '#' --queue "$queue" -- sh -c "$note_post_id"
    local first=$spawned_pid
    spawn two "$AIRY_BIN" consume '#' --queue "$queue" -- sh -c "$note_post_id"
    local second=$spawned_pid
    wait_until 30 lines_in handled 50
    kill -KILL "$first"
    wait_until 60 all_handled 1000
    kill -TERM "$second"
    status=0
    ended "$second" 20 || status=$?
    assert_status 143
    sort -n -u handled | cmp - <(seq 1 1000)
}

@test "--timeout ends the process group: SIGTERM, then SIGKILL" {
    prepare
    publish_posts 1 1
    run_airy consume '#' --queue "$queue" --for 2s --timeout 300ms --kill-after 300ms --on-error requeue -- \
        sh -c 'trap "" TERM; sleep 77777 & echo $!; wait; sleep 77777'
    assert_status 0
    assert_contains "$stderr" 'timed out'
    local pid
    for pid in "${lines[@]}"; do
        wait_until gone "$pid"
    done
    remains "$queue" 1
}
gone() { ! kill -0 "$1" 2>/dev/null; }

@test "a command that disappears later stops the consumer, its message goes back" {
    prepare
    publish_posts 1 5
    printf '#!/bin/sh\nrm -f "$0"\n' >once
    chmod +x once
    run_airy consume '#' --queue "$queue" --pool-size 1 -- ./once
    assert_status 1
    assert_short_error_at_end
    remains "$queue" 4
}

holds() { (($(depth "$queue") == $1)); }

@test "the connection is closed by the broker: airy reconnects, and every message is handled" {
    prepare
    publish_posts 1 200
    : >handled
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --pool-size 2 --name back -- sh -c "$note_post_id"
    wait_until lines_in handled 20
    close_connection_of "$spawned_pid"
    wait_until 60 all_handled 200
    wait_until reconnected
    kill -TERM "$spawned_pid"
    status=0
    ended "$spawned_pid" 20 || status=$?
    assert_status 143
    assert_contains "$(<consumer.err)" 'not connected, trying again'
    assert_contains "$(<consumer.err)" 'connected again'
    remains "$queue" 0
}
reconnected() { [[ $(airy stats pools --output json | jq 'select(.name == "back") | .reconnects') == 1 ]]; }

@test "--max-reconnects 0: a closed connection is exit 3, and unacked messages are still there" {
    prepare
    publish_posts 1 20
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --pool-size 2 --drain 100ms --max-reconnects 0 -- \
        sh -c 'echo x; sleep 60'
    wait_until lines_in consumer.out 2
    close_connection_of "$spawned_pid"
    status=0
    ended "$spawned_pid" 20 || status=$?
    assert_status 3
    (($(wc -l <consumer.err) <= 3))
    # The broker puts back the messages of the connection only after it has closed it.
    wait_until holds 20
    remains "$queue" 20
}

@test "attempts are counted across retries, and --until-empty waits for them" {
    prepare
    publish_posts 1 1
    run_airy consume '#' --queue "$queue" --until-empty --retry-delay 100ms -- \
        sh -c 'echo $AIRY_ATTEMPT; test $AIRY_ATTEMPT -ge 4 || exit 75'
    assert_status 0
    assert_equal "$(xargs <<<"$output")" '1 2 3 4'
}

@test "--log-events: a line for each message settled; --log-format json: as JSON" {
    airy consume '#' --queue "$queue" --print --until-empty --quiet
    airy publish post.deleted --set post_id=1 --set author_id=2 --quiet
    airy publish post.deleted --set post_id=2 --set author_id=2 --quiet
    run_airy consume '#' --queue "$queue" --pool-size 1 --count 2 --on-error dead-letter --log-events --log-format json -- \
        sh -c 'read -r body; case $body in *\"post_id\":2,*) exit 1 ;; esac'
    assert_status 6
    jq -se --arg q "$queue" 'map(select(.message == "settled")) | map(.settlement) == ["ack", "dead_letter"] and
        all(.[]; .queue == $q and .consumer == $q and .topic == "post.deleted" and .attempt == 1 and .run_ms > 0 and .wait_ms >= 0)' \
        <<<"$(grep '^{' <<<"$stderr")"
}

@test "--log-events: a message handled before is logged as settled as well" {
    airy consume '#' --queue "$queue" --print --until-empty --quiet
    event=$(jq -cn '{event_id: "7b0c1de2-9c1f-4c57-8f0e-000000000001", event_type: "post.deleted",
        timestamp: "2026-01-02T03:04:05Z", post_id: 1, author_id: 2}')
    printf '%s\n' "$event" "$event" "$event" | airy publish --quiet
    run_airy consume '#' --queue "$queue" --print --until-empty --dedup 1h --log-events --log-format json
    assert_status 0
    assert_equal "${#lines[@]}" 1
    assert_equal "$(grep '^{' <<<"$stderr" | jq -r 'select(.message == "settled").settlement' | sort | xargs)" \
        'ack duplicate duplicate'
}

@test "--no-declare on a queue without dead-letter arguments keeps the messages that are given up" {
    airy queue declare --plain "$queue" --bind 'post.*' --quiet
    airy publish post.deleted --set post_id=1 --set author_id=2 --quiet
    run_airy consume '#' --queue "$queue" --no-declare --until-empty -- sh -c 'exit 65'
    assert_status 6
    assert_equal "$(depth "$queue.dlq")" 1
    airy dlq show "$queue" | jq -e '.body.post_id == 1'
}

@test "no resources for any command: the consumer ends with an error, and its messages stay" {
    airy consume '#' --queue "$queue" --print --until-empty --quiet
    for id in 1 2 3; do airy publish post.deleted --set post_id=$id --set author_id=2 --quiet; done
    run --separate-stderr bash -c 'ulimit -n 18; exec timeout 40 "$0" "$@"' "$AIRY_BIN" consume '#' --queue "$queue" --until-empty -- true
    ((status != 0 && status != 124))
    assert_equal "$(depth "$queue")" 3
}
