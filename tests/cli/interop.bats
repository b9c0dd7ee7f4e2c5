#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
#
# amqp-tools represent every other client of the broker.

load helper

setup() {
    airy_setup
    queue=$(fresh queue)
    airy queue declare --plain "$queue" --bind '#' --quiet
}

teardown() {
    forget "$queue" queues
    airy_teardown
}

@test "consume reads what amqp-publish sends: body, topic, properties, headers" {
    amqp-publish -u "$peer_url" -e "$AIRY_EXCHANGE" -r post.published -C application/json -p -H team:blue -b '{"a":1}'
    line=$(airy consume '#' --queue "$queue" --no-declare --print --count 1)
    jq -e '.topic == "post.published" and .body == {"a":1} and .properties.content_type == "application/json"
        and .properties.delivery_mode == 2 and .headers.team == "blue"' <<<"$line"
}

@test "amqp-get and amqp-consume read what airy publishes" {
    airy publish circle.joined '{"circle_id":1,"user_id":2}' --quiet
    airy publish circle.left '{"circle_id":3,"user_id":4}' --quiet
    assert_equal "$(amqp-get -u "$peer_url" -q "$queue" | jq -c .circle_id)" 1
    assert_equal "$(timeout 10 amqp-consume -u "$peer_url" -q "$queue" -c 1 cat | jq -c .circle_id)" 3
}

@test "100,000 events through publish and consume --print with one slot: complete and in order" {
    seq 100000 | sed 's/.*/{"event_type":"post.published","post_id":&,"author_id":7,"title":"t"}/' >in
    AIRY_RUN_SECONDS=120 run_airy publish --quiet <in
    assert_status 0
    timeout 120 "$AIRY_BIN" consume '#' --queue "$queue" --no-declare --print --pool-size 1 --count 100000 >out
    assert_equal "$(wc -l <out)" 100000
    grep -oE '"post_id":[0-9]+' out | cut -d: -f2 | cmp - <(seq 100000)
    assert_equal "$(depth "$queue")" 0
}
