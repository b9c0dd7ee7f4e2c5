#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
# The commands on the embedded broker: one file, no server.
# bats file_tags=embedded

load helper
load one_file

@test "publish and consume through one file" {
    run_airy publish post.published --set post_id=1 --set author_id=1 --set title=t
    [[ $status == 4 ]] # no queue is bound yet
    airy queue declare --plain feeds --bind 'post.*'
    run post 42
    [[ $status == 0 && $output =~ ^[0-9a-f-]{36}$ ]]
    run_airy consume 'post.*' --queue feeds --no-declare --print --count 1
    [[ $status == 0 ]]
    [[ $(jq -r .body.post_id <<<"$output") == 42 ]]
    run_airy queue ls feeds --output json
    [[ $(jq -c '[.queue, .type, .ready, .unacked, .consumers]' <<<"$output") == '["feeds","quorum",0,0,0]' ]]
}

@test "when no process uses it, one file holds everything" {
    airy queue declare --plain feeds --bind 'post.*'
    for id in 1 2 3; do post "$id"; done
    [[ $(ls -d airy.db*) == $'airy.db\nairy.db-run' ]]
    mv airy.db other.db
    [[ $(airy queue ls feeds --output json --url sqlite:other.db | jq .ready) == 3 ]]
}

@test "an idle consumer notices that its file was removed" {
    airy queue declare --plain feeds --bind 'post.*'
    spawn consumer "$AIRY_BIN" consume 'post.*' --queue feeds --no-declare -- true
    wait_until consuming
    rm airy.db airy.db-*l airy.db-*m
    status=0
    ended "$spawned_pid" 20 || status=$?
    [[ $status == 3 && $(<consumer.err) == *'removed or replaced'* ]]
}
consuming() { [[ $(airy queue ls feeds --output json | jq -r .consumers) == 1 ]]; }

@test "tail hears what another process publishes" {
    spawn tail "$AIRY_BIN" tail 'post.*' --count 3 --output raw
    wait_until listening
    for id in 1 2 3; do post "$id"; done
    wait_until tail_ended
    [[ $(jq -r .post_id <"$BATS_TEST_TMPDIR/tail.out" | tr '\n' ' ') == '1 2 3 ' ]]
}
listening() { [[ $(airy queue ls --output json | jq -r .consumers) == 1 ]]; }
tail_ended() { (($(wc -l <"$BATS_TEST_TMPDIR/tail.out") == 3)); }

@test "stats queues and queue ls need no management API" {
    airy queue declare --plain a --type classic
    airy queue declare --plain b
    run_airy stats queues --output json
    [[ $status == 0 && -z $stderr ]]
    [[ $(jq -r '.queue + " " + .type' <<<"$output") == $'a classic\nb quorum' ]]
    run_airy queue ls
    [[ $status == 0 && $output == *quorum* ]]
    airy queue declare --plain b --bind 'post.*'
    run_airy stats queues --bindings --output json
    [[ $status == 0 && -z $stderr ]]
    [[ $(jq -c .bindings <<<"$output") == $'[]\n[{"exchange":"airy.events","pattern":"post.*"}]' ]]
}

@test "queue declare names each difference; purge and delete" {
    airy queue declare --plain q --arg x-max-length=5
    run_airy queue declare --plain q --type classic --arg x-max-length=6
    [[ $status == 7 ]]
    [[ $stderr == *"type is quorum, not classic"* && $stderr == *"x-max-length is 5, not 6"* ]]
    run_airy queue purge q --yes
    [[ $status == 0 ]]
    run_airy queue delete q --yes
    [[ $status == 0 ]]
    run_airy queue delete q --yes
    [[ $status == 7 ]]
}

@test "ping and wait answer; a file that is no broker is exit 3" {
    run_airy ping
    [[ $status == 0 && $output == *SQLite* ]]
    run_airy wait --timeout 5s
    [[ $status == 0 ]]
    head -c 5000 /dev/zero | tr '\0' n >other.db
    run_airy ping --url sqlite:other.db
    [[ $status == 3 && $stderr == *"no database"* ]]
    run_airy wait --timeout 20s --url sqlite:other.db
    [[ $status == 3 ]]
    run_airy ping --url sqlite:none/airy.db
    [[ $status == 3 && $stderr == *"No such file or directory"* ]]
    run_airy ping --url 'sqlite:airy.db?sync=never'
    [[ $status == 2 && $stderr == *"sync is full or normal"*"?sync=full|normal, retain="*"create="* ]]
    run_airy ping --url 'sqlite:none.db?create=no'
    [[ $status == 3 && $stderr == *"without that the file is made"* && ! -e none.db ]]
    run_airy ping --verbose
    [[ $status == 0 && $stderr == *"info: opened the broker's file file="* ]]
}

@test "completion lists the queues, and makes no file" {
    airy queue declare --plain feeds
    run airy __complete -- queue purge ''
    [[ $output == *feeds* ]]
    AIRY_URL=sqlite:none.db run airy __complete -- queue purge ''
    [[ ! -e none.db ]]
}

@test "a killed consumer's messages go to the next one, marked" {
    airy queue declare --plain feeds --bind 'post.*'
    post 7
    spawn holder "$AIRY_BIN" consume 'post.*' --queue feeds --no-declare -- sleep 60
    wait_until held
    kill -KILL -- "-${spawned[0]}"
    spawned=()
    run_airy consume 'post.*' --queue feeds --no-declare --print --count 1
    [[ $status == 0 && $(jq .redelivered <<<"$output") == true ]]
}
held() { [[ $(airy queue ls feeds --output json | jq .unacked) == 1 ]]; }

@test "the file retries a failed message, keeps it as a dead letter, and requeues it" {
    airy consume 'post.*' --queue work --until-empty --print
    post 9
    run_airy consume 'post.*' --queue work --max-attempts 2 --retry-delay 100ms --count 1 -- false
    [[ $status == 6 ]]
    run_airy dlq ls work --output json
    [[ $status == 0 && $(jq -r .messages <<<"$output") == 1 ]]
    run_airy dlq requeue work --yes
    [[ $status == 0 ]]
    run_airy consume 'post.*' --queue work --print --count 1
    [[ $status == 0 && $(jq .body.post_id <<<"$output") == 9 ]]
}

@test "demo runs on a temporary file when no broker is named" {
    unset AIRY_URL
    TMPDIR=$BATS_TEST_TMPDIR run_airy demo --posts 50
    [[ $status == 0 ]]
    [[ $output == *"sqlite:"* && $output == *"150 messages handled"* ]]
    [[ -z $(ls -d "$BATS_TEST_TMPDIR"/airy-demo.* 2>/dev/null) ]]
}
