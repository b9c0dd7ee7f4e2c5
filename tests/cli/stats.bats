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

consumer() {
    spawn worker "$AIRY_BIN" consume '#' --queue "$queue" --name worker --pool-size 4 -- "$@"
    wait_until 20 pool_is '.state == "running"'
}
# jq -e takes empty input for success.
pool_is() {
    local json
    json=$(airy pool show worker --output json) && jq -e "$1" <<<"$json"
}

@test "stats pools: handled, failed and times of a running consumer" {
    consumer sh -c 'read -r body; case $body in *\"post_id\":7,*) exit 65 ;; esac'
    for id in 5 6 7; do airy publish post.deleted --set post_id=$id --set author_id=2 --quiet; done
    wait_until 20 pool_is '.handled == 2 and .dead_lettered == 1'
    run_airy stats pools --output json
    assert_status 0
    jq -e --arg q "$queue" '.kind == "pool" and .name == "worker" and .queue == $q and .handled == 2 and
        .failed == 1 and .dead_lettered == 1 and .cap == 4 and .free == 4 and .in_flight == 0 and
        .run_ms.count == 3 and .run_ms.max >= .run_ms.p50 and .run_ms.p50 > 0 and .uptime_s > 0' <<<"$output"
    run_airy stats pools
    assert_status 0
    assert_contains "${lines[0]}" 'run p99'
    assert_contains "${lines[1]}" worker
}

@test "stats: pools and queues by default; a consumer is seen in both" {
    consumer cat
    run_airy stats "$queue" --output json
    assert_status 0
    jq -se --arg q "$queue" 'map(.kind) == ["pool", "queue"] and all(.[]; .queue == $q) and
        .[1].consumers == 1 and .[1].ready == 0' <<<"$output"
    run_airy stats
    assert_status 0
    assert_contains "$output" worker
    assert_contains "$output" "$queue.dlq"
}

@test "stats pools: no consumer runs, and unknown names" {
    run_airy stats pools
    assert_status 0
    assert_equal "$output" ''
    assert_contains "$stderr" 'no consumer'
    run_airy stats pools nobody
    assert_status 7
    assert_short_error
}

@test "stats queues: at least queue, type, ready, unacked, consumers" {
    airy queue declare --plain "$queue"
    run_airy stats queues "$queue" --output json
    assert_status 0
    jq -e --arg q "$queue" '.queue == $q and .type == "quorum" and .ready == 0 and .consumers == 0 and
        has("unacked") and .source == "management+amqp"' <<<"$output"
    run_airy stats queues --match "$queue" --output json
    assert_status 0
    jq -e '.ready == 0 and .consumers == 0 and (.source | startswith("management"))' <<<"$output"
    run_airy stats queues --match 'no-such-queue-*'
    assert_status 0
    assert_equal "$output" ''
    assert_contains "$stderr" 'no-such-queue-*'
    run_airy stats queues "$(fresh missing)"
    assert_status 7
    assert_equal "$output" ''
    run_airy stats queues "$(fresh missing)" "$queue"
    assert_status 7
    assert_contains "$output" "$queue"
    run_airy stats queues "$(fresh missing)" "$queue" --watch 1s
    assert_status 7
    assert_contains "$output" "$queue"
    assert_short_error
}

@test "stats queues: without the management API, by passive declare, with a note" {
    airy queue declare --plain "$queue"
    run_airy stats queues "$queue" --output json --management-url http://127.0.0.1:1
    assert_status 0
    jq -e '.source == "amqp" and .ready == 0 and .unacked == null' <<<"$output"
    assert_contains "$stderr" 'passive declare'
    run_airy stats queues --management-url http://127.0.0.1:1
    assert_status 3
    assert_short_error
}

@test "stats queues: the embedded broker tells no rates, and none are invented" {
    export AIRY_URL=sqlite:airy.db
    airy queue declare --plain "$queue" --bind '#'
    airy publish post.deleted --set post_id=1 --set author_id=2 --quiet
    run_airy stats queues "$queue" --output json
    assert_status 0
    jq -e '.ready == 1 and .source == "broker" and .head_age_s <= 5 and
        all(.publish_rate, .deliver_rate, .ack_rate, .redeliver_rate; . == null)' <<<"$output"
    run_airy stats queues "$queue"
    grep -qE "^$queue +quorum +1 +0 +0 +[0-9]+s +- +- +- +- " <<<"$output"
    run_airy stats queues --prometheus
    assert_contains "$output" "airy_queue_messages_ready{queue=\"$queue\"} 1"
    refute_contains "$output" '_rate{'
}

@test "stats queues: on the embedded broker another process' exclusive queue is found by its name" {
    export AIRY_URL=sqlite:airy.db
    airy queue declare --plain "$queue" --bind 'post.*' --quiet # makes the exchange
    spawn tail "$AIRY_BIN" tail '#'
    wait_until own_queue
    own=$(own_queue)
    for command in "stats queues" "queue ls"; do
        # shellcheck disable=SC2086 # words
        run_airy $command "$own" --output json
        assert_status 0
        jq -e --arg q "$own" '.queue == $q and .exclusive and .consumers == 1' <<<"$output"
    done
}
own_queue() { airy queue ls --output json | jq -r 'select(.exclusive) | .queue' | grep .; }

