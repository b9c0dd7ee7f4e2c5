#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
# How consume handles failures: retries, dead letters, duplicates, overload.

load helper

setup() {
    airy_setup
    queue=$(fresh work)
    airy consume '#' --queue "$queue" --until-empty -- true
}

teardown() {
    airy_teardown
    local name
    for name in $(api GET 'queues/%2F?columns=name' | jq -r '.[].name' | grep "^$queue"); do
        forget "$name" queues
    done
}

# post ID [OPTION...]
post() {
    local id=$1
    shift
    airy publish post.published --set "post_id=$id" --set author_id=7 --set title=t "$@"
}

@test "a failed message is retried after its delays, as the same message, then dead-lettered" {
    post 1 --header x-mine=yes >id
    run_airy consume '#' --queue "$queue" --count 1 --max-attempts 3 --retry-delay 200ms -- \
        sh -c 'echo $AIRY_ATTEMPT $AIRY_TOPIC $AIRY_EVENT_ID $(date +%s%3N); echo "it is $AIRY_ATTEMPT" >&2; exit 75'
    assert_status 6
    assert_equal "$(cut -d' ' -f1-3 <<<"$output")" "1 post.published $(<id)
2 post.published $(<id)
3 post.published $(<id)"
    local times
    mapfile -t times < <(cut -d' ' -f4 <<<"$output")
    ((times[1] - times[0] >= 180 && times[2] - times[1] >= 360))
    ((times[2] - times[0] < 1500))
    drained "$queue.dlq" >letter
    jq -e '.body.post_id == 1 and .headers["x-mine"] == "yes"' letter
    jq -e '.headers | .["x-airy-attempts"] == 3 and .["x-airy-exit"] == 75 and .["x-airy-reason"] == "attempts"
        and .["x-airy-error"] == "it is 3" and .["x-airy-topic"] == "post.published"' letter
    assert_equal "$(jq -r '.headers["x-airy-queue"]' letter)" "$queue"
    jq -e '.headers | .["x-airy-first-failed-at"] < .["x-airy-failed-at"]' letter
    assert_equal "$(depth "$queue")" 0
}

@test "a message that died in its queue before is retried like any other, and not taken for a cycle" {
    jq -cn --arg q "$queue" '{topic: $q, exchange: "", body: {a: 1}, headers: {"x-death":
        [{queue: $q, reason: "delivery_limit", count: 1, exchange: "", "routing-keys": [$q]}]}}' |
        airy publish --lines message --quiet
    run_airy consume '#' --queue "$queue" --count 1 --max-attempts 2 --retry-delay 200ms -- \
        sh -c 'echo "$AIRY_ATTEMPT"; exit 75'
    assert_status 6
    assert_equal "$output" $'1\n2'
    drained "$queue.dlq" >letter
    jq -e --arg q "$queue" '.body.a == 1 and .headers["x-death"][0].queue == $q' letter
}

@test "a message that will never succeed is dead-lettered at once, with its account" {
    post 1
    run_airy consume '#' --queue "$queue" --count 1 -- sh -c 'echo no such author >&2; exit 65'
    assert_status 6
    drained "$queue.dlq" >letter
    jq -e '.headers | .["x-airy-reason"] == "rejected" and .["x-airy-exit"] == 65 and .["x-airy-attempts"] == 1
        and .["x-airy-error"] == "no such author"' letter
}

@test "--on-error: requeue, dead-letter, discard" {
    post 1
    run_airy consume '#' --queue "$queue" --for 500ms --on-error requeue -- false
    assert_status 0
    assert_equal "$(depth "$queue")" 1
    run_airy consume '#' --queue "$queue" --count 1 --on-error dead-letter -- false
    assert_status 6
    assert_equal "$(depth "$queue.dlq")" 1
    post 2
    run_airy consume '#' --queue "$queue" --count 1 --on-error discard -- false
    assert_status 6
    assert_contains "$stderr" discarded
    assert_equal "$(depth "$queue")" 0
    assert_equal "$(depth "$queue.dlq")" 1
}

