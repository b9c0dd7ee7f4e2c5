#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
# The embedded broker's file: where it lies, who keeps it locked, how it grows and shrinks.
# bats file_tags=embedded

load ../cli/helper
load ../cli/one_file

# hold STATEMENT...: another program runs these on the file, and keeps its transaction until killed.
hold() {
    spawn holder python3 -c '
import sqlite3, sys, time
file = sqlite3.connect("airy.db", isolation_level=None)
for statement in sys.argv[1:]:
    file.execute(statement).fetchall()
print("held", flush=True)
time.sleep(60)' "$@"
    holder=$spawned_pid
    wait_until grep -q held holder.out
}
let_go() {
    kill -KILL "$holder"
    wait "$holder" 2>/dev/null || true
}

@test "a hard link and a file's own mount are refused, and lose nothing" {
    airy queue declare --plain feeds --bind 'post.*'
    post 1
    ln airy.db link.db
    for name in airy.db link.db; do
        run_airy consume 'post.*' --queue feeds --no-declare --print --until-empty --url "sqlite:$name"
        assert_status 3
        assert_short_error
        assert_contains "$stderr" 'mount the directory'
    done
    rm link.db
    mkdir inside
    ln -s airy.db symbolic.db
    run_airy queue ls feeds --output json --url sqlite:symbolic.db
    assert_equal "$(jq .ready <<<"$output")" 1
    unshare -rm true 2>/dev/null || skip 'no mounts here'
    touch inside/airy.db
    in_container() { run --separate-stderr unshare -rm sh -c "$1 && exec \"\$0\" queue ls feeds --output json" "$AIRY_BIN"; }
    AIRY_URL=sqlite:inside/airy.db in_container 'mount --bind airy.db inside/airy.db'
    assert_status 3
    assert_short_error
    assert_contains "$stderr" 'mount the directory'
    AIRY_URL=sqlite:inside/airy.db in_container 'mount --bind . inside'
    assert_status 0
    assert_equal "$(jq .ready <<<"$output")" 1
    for part in wal shm run; do
        mkdir -p elsewhere airy.db-run
        if [[ $part == run ]]; then from=elsewhere; else touch "airy.db-$part" && from=inside/airy.db; fi
        in_container "mount --bind $from airy.db-$part"
        assert_status 3
        assert_contains "$stderr" "airy.db-$part"
        assert_contains "$stderr" 'mount the directory'
    done
}

@test "processes that open a new file at once agree on it" {
    for round in $(seq 12); do
        pids=()
        for each in 1 2 3; do
            airy queue declare --plain "q$each" --url "sqlite:new$round.db" --quiet 2>>errors &
            pids+=($!)
        done
        for pid in "${pids[@]}"; do wait "$pid"; done
        assert_equal "$(airy queue ls --url "sqlite:new$round.db" --output json | jq -r .queue | grep -c '^q.$')" 3
    done
    [[ ! -s errors ]]
}

@test "the walk of the README works when it is pasted" {
    walk=$(awk '/^## /{on=/Without RabbitMQ/} /^```/{block=!block; next} on && block' "$helper_root/README.md")
    assert_contains "$walk" 'airy publish'
    mkdir bin
    ln -s "$AIRY_BIN" bin/airy
    export PATH=$PWD/bin:$PATH
    for way in file pipe; do
        mkdir "$way"
        if [[ $way == file ]]; then
            run --separate-stderr timeout 30 bash -ec "cd file; $walk"
        else
            run --separate-stderr timeout 30 bash -s <<<"cd pipe; $walk"
        fi
        assert_status 0
        assert_equal "$stderr" ''
        assert_contains "$output" '"title":"Hello, world"'
        assert_contains "$output" search
        assert_equal "$(airy queue ls search --output json --url "sqlite:$way/airy.db" | jq .ready)" 0
    done
}

