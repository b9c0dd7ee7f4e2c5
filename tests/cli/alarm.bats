#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
# What publish does while the broker's memory alarm is raised: on a node of its own, since the
# alarm stops every publisher.

load helper

setup_file() {
    "$rabbit" start "$BATS_FILE_TMPDIR/rabbit" --owner $$
    # shellcheck source=/dev/null
    . "$BATS_FILE_TMPDIR/rabbit/env"
}

setup() {
    airy_setup
    queue=$(fresh queue)
    airy queue declare "$queue" --bind '#' --quiet
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

@test "one event: it is said at once, and the confirm timeout bounds the wait" {
    local start=$SECONDS
    run_airy "${post[@]}" --confirm-timeout 2s
    assert_status 4
    assert_equal "$output" ''
    assert_contains "${stderr_lines[0]}" "$blocked"
    assert_contains "$stderr" 'did not confirm the event within 2 s'
    ((${#stderr_lines[@]} == 3 && SECONDS - start < 10))
}

@test "one event: it is confirmed once the alarm is over" {
    spawn publisher "$AIRY_BIN" "${post[@]}"
    wait_until grep -q "$blocked" publisher.err
    assert_equal "$(<publisher.out)" ''
    alarm 0.4
    status=0
    ended "$spawned_pid" 10 || status=$?
    assert_status 0
    (($(wc -l <publisher.out) == 1))
    assert_equal "$(depth "$queue")" 1
}

@test "a stream waits for the end of the alarm, within the limit that was given" {
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
    # What was uncertain was taken in the end, or not; what was confirmed is there.
    (($(depth "$queue") >= 50))
}
