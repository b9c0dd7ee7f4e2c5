#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT

load helper
load publish

@test "a stream: every id in order, a summary, all in the queue in order" {
    events 500 >in
    run_airy publish <in
    assert_status 0
    assert_equal "${#lines[@]}" 500
    assert_contains "$stderr" 'published 500 events'
    bodies >out
    assert_equal "$(jq -c .post_id out | tr '\n' ' ')" "$(seq 500 | tr '\n' ' ')"
    assert_equal "$(jq -r .event_id out)" "$output"
}

@test "a stream's ids come out while stdin is still open" {
    mkfifo in
    spawn publish sh -c 'exec "$0" publish <in' "$AIRY_BIN"
    exec 7>in
    events 1 >&7
    wait_until grep -qE "$uuid" publish.out
    exec 7>&-
    ended "$spawned_pid" 10
}

@test "a bad line stops the stream, with the number of confirmed events" {
    { events 3; echo '{"event_type":"post.published"}'; events 2; } >in
    run_airy publish <in
    assert_status 8
    assert_equal "${#lines[@]}" 3
    assert_short_error
    assert_contains "$stderr" 'line 4'
    assert_contains "$stderr" '3 were confirmed'
    assert_equal "$(depth "$queue")" 3
}

@test "--keep-going skips bad lines, keeps them, and exits 8" {
    { events 3; echo oops; echo; echo '{}'; events 2; } >in
    run_airy publish --keep-going --rejects bad <in
    assert_status 8
    assert_equal "${#lines[@]}" 5
    printf 'oops\n{}\n' | cmp - bad
    assert_contains "$stderr" 'line 4'
    assert_contains "$stderr" 'line 6'
    assert_contains "$stderr" '2 invalid'
    assert_equal "$(depth "$queue")" 5
}

@test "an unroutable event in a stream: exit 4 with its line" {
    airy queue delete "$queue" --yes --quiet
    airy queue declare --plain "$queue" --bind 'post.*' --type classic --quiet
    { events 2; echo '{"event_type":"circle.left","circle_id":1,"user_id":2}'; } >in
    run_airy publish <in
    assert_status 4
    assert_equal "${#lines[@]}" 2
    assert_contains "$stderr" 'line 3'
    run_airy publish --keep-going --rejects bad <in
    assert_status 4
    assert_contains "$(cat bad)" circle.left
}

@test "an empty stdin publishes nothing and says so" {
    run_airy publish post.published </dev/null
    assert_status 2
    : >empty
    run_airy publish <empty
    assert_status 0
    assert_contains "$stderr" 'nothing published'
}

@test "a line of 200 MB is refused with its number, and memory stays bounded" {
    { events 1; head -c 200000000 /dev/zero | tr '\0' x; echo; } >in
    AIRY_RUN_SECONDS=120 run_airy publish <in
    assert_status 8
    assert_short_error
    assert_contains "$stderr" 'line 2'
    assert_contains "$stderr" '1 were confirmed'
}

@test "stdout closed: an error, not a silent 0" {
    events 50 >in
    run bash -c '"$0" publish <in >&-' "$AIRY_BIN"
    ((status == 1))
    airy queue purge "$queue" --yes --quiet
    events 20000 >many
    run --separate-stderr bash -c 'set -o pipefail; "$0" publish <many | head -n 1 >/dev/null' "$AIRY_BIN"
    ((status == 1))
    told='stopped after ([0-9]+) confirmed events; up to ([0-9]+) more were sent'
    [[ $stderr =~ $told ]]
    confirmed=${BASH_REMATCH[1]} more=${BASH_REMATCH[2]} ready=$(depth "$queue")
    ((confirmed <= ready && ready <= confirmed + more))
}

@test "Ctrl-C ends a stream after the sent events are confirmed: 130" {
    mkfifo in
    spawn publish sh -c 'exec "$0" publish <in' "$AIRY_BIN"
    exec 7>in
    events 10 >&7
    wait_until eval '(($(wc -l <publish.out) == 10))'
    kill -INT "$spawned_pid"
    status=0
    ended "$spawned_pid" 10 || status=$?
    exec 7>&-
    ((status == 130))
    assert_equal "$(depth "$queue")" 10
}

@test "a stream whose ids are not read ends at once on a second signal, with the count" {
    events 9000 >in
    mkfifo pipe
    exec 7<>pipe
    spawn publish sh -c 'exec "$0" publish <in >pipe' "$AIRY_BIN"
    wait_until is_full pipe
    kill -TERM "$spawned_pid"
    kill -INT "$spawned_pid"
    status=0
    ended "$spawned_pid" 3 || status=$?
    exec 7>&-
    ((status == 130 || status == 143))
    grep -E 'stopped by SIG[A-Z]+; [0-9]+ were confirmed, [0-9]+ are uncertain' publish.err
    (($(wc -l <publish.err) == 3))
}

@test "a rejects file that cannot be written ends the stream, with the number of confirmed events" {
    printf '%s\n' '{"event_type":"a.b","a":1}' bad '{"event_type":"a.b","a":2}' >lines
    run --separate-stderr bash -c '"$0" publish --custom --keep-going --rejects /dev/full <lines' "$AIRY_BIN"
    assert_status 1
    assert_contains "$stderr" 'stopped after 1 confirmed'
    assert_equal "${#lines[@]}" 1
    assert_equal "$(depth "$queue")" 1
}
