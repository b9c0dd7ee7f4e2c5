#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
# The age of a queue's head on RabbitMQ, by whatever its publisher took for a timestamp.

load ../cli/helper

setup() {
    airy_setup
    queue=$(fresh q)
    api PUT "queues/%2F/$queue" -H 'content-type: application/json' -d '{"durable":true,"arguments":{"x-queue-type":"classic"}}'
}

teardown() {
    airy_teardown
    forget "$queue" queues
}

# head_is TIMESTAMP: empties the queue, publishes one message with this timestamp, and waits until the
# broker tells it.
head_is() {
    api DELETE "queues/%2F/$queue/contents"
    api POST exchanges/%2F/amq.default/publish -H 'content-type: application/json' \
        -d "{\"properties\":{\"timestamp\":$1},\"routing_key\":\"$queue\",\"payload\":\"x\",\"payload_encoding\":\"string\"}"
    wait_until 20 told "$1"
}
told() {
    local head
    head=$(api GET "queues/%2F/$queue" | jq .head_message_timestamp) && [[ $head == "$1" ]]
}

@test "seconds and milliseconds are both read; a time of the future is unknown" {
    now=$(date +%s)
    head_is $(((now - 3600) * 1000))
    run_airy check queue "$queue" --max-age 5s
    assert_status 2
    assert_contains "$output" 'is above 5'
    run_airy stats queues "$queue" --output json
    age=$(jq .head_age_s <<<"$output")
    ((age >= 3600 && age < 3720))
    head_is $((now - 3600))
    run_airy check queue "$queue" --max-age 5s
    assert_status 2
    run_airy check queue "$queue" --max-age 2h
    assert_status 0
    for future in $((now + 86400)) $((now * 1000000)); do
        head_is "$future"
        run_airy check queue "$queue" --max-age 5s
        assert_status 3
        assert_contains "$output" 'age is not known'
    done
}
