#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT

load helper

setup() {
    airy_setup
    queue=$(fresh q)
}

teardown() {
    # The end of a stopped process cannot be observed otherwise.
    for pid in "${spawned[@]}"; do kill -CONT -- "-$pid" 2>/dev/null || true; done
    airy_teardown
    forget "$queue" queues
    forget "$queue.dlq" queues
}

# consumer NAME CMD ARG...: `airy consume` of $queue with four slots under this name.
consumer() {
    local name=$1
    shift
    spawn "$name" "$AIRY_BIN" consume '#' --queue "$queue" --name "$name" --pool-size 4 -- "$@"
    wait_until 20 is "$name" '.state == "running"'
}

field() { airy pool show "$1" --output json | jq -r "$2"; }
# jq -e takes empty input for success.
is() {
    local json
    json=$(airy pool show "$1" --output json) && jq -e "$2" <<<"$json"
}
gone() { ! airy pool show "$1" 2>/dev/null; }

# events N: publishes N events.
events() {
    local i
    for ((i = 0; i < $1; i++)); do
        airy publish post.deleted --set post_id=1 --set author_id=2 --quiet
    done
}

@test "pool ls: no consumer runs" {
    run_airy pool ls
    assert_status 0
    assert_equal "$output" ''
    assert_contains "$stderr" 'no consumer'
    run_airy pool ls --output json
    assert_status 0
    assert_equal "$output" ''
}

@test "pool ls and show: by name and by pid, with the fields that scripts rely on" {
    consumer one cat
    run_airy pool ls
    assert_status 0
    assert_contains "${lines[0]}" dead_lettered
    assert_contains "${lines[1]}" one
    run_airy pool ls --output json
    assert_status 0
    assert_equal "$(jq -r 'keys_unsorted | map(select(IN("name", "pid", "queue", "patterns", "cap",
        "running", "free", "waiting", "in_flight", "handled", "failed", "retried", "dead_lettered",
        "state"))) | length' <<<"$output")" 14
    jq -e --arg q "$queue" --argjson pid "$spawned_pid" '.name == "one" and .pid == $pid and
        .queue == $q and .patterns == ["#"] and .cap == 4 and .running == 0 and .free == 4' <<<"$output"
    run_airy pool show "$spawned_pid" --output json
    assert_status 0
    jq -e '.name == "one"' <<<"$output"
    run_airy pool show one
    assert_status 0
    assert_contains "$output" "queue          $queue"
}

@test "pool: an unknown consumer is exit 7" {
    for command in "show nobody" "resize nobody 3" "pause nobody" "resume nobody" "drain nobody"; do
        # shellcheck disable=SC2086 # words
        run_airy pool $command
        assert_status 7
        assert_short_error
        assert_contains "$stderr" nobody
    done
}

@test "pool: two consumers of one name are told apart by pid" {
    consumer twin cat
    first=$spawned_pid
    spawn second "$AIRY_BIN" consume '#' --queue "$queue" --name twin -- cat
    second=$spawned_pid
    wait_until 20 is "$second" '.state == "running"'
    run_airy pool pause twin
    assert_status 2
    assert_short_error
    assert_contains "$stderr" "$first"
    assert_contains "$stderr" "$second"
    run_airy pool pause "$second"
    assert_status 0
    is "$first" '.state == "running"'
    is "$second" '.state == "paused"'
}

@test "pool resize: more slots run more at once, and fewer fewer" {
    consumer worker sh -c 'while [ ! -e go ]; do sleep 0.05; done'
    events 8
    wait_until 20 is worker '.running == 4'
    run_airy pool resize worker 6
    assert_status 0
    assert_contains "$output" 'cap 6'
    wait_until 5 is worker '.running == 6 and .cap == 6'
    run_airy pool resize worker 1 --wait --timeout 300ms
    assert_status 5
    assert_short_error
    is worker '.cap == 1'
    spawn waiter "$AIRY_BIN" pool resize worker 1 --wait
    touch go
    ended "$spawned_pid" 20
    assert_equal "$(field worker .cap)" 1
    wait_until 20 is worker '.handled == 8'
}

@test "pool resize: more slots take more messages, too" {
    consumer worker sh -c 'while [ ! -e go ]; do sleep 0.05; done'
    events 60
    wait_until 20 is worker '.running == 4'
    # Handlers that take so long have nothing taken ahead of them.
    assert_equal "$(field worker .in_flight)" 4
    airy pool resize worker 40
    wait_until 20 is worker '.running == 40'
    touch go
    wait_until 30 is worker '.handled == 60'
}

@test "pool resize: invalid sizes" {
    for size in 0 -1 x 1.5 99999999999999999999; do
        run_airy pool resize nobody "$size"
        assert_status 2
        assert_short_error
    done
}

@test "pool pause and resume" {
    consumer worker cat
    run_airy pool pause worker --wait --timeout 10s --output json
    assert_status 0
    jq -e '.state == "paused" and .running == 0' <<<"$output"
    events 3
    wait_until 10 is worker '.in_flight == 3'
    is worker '.handled == 0 and .state == "paused"'
    run_airy pool resume worker --wait --timeout 10s
    assert_status 0
    assert_contains "$output" running
    wait_until 20 is worker '.handled == 3'
}

