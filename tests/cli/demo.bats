#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT

load helper

@test "demo: every post is handled by every consumer, shown, and removed again" {
    AIRY_RUN_SECONDS=100 run_airy demo --posts 200
    assert_status 0
    assert_contains "$output" 'published 200 posts'
    assert_contains "$output" '600 messages handled by 3 consumers'
    for queue in search-index feeds notifications; do
        assert_contains "$output" "airy.demo.$queue: 0 ready, 0 consumers"
    done
    refute_contains "$output$stderr" guest:guest
    run_airy queue ls --match 'airy.demo.*' --output json
    assert_equal "$output" ''
    [[ -z $(pgrep -f 'airy consume .*airy.demo.' || true) ]]
}

@test "demo: Ctrl-C ends the consumers too, exit 130" {
    spawn demo "$AIRY_BIN" demo --posts 20000
    wait_until 30 eval '(($(pgrep -s "$spawned_pid" -f "airy consume" | wc -l) == 3))'
    children=$(pgrep -s "$spawned_pid" -f 'airy consume')
    kill -INT "$spawned_pid"
    status=0
    ended "$spawned_pid" 60 || status=$?
    ((status == 130))
    for child in $children; do
        run kill -0 "$child"
        ((status != 0))
    done
}

@test "demo: no broker is exit 3, and nothing is left" {
    run_airy demo --url amqp://guest:guest@127.0.0.1:1/
    assert_status 3
    assert_short_error
}

no_consumers() { [[ -z $(pgrep -s "$1" -f 'airy consume') ]]; }

@test "demo: when it is killed, its consumers end; the next demo does not count its messages" {
    spawn demo "$AIRY_BIN" demo --posts 20000 --url "$AIRY_URL"
    wait_until 30 eval '(($(pgrep -s "$spawned_pid" -f "airy consume" | wc -l) == 3))'
    wait_until 30 eval '[[ $(airy queue ls airy.demo.notifications -o json | jq .ready) -gt 0 ]]'
    kill -KILL "$spawned_pid"
    wait_until 40 no_consumers "$spawned_pid"
    AIRY_RUN_SECONDS=100 run_airy demo --posts 20 --url "$AIRY_URL"
    assert_status 0
    assert_contains "$output" '60 messages handled by 3 consumers'
    assert_contains "$output" 'airy.demo.notifications: 0 ready, 0 consumers'
}