@test "stats queues: rates are not known before the broker's statistics have come" {
    airy queue declare --plain "$queue" --quiet
    run_airy stats queues "$queue" --output json
    jq -e '.unacked == null and .publish_rate == null and .source == "management+amqp"' <<<"$output"
    wait_until 20 eval 'airy stats queues "$queue" --output json | jq -e ".publish_rate == 0"'
}

@test "stats queues --bindings: exchange and pattern, none, and not known" {
    airy queue declare --plain "$queue" --bind 'post.*' --bind 'comment.#'
    airy queue declare --plain "$queue.dlq"
    run_airy stats queues "$queue" "$queue.dlq" --bindings --output json
    assert_status 0
    jq -se --arg e "$AIRY_EXCHANGE" '.[0].bindings == [{exchange: $e, pattern: "comment.#"},
        {exchange: $e, pattern: "post.*"}] and .[1].bindings == []' <<<"$output"
    run_airy stats queues --match "$queue*" --bindings
    assert_status 0
    assert_equal "$(grep -cE "^$queue +$AIRY_EXCHANGE +(comment.#|post.\*)$" <<<"$output")" 2
    grep -qE "^$queue.dlq +\(not bound\)$" <<<"$output"
    # The key is absent unless asked for.
    run_airy stats queues "$queue" --output json
    jq -e 'has("bindings") | not' <<<"$output"
}

@test "stats queues --bindings: unknown without the management API, with a note" {
    airy queue declare --plain "$queue" --bind 'post.*'
    run_airy stats queues "$queue" --bindings --output json --management-url http://127.0.0.1:1
    assert_status 0
    jq -e '.ready == 0 and has("bindings") and .bindings == null' <<<"$output"
    assert_contains "$stderr" bindings
    run_airy stats queues "$queue" --bindings --management-url http://127.0.0.1:1
    grep -qE "^$queue +- +-$" <<<"$output"
}

@test "stats: without the management API, the queues of the consumers are shown" {
    consumer cat
    run_airy stats --output json --management-url http://127.0.0.1:1
    assert_status 0
    jq -se --arg q "$queue" 'map(.kind) == ["pool", "queue"] and .[1].queue == $q and
        .[1].source == "amqp" and .[1].consumers == 1' <<<"$output"
    assert_contains "$stderr" 'connection refused'
}

@test "stats --watch continues until SIGINT (130) or SIGTERM (143)" {
    airy queue declare --plain "$queue"
    for signal in INT TERM; do
        spawn watch "$AIRY_BIN" stats queues "$queue" --output json --watch 50ms
        wait_until 10 printed 3
        kill "-$signal" "$spawned_pid"
        status=0
        ended "$spawned_pid" 10 || status=$?
        assert_equal "$status" "$([[ $signal == INT ]] && echo 130 || echo 143)"
        jq -se 'length >= 3 and (map(.time) | . == sort)' watch.out
    done
}
printed() { (($(wc -l <watch.out) >= $1)); }

@test "stats --watch survives the loss of the broker, and reports it once" {
    airy queue declare --plain "$queue"
    spawn watch "$AIRY_BIN" stats queues "$queue" --watch 50ms --output json
    wait_until 10 printed 2
    forget "$queue" queues
    wait_until 10 grep -q 'cannot find' watch.err
    airy queue declare --plain "$queue"
    before=$(wc -l <watch.out)
    wait_until 10 printed $((before + 3))
    # RabbitMQ 4 may know the queue for a moment longer in one place than in the other.
    assert_equal "$(grep -c 'cannot find' watch.err)" 1
    assert_equal "$(sort watch.err | uniq -d)" ''
}

@test "stats on a terminal fits it" {
    consumer cat
    script -qec "stty cols 60; $AIRY_BIN stats" typescript >/dev/null
    tr -d '\r' <typescript | grep -v '^Script' >lines
    grep -q worker lines
    longest=$(python3 -c 'print(max(len(line.rstrip("\n")) for line in open("lines", encoding="utf-8")))')
    ((longest <= 60))
}

@test "stats into a closed pipe ends quietly" {
    airy queue declare --plain "$queue"
    run --separate-stderr bash -c "'$AIRY_BIN' stats queues '$queue' --watch 20ms --output json | head -n 1 >first"
    assert_equal "$stderr" ''
    assert_equal "$(jq -r .queue first)" "$queue"
}

@test "stats: wrong usage" {
    run_airy stats --watch soon
    assert_status 2
    assert_short_error
    assert_contains "$stderr" --watch
    run_airy stats --output yaml
    assert_status 2
    run_airy stats --watch 1ms
    assert_status 2
    run_airy stats pools --bindings
    assert_status 2
    assert_short_error
    run_airy stats --prometheus --bindings
    assert_status 2
}