@test "pool drain --wait: running handlers finish, then the consumer ends with exit 0" {
    consumer worker sh -c 'while [ ! -e go ]; do sleep 0.05; done; echo done'
    worker=$spawned_pid
    events 2
    wait_until 20 is worker '.running == 2'
    run_airy pool drain worker
    assert_status 0
    assert_contains "$output" draining
    touch go
    run_airy pool drain "$worker" --wait --timeout 20s
    # It may have ended before the second drain looks for it.
    ((status == 0 || status == 7))
    ended "$worker" 20
    assert_equal "$(grep -c done worker.out)" 2
    gone worker
}

@test "pool pause and resume of a draining consumer do nothing, and say so" {
    consumer worker sh -c 'while [ ! -e go ]; do sleep 0.05; done'
    worker=$spawned_pid
    events 1
    wait_until 20 is worker '.running == 1'
    airy pool drain worker
    for command in "pause worker" "resume worker" "pause worker --wait" "resume worker --wait"; do
        # shellcheck disable=SC2086 # words
        run_airy pool $command
        assert_status 7
        assert_short_error
        assert_contains "$stderr" 'is draining'
        assert_equal "$output" ''
    done
    touch go
    ended "$worker" 20
}

@test "a consumer under SIGSTOP is shown as not answering, and delays no command" {
    consumer stopped cat
    stopped=$spawned_pid
    spawn fine "$AIRY_BIN" consume '#' --queue "$queue" --name fine -- cat
    wait_until 20 is fine '.state == "running"'
    kill -STOP "$stopped"
    AIRY_RUN_SECONDS=10 run_airy pool ls --output json
    assert_status 0
    jq -se --argjson pid "$stopped" 'map({(.name): .}) | add |
        .stopped.state == "not answering" and .stopped.pid == $pid and .stopped.cap == null and
        .fine.state == "running"' <<<"$output"
    run_airy pool ls
    assert_contains "$output" 'not answering'
    run_airy stats pools
    assert_status 0
    assert_contains "$output" 'not answering'
    for command in "show stopped" "pause stopped" "resize $stopped 2"; do
        # shellcheck disable=SC2086 # words
        AIRY_RUN_SECONDS=10 run_airy pool $command
        assert_status 5
        assert_short_error
        assert_contains "$stderr" 'does not answer'
    done
    kill -CONT "$stopped"
    # An order that the tool gave up on is not carried out later.
    wait_until 10 is stopped '.state == "running" and .cap == 4'
}

@test "a consumer under SIGSTOP is found by a name that is too long for its socket's name" {
    name=$(printf 'long%.0s' {1..50})
    consumer "$name" cat
    stopped=$spawned_pid
    kill -STOP "$stopped"
    AIRY_RUN_SECONDS=10 run_airy pool show "$name"
    assert_status 5
    assert_contains "$stderr" 'does not answer'
    AIRY_RUN_SECONDS=10 run_airy stats pools "$name" --output json
    assert_status 0
    jq -e --argjson pid "$stopped" '.pid == $pid and .state == "not answering"' <<<"$output"
    run_airy pool show "${name}er"
    assert_status 5 # it may be this one
    run_airy pool show "${name:0:20}"
    assert_status 7
    kill -CONT "$stopped"
    run_airy pool show "$name"
    assert_status 0
}

@test "the next look removes the socket of a killed consumer" {
    consumer killed cat
    socket=$(echo "$XDG_RUNTIME_DIR"/airy/killed-*.sock)
    [[ -S $socket && $(stat -c %a "$socket") == 600 && $(stat -c %a "$XDG_RUNTIME_DIR/airy") == 700 ]]
    kill -KILL "$spawned_pid"
    wait_until 10 gone killed
    run_airy pool ls --output json
    assert_status 0
    assert_equal "$output" ''
    [[ ! -e $socket ]]
}

@test "garbage on the control socket does not disturb the consumer" {
    consumer tough cat
    socket=$(echo "$XDG_RUNTIME_DIR"/airy/tough-*.sock)
    python3 - "$socket" <<'P'
import os, socket, sys
for request in (b"\0\xff garbage\n", b"x" * 100000, b'{"op":"explode"}\n', b"{}\n", b'{"op":"resize","size":-1}\n'):
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(10)
    client.connect(sys.argv[1])
    try:
        client.sendall(request)
    except BrokenPipeError:
        pass
    assert b'"ok":false' in client.recv(4096), request
silent = [socket.socket(socket.AF_UNIX) for _ in range(30)]
for client in silent:
    client.connect(sys.argv[1])
status = socket.socket(socket.AF_UNIX)
status.settimeout(10)
status.connect(sys.argv[1])
status.sendall(b'{"op":"status"}\n')
assert b'"ok":true' in status.recv(4096)
P
    events 1
    wait_until 20 is tough '.handled == 1 and .cap == 4'
}

@test "pool: wrong usage" {
    run_airy pool
    assert_status 2
    assert_short_error
    run_airy pool explode
    assert_status 2
    run_airy pool pause
    assert_status 2
    run_airy pool pause x --timeout 3s
    assert_status 2
    assert_contains "$stderr" --wait
}