@test "a file that another process keeps locked: looks go on, waits end by a signal" {
    airy queue declare --plain feeds --bind 'post.*'
    airy queue declare --plain feeds.dlq
    post 1
    hold 'BEGIN IMMEDIATE'
    start=$SECONDS
    spawn tail "$AIRY_BIN" tail 'post.*' --connect-timeout 60s
    spawn consume "$AIRY_BIN" consume 'post.*' --queue feeds --no-declare --connect-timeout 60s -- true
    spawn move "$AIRY_BIN" queue move feeds feeds.dlq --yes --connect-timeout 60s
    spawn publish "$AIRY_BIN" publish post.deleted --set post_id=1 --set author_id=1 --connect-timeout 60s
    waiting=("${spawned[@]:1}")
    export AIRY_RUN_SECONDS=5
    run_airy queue ls feeds --output json
    assert_equal "$(jq .ready <<<"$output")" 1
    run_airy stats queues --output json
    assert_status 0
    for look in 1 2; do
        run_airy queue peek feeds
        assert_status 0
        assert_equal "$(jq .redelivered <<<"$output")" false
        assert_equal "$stderr" ''
    done
    run_airy dlq show feeds
    assert_status 0
    run_airy wait --queue feeds --timeout 3s
    assert_status 0
    run_airy check queue feeds --max-ready 3 --max-age 1m
    assert_status 0
    run_airy check broker
    assert_status 2
    assert_contains "$output" "process $holder (python3)"
    for each in tail consume move publish; do wait_until grep -q "process $holder (python3)" "$each.err"; done
    kill -TERM "${waiting[@]}"
    for pid in "${waiting[@]}"; do
        status=0
        ended "$pid" 2 || status=$?
        assert_equal "$status" 143
    done
    let_go
    run_airy check broker
    assert_status 0
    assert_equal "$(depth feeds)" 1
}

@test "a file that another process keeps locked: opening it has the time that connecting has" {
    airy queue declare --plain feeds --bind 'post.*'
    post 1
    hold 'BEGIN IMMEDIATE'
    export AIRY_RUN_SECONDS=8
    run_airy check flow --timeout 1s
    assert_status 2
    assert_contains "$output" 'FLOW CRITICAL'
    for words in 'publish post.deleted --set post_id=1 --set author_id=1' 'tail post.*' 'queue declare other' \
        'consume post.* --queue feeds --until-empty -- true'; do
        # shellcheck disable=SC2086
        run_airy ${words/ / --connect-timeout 1s }
        assert_status 3
        assert_short_error
        assert_contains "$stderr" locked
    done
    let_go
    run_airy check flow --timeout 5s
    assert_status 0
}

@test "a process that keeps reading stops nobody; purge and delete give the room back" {
    export AIRY_URL='sqlite:airy.db?sync=normal'
    airy queue declare --plain feeds --bind 'post.*'
    airy queue declare --plain more --bind 'post.*'
    post 0
    hold BEGIN 'SELECT * FROM message'
    title=$(printf '%10000s' '' | tr ' ' x)
    seq 14000 | sed "s/.*/{\"event_type\":\"post.published\",\"post_id\":&,\"author_id\":7,\"title\":\"$title\"}/" >events
    run --separate-stderr timeout 60 "$AIRY_BIN" publish - <events
    assert_status 0
    assert_contains "$stderr" "process $holder (python3)"
    (($(stat -c %s airy.db-wal) > 256 << 20))
    run_airy check broker
    assert_status 1
    assert_contains "$output" "process $holder (python3)"
    refute_contains "$stderr$output" rabbitmqctl
    let_go
    post 0
    run_airy queue purge feeds --yes
    assert_status 0
    run_airy check broker
    assert_status 0
    (($(stat -c %s airy.db) < 200 << 20))
    run_airy queue delete more --yes
    assert_status 0
    (($(stat -c %s airy.db) < 2 << 20))
    assert_equal "$(airy queue ls --output json | jq -r .queue)" feeds
}

@test "the age of the oldest message is exact" {
    airy queue declare --plain feeds --bind 'post.*'
    run_airy check queue feeds --max-age 5s
    assert_status 0
    post 1
    post 2
    run_airy check queue feeds --max-age 5s
    assert_status 0
    python3 -c '
import sqlite3, time
file = sqlite3.connect("airy.db")
file.execute("UPDATE message SET arrived_at = ? WHERE id = (SELECT min(id) FROM message)", (int(time.time() * 1000) - 3600500,))
file.commit()'
    run_airy check queue feeds --max-age 5s
    assert_status 2
    assert_contains "$output" 'is above 5'
    run_airy stats queues feeds --output json
    age=$(jq .head_age_s <<<"$output")
    ((age >= 3600 && age < 3660))
    run_airy queue ls feeds
    assert_contains "$output" " 1h "
    run_airy stats queues --prometheus
    assert_contains "$output" 'airy_queue_oldest_message_age_seconds{queue="feeds"} 36'
}