@test "no delay is so short, and no limit so high, that a failure makes a hot loop" {
    post 1
    run_airy consume '#' --queue "$queue" --for 2s --max-attempts 1000000 --retry-delay 100ms --retry-max-delay 100ms -- \
        sh -c 'echo x; exit 1'
    ((${#lines[@]} >= 3 && ${#lines[@]} <= 25))
    drained "$queue.retry.100" >/dev/null
    drained "$queue" >/dev/null
    airy queue delete "$queue" --yes
    airy consume '#' --queue "$queue" --queue-type classic --until-empty -- true || true
}

@test "a message that kills its consumer becomes a dead letter, by the broker" {
    post 1
    for _ in $(seq 30); do
        (($(depth "$queue.dlq") == 0)) || break
        timeout 10 "$AIRY_BIN" consume '#' --queue "$queue" --for 5s --until-empty -- sh -c 'kill -KILL $PPID' || true
    done
    drained "$queue.dlq" >letter
    jq -e '.body.post_id == 1' letter
    jq -e '.headers["x-death"][0].reason == "delivery_limit"' letter
}

@test "killed with 1,000 in flight: another consumer handles them all, none is lost" {
    # Handlers list their messages in the file begun; once the gate exists, they wait there.
    events 500 | airy publish >early
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --pool-size 200 --prefetch 1000 -- \
        sh -c 'echo $AIRY_MESSAGE_ID >>begun; test ! -p gate || : <gate'
    wait_until 30 handled 500
    mkfifo gate
    events 2500 | airy publish >late
    wait_until 30 in_flight 1000
    wait_until 30 begun 700
    kill -KILL "$spawned_pid"
    wait_until settled_in_queue 2500 # all unacked messages are back
    exec {gate}<>gate                # lets the handlers go, which outlived their consumer
    rm gate
    run_airy consume '#' --queue "$queue" --until-empty --print
    assert_status 0
    exec {gate}>&-
    jq -r .properties.message_id <<<"$output" | sort >again
    assert_equal "$(sort -u again | comm -13 - <(sort late) | wc -l)" 0 # lost
    assert_equal "$(comm -12 again <(sort early) | wc -l)" 0            # acknowledged, and yet there
    assert_equal "$(jq -n '[inputs | select(.redelivered)] | length' <<<"$output")" 1000
    assert_equal "$(wc -l <again)" 2500
    # Handled twice: only messages that had been begun, of the 1,000 in flight.
    assert_equal "$(comm -12 <(sort begun) again | wc -l)" 200
    assert_equal "$(depth "$queue.dlq")" 0
}
handled() { consumer_has ".handled == $1 and .in_flight == 0"; }
in_flight() { consumer_has ".in_flight == $1"; }
begun() { (($(wc -l <begun) >= $1)); }
settled_in_queue() { (($(depth "$queue") == $1)); }

@test "a message with properties that forbid a copy is retried all the same" {
    # An expiration would remove it from the queue where it waits; CC would deliver it twice.
    post 1 --expiration 1h
    run_airy consume '#' --queue "$queue" --count 1 --retry-delay 100ms -- \
        sh -c 'test $AIRY_ATTEMPT = 2'
    assert_status 0
    post 2 --expiration 500ms >id
    run_airy consume '#' --queue "$queue" --count 1 -- sh -c 'exit 65'
    assert_status 6
    drained "$queue.dlq" >letter
    assert_equal "$(jq -r '.headers["x-airy-expiration"]' letter)" 500
}

@test "--dedup: a message handled before is acked and not handled again" {
    post 1 >id
    drained "$queue" >line
    cat line line line | airy publish --lines message --quiet -
    run_airy consume '#' --queue "$queue" --until-empty --dedup 1h --pool-size 1 --verbose -- jq .post_id
    assert_status 0
    assert_equal "$output" 1
    assert_contains "$stderr" '2 handled before'
}

@test "--rate: no more starts than the rate" {
    for i in 1 2 3 4 5 6 7 8; do post $i --quiet; done
    local start=$EPOCHREALTIME
    run_airy consume '#' --queue "$queue" --count 8 --rate 10/s --pool-size 8 -- true
    assert_status 0
    (((${EPOCHREALTIME/./} - ${start/./}) / 1000 >= 600))
    run_airy consume '#' --queue "$queue" --rate fast -- true
    assert_status 2
    assert_contains "$stderr" --rate
}

@test "--break-after: failures in a row pause the consumer" {
    for i in 1 2 3 4 5 6 7 8; do post $i --quiet; done
    run_airy consume '#' --queue "$queue" --for 2s --pool-size 1 --break-after 3 --on-error dead-letter -- sh -c 'echo x; exit 1'
    assert_status 6
    ((${#lines[@]} >= 3 && ${#lines[@]} <= 4))
    assert_contains "$stderr" 'too many failures in a row'
}

@test "a service manager is told when the consumer starts and ends" {
    service_manager
    spawn consumer env "NOTIFY_SOCKET=$PWD/notify" "$AIRY_BIN" consume '#' --queue "$queue" -- true
    wait_until grep -qx READY=1 told
    kill -TERM "$spawned_pid"
    status=0
    ended "$spawned_pid" 20 || status=$?
    assert_status 143
    wait "$listener"
    assert_equal "$(grep -v ^STATUS= told | xargs)" 'READY=1 STOPPING=1'
}

@test "Ctrl-C ends a first connection that hangs: in the login, and in the TLS handshake" {
    python3 -c '
import socket, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
open("port", "w").write(str(s.getsockname()[1])); time.sleep(60)' &
    local server=$! scheme
    wait_until test -s port
    for scheme in amqp amqps; do
        spawn "$scheme" "$AIRY_BIN" consume '#' --queue "$queue" --url "$scheme://127.0.0.1:$(<port)/" -- true
        wait_until connected "$spawned_pid"
        kill -INT "$spawned_pid"
        status=0
        ended "$spawned_pid" 3 || status=$?
        assert_status 130
    done
    kill "$server"
}
connected() { ss -tnpH state established "dport = :$(<port)" | grep -q "pid=$1,"; }
