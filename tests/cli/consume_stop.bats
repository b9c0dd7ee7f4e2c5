#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT

load helper
load consume

@test "SIGINT in the middle: exit 130, handled messages are settled and the rest is still there" {
    prepare
    publish_posts 1 2000
    : >handled
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" -- sh -c "$note_post_id"
    wait_until 30 lines_in handled 50
    kill -INT "$spawned_pid"
    status=0
    ended "$spawned_pid" 30 || status=$?
    assert_status 130
    left_over >rest
    assert_equal "$(sort handled | uniq -d)" ''
    sort -n handled rest | cmp - <(seq 1 2000)
}

@test "SIGTERM: running handlers finish first, exit 143" {
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

@test "handlers that do not finish within --drain are stopped and their messages go back" {
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

@test "a second signal stops at once, even handlers that ignore SIGTERM" {
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

@test "a reader of stdout that goes away ends the consumer quietly, and the rest stays" {
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

@test "a closed or full stdout is an error, and nothing is lost" {
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

@test "a stdout without a reader does not delay SIGTERM" {
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
has_unacked() { (($(depth "$queue") < 5000)); }

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

@test "a running consumer can be shown, paused, resized and drained from outside" {
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

@test "handlers stopped at the end of the drain time are reported" {
    airy consume '#' --queue "$queue" --print --until-empty --quiet
    for id in 1 2; do airy publish post.deleted --set post_id=$id --set author_id=2 --quiet; done
    run_airy consume '#' --queue "$queue" --pool-size 2 --for 1s --drain 200ms -- sleep 60
    assert_status 0
    assert_contains "$stderr" '2 did not finish'
    assert_equal "$(depth "$queue")" 2
}

@test "stopped and started again, it continues where it was: the queue keeps its order" {
    prepare
    publish_posts 1 12
    for _ in 1 2 3 4 5; do
        : >begun
        rm -f go
        spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --pool-size 1 -- \
            sh -c 'jq .post_id | tee -a handled >>begun; until [ -e go ]; do sleep 0.05; done'
        wait_until lines_in begun 1
        kill -TERM "$spawned_pid"
        wait_until consumer_has '.state == "draining"'
        : >go
        status=0
        ended "$spawned_pid" 20 || status=$?
        assert_status 143
    done
    assert_equal "$(tr '\n' ' ' <handled)" '1 2 3 4 5 '
}

@test "timeout(1), which signals twice, drains like one signal" {
    prepare
    publish_posts 1 1
    run timeout 1 "$AIRY_BIN" consume '#' --queue "$queue" -- sh -c 'sleep 2; echo done'
    assert_contains "$output" 'done'
    remains "$queue" 0
}
