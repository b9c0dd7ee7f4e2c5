#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT

load helper

setup() {
    airy_setup
    queue=$(fresh q)
}

teardown() {
    airy_teardown
    forget "$queue" queues
    forget "$queue.dlq" queues
}

@test "check queue: length, consumers, and a missing queue" {
    airy queue declare --plain "$queue" --bind 'post.*' --quiet
    for id in 1 2 3; do airy publish post.deleted --set post_id=$id --set author_id=2 --quiet; done
    run_airy check queue "$queue" --warn-ready 3 --max-ready 5
    assert_status 0
    assert_contains "$output" 'QUEUE OK'
    assert_contains "$output" 'ready=3;3;5;0'
    run_airy check queue "$queue" --warn-ready 2 --max-ready 5
    assert_status 1
    run_airy check queue "$queue" --max-ready 2
    assert_status 2
    assert_contains "$output" 'ready 3 is above 2'
    run_airy check queue "$queue" --min-consumers 1
    assert_status 2
    run_airy check queue "$queue.none"
    assert_status 2
    assert_contains "$output" 'QUEUE CRITICAL'
}

@test "check queue: the age of the head where the broker tells it, unknown elsewhere" {
    airy queue declare --plain "$queue" --bind 'post.*' --quiet # quorum: the broker does not tell
    run_airy check queue "$queue" --max-age 1s
    assert_status 0 # empty
    airy publish post.deleted --set post_id=1 --set author_id=2 --quiet
    run_airy check queue "$queue" --max-age 1s
    assert_status 3
    assert_contains "$output" 'age is not known'
}

@test "check pool: running, too slow, and missing" {
    spawn worker "$AIRY_BIN" consume '#' --queue "$queue" --name "$queue" -- sleep 0.2
    wait_until 20 pool_is '.state == "running"'
    airy publish post.deleted --set post_id=1 --set author_id=2 --quiet
    wait_until 20 pool_is '.handled == 1'
    run_airy check pool "$queue" --max-waiting 0 --max-p99 10s
    assert_status 0
    run_airy check pool "$queue" --warn-p99 100ms --max-p99 10s --output json
    assert_status 1
    jq -e '.state == "warning" and .exit == 1 and .figures.p99.value > 0.19' <<<"$output"
    run_airy check pool nobody
    assert_status 2
}
# jq -e takes empty input for success.
pool_is() {
    local json
    json=$(airy pool show "$queue" --output json) && jq -e "$1" <<<"$json"
}

@test "check flow: there and back, too slow, and no exchange" {
    airy queue declare --plain "$queue" --bind 'post.*' --quiet # makes the exchange
    run_airy check flow
    assert_status 0
    assert_contains "$output" 'FLOW OK'
    assert_contains "$output" 'latency='
    run_airy check flow --max-latency 1us
    assert_status 2
    run_airy check flow --exchange "$queue.none"
    assert_status 2
    # The probe has left nothing behind.
    assert_equal "$(depth "$queue")" 0
}

@test "check flow: a broker that is blocked before the probe is published is too slow" {
    export AIRY_URL=sqlite:airy.db
    airy queue declare --plain "$queue" --bind '#' --quiet # makes file and exchange
    run_airy check flow --timeout 1s
    assert_status 0
    spawn blocker python3 -c '
import sqlite3, time
file = sqlite3.connect("airy.db", isolation_level=None)
file.execute("BEGIN IMMEDIATE")
print("blocked", flush=True)
time.sleep(3)
file.execute("ROLLBACK")'
    wait_until grep -q blocked blocker.out
    run_airy check flow --timeout 1s
    assert_status 2
    assert_contains "$output" 'keeps the file locked for too long'
}

@test "check broker: there, the exchange of another type, and away" {
    api PUT "exchanges/%2F/$AIRY_EXCHANGE" -H 'content-type: application/json' -d '{"type":"topic","durable":true}'
    run_airy check broker
    assert_status 0
    assert_contains "$output" 'alarms=0'
    forget "$AIRY_EXCHANGE" exchanges
    api PUT "exchanges/%2F/$AIRY_EXCHANGE" -H 'content-type: application/json' -d '{"type":"fanout","durable":true}'
    run_airy check broker
    assert_status 2
    assert_contains "$output" type
    run_airy check broker --url amqp://guest:guest@127.0.0.1:1/
    assert_status 2
    assert_contains "$output" 'connection refused'
}

@test "check: a verdict that cannot be written is unknown" {
    export AIRY_URL=sqlite:airy.db
    airy queue declare --plain "$queue" --quiet
    for stdout in 'open("/dev/full", "w")' 'closed_pipe()'; do
        run --separate-stderr timeout 10 python3 -c "
import os, subprocess, sys
def closed_pipe():
    reader, writer = os.pipe()
    os.close(reader)
    return writer
sys.exit(subprocess.call(sys.argv[1:], stdout=$stdout))" "$AIRY_BIN" check queue "$queue"
        assert_status 3
        assert_contains "$stderr" 'cannot write to stdout'
    done
}

@test "check: a broker that cannot be asked is unknown, and so is wrong usage" {
    run_airy check queue "$queue" --url amqp://guest:guest@127.0.0.1:1/
    assert_status 3
    assert_contains "$output" 'QUEUE UNKNOWN'
    run_airy check queue
    assert_status 3
    assert_short_error
    run_airy check queue "$queue" --max-ready many
    assert_status 3
}
