#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT

load helper

setup() {
    airy_setup
    queue=$(fresh work)
}

teardown() {
    airy_teardown
    forget "$queue" queues
    forget "$queue.dlq" queues
    local name
    for name in $(api GET 'queues/%2F?columns=name' | jq -r '.[].name' | grep "^$queue.retry."); do
        forget "$name" queues
    done
}

# The queue, bound to everything, with its dead letters.
prepare() {
    airy consume '#' --queue "$queue" --until-empty "$@" -- true
}

# posts FIRST LAST: that many events, as lines, with post_id counting.
posts() {
    seq "$1" "$2" | sed 's/.*/{"event_type":"post.published","post_id":&,"author_id":7,"title":"t"}/'
}

publish_posts() {
    posts "$1" "$2" | airy publish --quiet -
}

# What is in the queue, or another, as post ids, one a line; takes them out. The broker's own counts
# are as old as its last statistics.
left_over() {
    airy consume '#' --queue "${1-$queue}" --no-declare --until-empty --print >left.lines || return
    jq .body.post_id left.lines
}

# remains QUEUE N: just so many messages are left in it.
remains() {
    left_over "$1" >left.ids || return
    assert_equal "$(wc -l <left.ids)" "$2"
}

is_declared() { airy consume '#' --queue "$1" --no-declare --until-empty --print; }
all_handled() { (($(sort -u handled | wc -l) == $1)); }
lines_in() { [[ -f $1 && $(wc -l <"$1") -ge $2 ]]; }

@test "each message is handed to the command: body on stdin, the rest in the environment" {
    prepare
    airy publish post.published --set post_id=42 --set author_id=7 --set title='Hello & co' >id
    run_airy consume '#' --queue "$queue" --until-empty -- sh -c 'cat; echo; env | grep ^AIRY_ | sort'
    assert_status 0
    assert_equal "$(jq -r '"\(.post_id) \(.title) \(.event_id)"' <<<"${lines[0]}")" "42 Hello & co $(<id)"
    assert_contains "$output" "AIRY_ATTEMPT=1
"
    assert_contains "$output" "AIRY_EVENT_ID=$(<id)
AIRY_EVENT_TYPE=post.published
"
    assert_contains "$output" "AIRY_MESSAGE_ID=$(<id)"
    assert_contains "$output" "AIRY_QUEUE=$queue"
    assert_contains "$output" AIRY_REDELIVERED=false
    assert_contains "$output" 'AIRY_TOPIC=post.published
AIRY_TRACEPARENT='
    refute_contains "$output" guest:guest
    refute_contains "$output" AIRY_URL
    remains "$queue" 0
}

@test "the arguments of the command are its own, without a shell" {
    prepare
    publish_posts 1 1
    run_airy consume '#' --queue "$queue" --count 1 -- printf '<%s>' '$HOME' 'a b' --queue -n
    assert_status 0
    assert_equal "$output" '<$HOME><a b><--queue><-n>'
}

