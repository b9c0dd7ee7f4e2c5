#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
# publish while the broker's memory alarm is raised: on a node of its own, since the alarm stops
# every publisher.

load helper

setup_file() {
    "$rabbit" start "$BATS_FILE_TMPDIR/rabbit" --owner $$
    # shellcheck source=/dev/null
    . "$BATS_FILE_TMPDIR/rabbit/env"
}

setup() {
    airy_setup
    queue=$(fresh queue)
    airy queue declare --plain "$queue" --bind '#' --quiet
    alarm 0.000001
}

teardown() {
    alarm 0.4
    forget "$queue" queues
    airy_teardown
}

alarm() { "$rabbit" ctl "$AIRY_TEST_NODE_DIR" -q set_vm_memory_high_watermark "$1"; }

post=(publish post.published --set post_id=1 --set author_id=7 --set title=t)
blocked='the broker blocks publishers'

@test "one event: the alarm is reported at once, and the confirm timeout bounds the wait" {
    local start=$SECONDS
    run_airy "${post[@]}" --confirm-timeout 2s
    assert_status 4
    assert_equal "$output" ''
    assert_contains "${stderr_lines[0]}" "$blocked"
    assert_contains "$stderr" 'did not confirm the event within 2 s'
    ((${#stderr_lines[@]} == 3 && SECONDS - start < 10))
}

@test "one event: it is confirmed once the alarm is over" {
    # rabbitmqctl needs longer than the default wait for a confirm on a machine that is busy.
    spawn publisher "$AIRY_BIN" "${post[@]}" --confirm-timeout 5m
    wait_until grep -q "$blocked" publisher.err
    assert_equal "$(<publisher.out)" ''
    alarm 0.4
    status=0
    ended "$spawned_pid" 10 || status=$?
    assert_status 0
    (($(wc -l <publisher.out) == 1))
    assert_equal "$(depth "$queue")" 1
}

@test "a stream waits for the end of the alarm, within the given limit" {
    events 50 >lines
    run --separate-stderr timeout 30 "$AIRY_BIN" publish --confirm-timeout 1s <lines
    assert_status 4
    assert_contains "$stderr" "$blocked"
    assert_contains "$stderr" 'confirmed nothing for 1 s; 0 were confirmed before, 50 are uncertain'
    spawn publisher sh -c 'exec "$0" publish <lines' "$AIRY_BIN"
    wait_until grep -q "$blocked" publisher.err
    alarm 0.4
    status=0
    ended "$spawned_pid" 10 || status=$?
    assert_status 0
    (($(wc -l <publisher.out) == 50))
    # The broker may have taken the uncertain events; the confirmed ones are in the queue.
    (($(depth "$queue") >= 50))
}

@test "a stream under the alarm is given up some seconds after SIGTERM: 143, with the count" {
    events 5 >lines
    spawn publisher sh -c 'exec "$0" publish <lines' "$AIRY_BIN"
    wait_until grep -q "$blocked" publisher.err
    kill -TERM "$spawned_pid"
    wait_until 3 grep -q 'SIGTERM: waiting for 5 unconfirmed events' publisher.err
    status=0
    ended "$spawned_pid" 10 || status=$?
    assert_status 143
    assert_contains "$(<publisher.err)" 'airy: stopped by SIGTERM; 0 were confirmed, 5 are uncertain'
}

@test "a stream under the alarm ends at once on a second signal, with the count" {
    events 5 >lines
    spawn publisher sh -c 'exec "$0" publish <lines' "$AIRY_BIN"
    wait_until grep -q "$blocked" publisher.err
    kill -INT "$spawned_pid"
    wait_until 3 grep -q 'SIGINT: waiting for 5 unconfirmed events' publisher.err
    kill -TERM "$spawned_pid"
    status=0
    ended "$spawned_pid" 2 || status=$?
    assert_status 143
    assert_contains "$(<publisher.err)" 'airy: stopped by SIGTERM; 0 were confirmed, 5 are uncertain'
}

@test "a stream whose broker is away is given up some seconds after SIGTERM: 143, with the count" {
    alarm 0.4
    mkfifo in
    spawn publisher sh -c 'exec "$0" publish <in' "$AIRY_BIN"
    exec 7<>in
    events 2 >&7
    wait_until eval '(($(wc -l <publisher.out) == 2))'
    "$rabbit" kill "$AIRY_TEST_NODE_DIR"
    wait_until grep -q 'trying again' publisher.err
    events 3 >&7
    wait_until eval '! read -r -t 0 -u 7' # publish has read the lines
    kill -TERM "$spawned_pid"
    status=0
    ended "$spawned_pid" 10 || status=$?
    exec 7>&-
    "$rabbit" restart "$AIRY_TEST_NODE_DIR"
    assert_status 143
    assert_contains "$(<publisher.err)" 'airy: stopped by SIGTERM; 2 were confirmed, 3 are uncertain'
}
