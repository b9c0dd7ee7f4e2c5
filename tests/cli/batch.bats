#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
# Several messages in one run of a command, on RabbitMQ and on the embedded broker.

load helper
load consume

@test "--batch: N message lines a run, and what is left after --batch-wait" {
    in_batches() {
        prepare
        publish_posts 1 25
        run_airy consume '#' --queue "$queue" --batch 10 --batch-wait 200ms --pool-size 1 --until-empty -- \
            sh -c 'cat >>lines; echo $AIRY_BATCH_SIZE $AIRY_QUEUE >>sizes'
        assert_status 0
        assert_equal "$(paste -sd' ' sizes)" "10 $queue 10 $queue 5 $queue"
        assert_equal "$(jq .body.post_id lines | paste -sd' ')" "$(seq -s' ' 25)"
        assert_equal "$(jq .id lines | paste -sd' ')" "$(seq -s' ' 10) $(seq -s' ' 10) $(seq -s' ' 5)"
        remains "$queue" 0
    }
    on_both in_batches
}

@test "--batch-format array, and message lines that publish reads" {
    prepare
    publish_posts 1 3
    run_airy consume '#' --queue "$queue" --batch 3 --batch-format array --count 3 -- sh -c 'cat >lines'
    assert_status 0
    jq -e 'length == 3 and .[2].id == 3 and .[2].body.post_id == 3' lines
    publish_posts 4 5
    run_airy consume '#' --queue "$queue" --batch 9 --batch-wait 100ms --count 2 -- sh -c 'cat >lines'
    airy publish --lines message --quiet - <lines
    assert_equal "$(left_over | paste -sd' ')" '4 5'
}

@test "--batch: one bad message does not take the others with it" {
    one_bad() {
        prepare
        publish_posts 1 20
        # The command fails for the whole batch where it holds post 7.
        run_airy consume '#' --queue "$queue" --batch 20 --pool-size 1 --until-empty -- \
            sh -c 'echo $AIRY_BATCH_SIZE >>sizes; if grep -q "\"post_id\":7,"; then echo "bad post" >&2; exit 65; fi'
        assert_status 6
        assert_equal "$(sort -n sizes | uniq -c | awk '{print $2 "x" $1}' | paste -sd' ')" '1x20 20x1'
        assert_equal "$(airy dlq show "$queue" --output json | jq -r '"\(.body.post_id) \(.headers["x-airy-error"])"')" '7 bad post'
        airy dlq purge "$queue" --yes --quiet
        remains "$queue" 0
        rm sizes
        publish_posts 1 4
        run_airy consume '#' --queue "$queue" --batch 4 --batch-on-error all --pool-size 1 --until-empty -- \
            sh -c 'echo $AIRY_BATCH_SIZE >>sizes; exit 65'
        assert_status 6
        assert_equal "$(<sizes)" 4
        remains "$queue.dlq" 4
    }
    on_both one_bad
}

@test "--batch: the command may answer for each message" {
    answered() {
        prepare
        publish_posts 1 6
        run_airy consume '#' --queue "$queue" --batch 6 --pool-size 1 --max-attempts 1 --until-empty -- \
            jq --unbuffered -c 'if .body.post_id % 3 == 0 then {id, result: "reject", reason: "a third"} else {id, result: "ok"} end'
        assert_status 6
        assert_equal "$output" ''
        assert_equal "$(airy dlq show "$queue" --output json | jq -r '"\(.body.post_id) \(.headers["x-airy-error"])"' | paste -sd,)" \
            '3 a third,6 a third'
        airy dlq purge "$queue" --yes --quiet
    }
    on_both answered
}

@test "--batch with --serial-by: a batch holds one message of each key" {
    prepare
    seq 12 | awk '{printf "{\"event_type\":\"post.published\",\"post_id\":%d,\"author_id\":%d,\"title\":\"t\"}\n", $1, $1 % 3}' |
        airy publish --quiet -
    run_airy consume '#' --queue "$queue" --batch 5 --batch-wait 100ms --serial-by author_id --pool-size 2 --until-empty -- \
        sh -c 'jq -c .body.author_id | sort -u | wc -l >>sizes; echo $AIRY_BATCH_SIZE >>lines'
    assert_status 0
    cmp sizes lines
    (($(sort -n lines | tail -n 1) <= 3))
}

@test "--batch: the figures count messages and batches" {
    prepare
    publish_posts 1 20
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --batch 10 -- true
    wait_until consumer_has '.handled == 20 and .batches == 2'
    run_airy stats pools --prometheus
    assert_contains "$output" "airy_batches_total{consumer=\"$queue\",queue=\"$queue\"} 2"
}

@test "--batch: SIGTERM while a batch waits for more gives its messages back" {
    prepare
    publish_posts 1 5
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --batch 10 --batch-wait 10m -- true
    wait_until consumer_has '.waiting == 5'
    kill -TERM "$spawned_pid"
    ended "$spawned_pid" 10 || (($? == 143))
    remains "$queue" 5
}

@test "--batch: wrong usage" {
    for arguments in '--batch 0 -- true' '--batch 10001 -- true' '--batch 5 --print' '--batch-wait 1s -- true' \
        '--batch-format array -- true' '--batch-on-error all -- true' '--batch 5 --batch-wait 1h -- true' \
        '--batch 5 --tag-output -- true' '--batch 5 --stdin message -- true' '--batch 10 --prefetch 5 -- true'; do
        # shellcheck disable=SC2086 # words
        run_airy consume '#' --queue "$queue" $arguments
        assert_status 2
        assert_short_error
        assert_contains "$stderr" --batch
    done
}