@test "the exit status decides what becomes of a message" {
    prepare
    publish_posts 0 7
    # post_id is the exit status: 0 acks; 3, 5 dead-letter; 4, 6 put back; the others wait.
    run_airy consume '#' --queue "$queue" --for 2s --pool-size 2 --retry-delay 10m --retry-max-delay 1h -- \
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

@test "10,000 messages through /bin/true all settle" {
    prepare
    publish_posts 1 10000
    AIRY_RUN_SECONDS=120 run_airy consume '#' --queue "$queue" --count 10000 --expect 10000 -- /bin/true
    assert_status 0
    assert_equal "$stderr" ''
    remains "$queue" 0
    remains "$queue.dlq" 0
}

@test "--print with one slot is complete and in order" {
    prepare
    publish_posts 1 20000
    run_airy consume '#' --queue "$queue" --count 20000 --print
    assert_status 0
    jq .body.post_id <<<"$output" | cmp - <(seq 1 20000)
    remains "$queue" 0
}

@test "--print prints what publish --lines message reads" {
    prepare
    airy publish post.published --set post_id=9007199254740993 --set author_id=7 --set title=t \
        --header x-n=1 >id
    airy consume '#' --queue "$queue" --count 1 --print >line
    airy publish --lines message --quiet - <line
    airy consume '#' --queue "$queue" --count 1 --print >again
    jq -e '.body.post_id == 9007199254740993 or true' again
    assert_equal "$(jq -c 'del(.received_at)' again)" "$(jq -c 'del(.received_at)' line)"
    assert_contains "$(<again)" '"post_id":9007199254740993'
}

@test "a body with line breaks and NULs reaches the command as it is" {
    prepare
    printf 'a\0b\nc\xff\n\n' >body
    amqp-publish --url="$peer_url" --exchange="$AIRY_EXCHANGE" --routing-key=raw.bytes <body
    run_airy consume '#' --queue "$queue" --count 1 -- sh -c 'cat >got; echo $AIRY_TOPIC-$AIRY_EVENT_ID-'
    assert_status 0
    assert_equal "$output" raw.bytes--
    cmp body got
}

@test "an empty body is an empty stdin" {
    prepare
    amqp-publish --url="$peer_url" --exchange="$AIRY_EXCHANGE" --routing-key=raw.empty --body=''
    run_airy consume '#' --queue "$queue" --count 1 -- sh -c 'cat; echo end'
    assert_equal "$output" end
}

@test "SIGINT in the middle: exit 130, what was handled is settled and the rest is still there" {
    prepare
    publish_posts 1 2000
    : >handled
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" -- sh -c 'jq .post_id >>handled'
    wait_until 30 lines_in handled 50
    kill -INT "$spawned_pid"
    status=0
    ended "$spawned_pid" 30 || status=$?
    assert_status 130
    left_over >rest
    assert_equal "$(sort handled | uniq -d)" ''
    sort -n handled rest | cmp - <(seq 1 2000)
}

@test "SIGTERM: what runs finishes first, exit 143" {
    prepare
    publish_posts 1 1
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" -- sh -c 'echo begun; sleep 1; echo done'
    wait_until lines_in consumer.out 1
    kill -TERM "$spawned_pid"
    status=0
    ended "$spawned_pid" 20 || status=$?
    assert_status 143
    assert_equal "$(xargs <consumer.out)" 'begun done'
    remains "$queue" 0
}

@test "what does not finish within --drain is stopped and goes back" {
    prepare
    publish_posts 1 1
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --drain 200ms -- sh -c 'echo begun; exec sleep 1000'
    wait_until lines_in consumer.out 1
    kill -TERM "$spawned_pid"
    status=0
    ended "$spawned_pid" 8 || status=$?
    assert_status 143
    remains "$queue" 1
}

@test "a second signal stops at once, even what ignores SIGTERM" {
    prepare
    publish_posts 1 1
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" -- sh -c 'trap "" TERM INT; echo begun; sleep 1000'
    wait_until lines_in consumer.out 1
    kill -INT "$spawned_pid"
    sleep 0.3
    kill -0 "$spawned_pid"
    kill -INT "$spawned_pid"
    status=0
    ended "$spawned_pid" 8 || status=$?
    assert_status 130
    remains "$queue" 1
}

@test "two consumers, one killed with SIGKILL: every message is handled" {
    prepare
    publish_posts 1 1000
    : >handled
    spawn one "$AIRY_BIN" consume '#' --queue "$queue" -- sh -c 'jq .post_id >>handled'
    local first=$spawned_pid
    spawn two "$AIRY_BIN" consume '#' --queue "$queue" -- sh -c 'jq .post_id >>handled'
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

@test "a reader of stdout that goes away ends it quietly, and the rest stays" {
    prepare
    publish_posts 1 5000
    set +o pipefail
    "$AIRY_BIN" consume '#' --queue "$queue" --print 2>errors | head -n 1 >first
    local codes=("${PIPESTATUS[@]}")
    assert_equal "${codes[0]}" 0
    assert_equal "$(<errors)" ''
    assert_equal "$(jq .body.post_id first)" 1
    left_over >rest
    (($(wc -l <rest) > 0))
}

@test "stdout that is closed or full is an error, and nothing is lost" {
    prepare
    publish_posts 1 3
    run --separate-stderr bash -c '"$0" consume "#" --queue "$1" --print --count 3 >&-' "$AIRY_BIN" "$queue"
    assert_status 1
    assert_short_error
    run --separate-stderr bash -c '"$0" consume "#" --queue "$1" --print --count 3 >/dev/full' "$AIRY_BIN" "$queue"
    assert_status 1
    assert_short_error
    assert_contains "$stderr" 'No space left'
    remains "$queue" 3
}

@test "a stdout that nobody reads does not hold up SIGTERM" {
    prepare
    publish_posts 1 5000
    mkfifo pipe
    sleep 1000 <pipe &
    local reader=$!
    setsid "$AIRY_BIN" consume '#' --queue "$queue" --print --drain 300ms >pipe 3>&- &
    spawned+=("$!")
    local consumer=$!
    wait_until has_unacked
    kill -TERM "$consumer"
    status=0
    ended "$consumer" 10 || status=$?
    kill "$reader"
    assert_status 143
    left_over >rest
    (($(wc -l <rest) > 0))
}
has_unacked() {
    [[ $("$rabbit" ctl "$AIRY_TEST_NODE_DIR" -q --no-table-headers list_queues name messages_unacknowledged |
        awk -v q="$queue" '$1 == q {print $2}') -gt 0 ]]
}

@test "commands that do not read, close stdin, flood stdout or leave a process behind" {
    prepare
    publish_posts 1 4
    AIRY_RUN_SECONDS=60 run_airy consume '#' --queue "$queue" --count 4 -- sh -c '
        case $(jq .post_id) in
        1) exec <&- ;;
        2) yes | head -c 20000000 ;;
        3) sleep 30 & ;;
        4) exec true ;;
        esac'
    assert_status 0
    assert_equal "${#output}" 19999999 # the last line break is cut by run
    remains "$queue" 0
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

@test "--tag-output says whose lines they are" {
    prepare
    airy publish post.published --set post_id=1 --set author_id=7 --set title=t >id
    run_airy consume '#' --queue "$queue" --count 1 --tag-output -- sh -c 'echo out; echo err >&2'
    assert_equal "$output" "[post.published $(<id)] out"
    assert_equal "$stderr" "[post.published $(<id)] err"
}

@test "a command that is not there or not executable: exit 2, and nothing is declared" {
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

@test "a command that goes away later stops the consumer, its message goes back" {
    prepare
    publish_posts 1 5
    printf '#!/bin/sh\nrm -f "$0"\n' >once
    chmod +x once
    run_airy consume '#' --queue "$queue" --pool-size 1 -- ./once
    assert_status 1
    assert_short_error_at_end
    remains "$queue" 4
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
        '--print --max-attempts 2' '--print --break-after 1' '--print --ephemeral --queue-type quorum' \
        '--print --count 1 --expect 2'; do
        # shellcheck disable=SC2086
        run_airy consume '#' --queue "$queue" $args
        assert_status 2
        assert_short_error
        assert_contains "$stderr" "$(grep -oE -- '--[a-z-]+' <<<"$args" | sed -n 2p | sed 's/--ephemeral/--queue-type/')"
    done
    run_airy consume '#' --queue "$queue" --on-error discard --max-attempts 2 -- true
    assert_status 2
    assert_contains "$stderr" --max-attempts
    GOROUTINE_POOL_SIZE=many run_airy consume '#' --queue "$queue" -- true
    assert_status 2
    assert_contains "$stderr" GOROUTINE_POOL_SIZE
}

@test "a queue that exists with other properties: exit 7, saying what differs" {
    airy queue declare "$queue" --type classic
    run_airy consume '#' --queue "$queue" -- true
    assert_status 7
    assert_short_error
    assert_contains "$stderr" "$queue"
    assert_contains "$stderr" 'x-queue-type'
    assert_contains "$stderr" 'x-dead-letter-routing-key'
    run_airy queue ls "$queue.dlq" # nothing was made beside it
    assert_status 7
}

@test "--no-declare needs the queue to be there, and binds nothing" {
    run_airy consume '#' --queue "$queue" --no-declare --print --until-empty
    assert_status 7
    assert_short_error
    airy queue declare "$queue" --type classic
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
has_consumer() {
    [[ $("$rabbit" ctl "$AIRY_TEST_NODE_DIR" -q --no-table-headers list_queues name consumers |
        awk -v q="$queue" '$1 == q {print $2}') -gt 0 ]]
}

# close_connection_of PID: as an operator would.
close_connection_of() {
    local port connection
    port=$(ss -tnpH | awk -v p="pid=$1," 'index($0, p) {sub(/.*:/, "", $4); print $4; exit}')
    connection=$("$rabbit" ctl "$AIRY_TEST_NODE_DIR" -q --no-table-headers list_connections pid peer_port |
        awk -v p="$port" '$2 == p {print $1}')
    "$rabbit" ctl "$AIRY_TEST_NODE_DIR" -q close_connection "$connection" test
}

@test "the connection is closed by the broker: it comes back, and every message is handled" {
    prepare
    publish_posts 1 200
    : >handled
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --pool-size 2 --name back -- sh -c 'jq .post_id >>handled'
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

@test "--max-reconnects 0: a closed connection is exit 3, and what was not acked is still there" {
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
    left_over >rest
    assert_equal "$(wc -l <rest)" 20
}

@test "the broker is down: exit 3" {
    AIRY_URL=amqp://u:sesame@127.0.0.1:1/ run_airy consume '#' --queue "$queue" -- true
    assert_status 3
    assert_short_error
    refute_contains "$stderr" sesame
}

@test "stop conditions: --count, --expect, --idle, --for, --until-empty" {
    prepare
    publish_posts 1 5
    run_airy consume '#' --queue "$queue" --count 2 -- cat
    assert_status 0
    assert_equal "${#lines[@]}" 2
    run_airy consume '#' --queue "$queue" --until-empty --expect 4 -- cat
    assert_status 5
    assert_equal "${#lines[@]}" 3
    assert_contains "$stderr" '3 of 4 messages came'
    publish_posts 1 3
    run_airy consume '#' --queue "$queue" --for 2s --expect 4 --retry-delay 10m --retry-max-delay 10m -- \
        bash -c '(($(jq .post_id) != 2))'
    assert_status 5
    assert_contains "$stderr" '4 messages were expected: 2 handled, 1 failed attempt'
    publish_posts 1 3
    run_airy consume '#' --queue "$queue" --until-empty --expect 5 --on-error discard -- \
        bash -c '(($(jq .post_id) != 2))'
    assert_status 6
    assert_contains "$stderr" '1 of 3 messages; 5 were expected'
    run_airy consume '#' --queue "$queue" --idle 200ms --print
    assert_status 0
    run_airy consume '#' --queue "$queue" --for 300ms --print
    assert_status 0
    run_airy consume '#' --queue "$queue" --for 300ms --count 1 --print
    assert_status 5
}

@test "--ephemeral: the queue goes with its consumer" {
    airy consume '#' --queue "$queue" --until-empty -- true # makes the exchange
    forget "$queue" queues
    run_airy consume '#' --queue "$queue" --ephemeral --queue-type classic --until-empty --print
    assert_status 0
    wait_until is_gone "$queue"
}
is_gone() { ! is_declared "$1"; }

@test "--queue-type classic works the same" {
    prepare --queue-type classic
    publish_posts 1 10
    run_airy consume '#' --queue "$queue" --queue-type classic --count 10 --pool-size 2 -- \
        sh -c 'test $(jq .post_id) != 4 || exit 65'
    assert_status 6
    remains "$queue.dlq" 1
    remains "$queue" 0
}

@test "a running consumer can be seen, paused, resized and drained from outside" {
    prepare
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --name seen --pool-size 3 -- cat
    wait_until has_consumer
    wait_until airy pool show seen
    run_airy stats pools --output json
    assert_status 0
    jq -e 'select(.name == "seen") | .cap == 3 and .state == "running"' <<<"$output"
    airy pool pause seen
    publish_posts 1 3
    wait_until in_flight 3
    assert_equal "$(<consumer.out)" ''
    airy pool resize seen 5
    airy pool resume seen
    wait_until lines_in consumer.out 3
    run_airy stats pools --output json
    jq -e 'select(.name == "seen") | .cap == 5 and .handled == 3' <<<"$output"
    airy pool drain seen
    status=0
    ended "$spawned_pid" 20 || status=$?
    assert_status 0
}
in_flight() { [[ $(airy stats pools --output json | jq 'select(.name == "seen") | .in_flight') == "$1" ]]; }

@test "the exchange exists with another type: exit 7" {
    api PUT "exchanges/%2F/$AIRY_EXCHANGE" -d '{"type":"fanout","durable":true}'
    run_airy consume '#' --queue "$queue" -- true
    assert_status 7
    assert_short_error
    assert_contains "$stderr" "$AIRY_EXCHANGE"
}

@test "--print passes on what other clients wrote, byte for byte" {
    prepare
    local body='{"event_id":"x","title":"a \u003cb\u003e \u0026 c","n":1e400,"at":"2026-01-02T03:04:05.123456789+08:00"}'
    amqp-publish --url="$peer_url" --exchange="$AIRY_EXCHANGE" --routing-key=post.published --body="$body"
    amqp-publish --url="$peer_url" --exchange="$AIRY_EXCHANGE" --routing-key=raw.text --body='not json'
    printf '\xff\0' | amqp-publish --url="$peer_url" --exchange="$AIRY_EXCHANGE" --routing-key=raw.bytes
    run_airy consume '#' --queue "$queue" --count 3 --print
    assert_status 0
    assert_contains "${lines[0]}" "\"body\":$body}"
    assert_equal "$(jq -r .body_text <<<"${lines[1]}")" 'not json'
    assert_equal "$(jq -r .body_base64 <<<"${lines[2]}")" /wA=
}

@test "a command that floods stderr or fails with nothing to say" {
    prepare
    publish_posts 1 2
    AIRY_RUN_SECONDS=60 run_airy consume '#' --queue "$queue" --pool-size 1 --for 5s --count 2 -- sh -c '
        test $(jq .post_id) = 1 || exit 65
        head -c 5000000 /dev/zero | tr "\0" "e" >&2; exit 65'
    assert_status 6
    assert_equal "$(grep -c '^e*$' <<<"$stderr")" 77 # 5,000,000 bytes in lines of 64 KiB
    remains "$queue.dlq" 2
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

@test "--log-events: what had been handled before is settled as well" {
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

@test "a queue's name leaves room for those of its retry queues" {
    run_airy consume '#' --queue "$(printf 'q%.0s' {1..241})" -- true
    assert_status 2
    assert_short_error
    assert_contains "$stderr" '1 to 240 bytes'
}

@test "--no-declare on a queue without dead-letter arguments keeps what is given up" {
    airy queue declare "$queue" --bind 'post.*' --quiet
    airy publish post.deleted --set post_id=1 --set author_id=2 --quiet
    run_airy consume '#' --queue "$queue" --no-declare --until-empty -- sh -c 'exit 65'
    assert_status 6
    assert_equal "$(depth "$queue.dlq")" 1
    airy dlq show "$queue" | jq -e '.body.post_id == 1'
}

@test "handlers stopped at the end of the drain time are told of" {
    airy consume '#' --queue "$queue" --print --until-empty --quiet
    for id in 1 2; do airy publish post.deleted --set post_id=$id --set author_id=2 --quiet; done
    run_airy consume '#' --queue "$queue" --pool-size 2 --for 1s --drain 200ms -- sleep 60
    assert_status 0
    assert_contains "$stderr" '2 did not finish'
    assert_equal "$(depth "$queue")" 2
}

@test "no resources for any command: the consumer ends with an error, and its messages stay" {
    airy consume '#' --queue "$queue" --print --until-empty --quiet
    for id in 1 2 3; do airy publish post.deleted --set post_id=$id --set author_id=2 --quiet; done
    run --separate-stderr bash -c 'ulimit -n 18; exec timeout 40 "$0" "$@"' "$AIRY_BIN" consume '#' --queue "$queue" --until-empty -- true
    ((status != 0 && status != 124))
    assert_equal "$(depth "$queue")" 3
}

@test "stopped and started again, it goes on where it was: the queue keeps its order" {
    prepare
    publish_posts 1 12
    for _ in 1 2 3 4 5; do
        : >begun
        spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --pool-size 1 -- sh -c 'jq .post_id | tee -a handled >>begun; sleep 0.2'
        wait_until lines_in begun 1
        kill -TERM "$spawned_pid"
        status=0
        ended "$spawned_pid" 20 || status=$?
        assert_status 143
    done
    assert_equal "$(tr '\n' ' ' <handled)" '1 2 3 4 5 '
}

@test "timeout(1), which signals twice, drains like anyone" {
    prepare
    publish_posts 1 1
    run timeout 1 "$AIRY_BIN" consume '#' --queue "$queue" -- sh -c 'sleep 2; echo done'
    assert_contains "$output" 'done'
    remains "$queue" 0
}
