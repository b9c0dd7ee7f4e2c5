#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
#
# Where RabbitMQ 3.10 and 4 differ in what airy promises; scripts/test --debian trixie runs it on 4.

load ../cli/helper

major() { api GET overview | jq -r '.rabbitmq_version | split(".")[0]'; }

@test "a message over the broker's limit of 16 MiB (4) is refused, the next one goes; 3.10 takes it" {
    queue=$(fresh large)
    api PUT "queues/%2F/$queue" -H 'content-type: application/json' -d '{"durable":true,"arguments":{"x-queue-type":"quorum"}}'
    api POST "bindings/%2F/e/amq.topic/q/$queue" -H 'content-type: application/json' -d '{"routing_key":"#"}'
    {
        head -c $((16 * 1024 * 1024 + 1)) /dev/zero | tr '\0' x
        printf '\nsmall\n'
    } >bodies
    AIRY_EXCHANGE=amq.topic run_airy publish large.one --custom --lines raw --keep-going - <bodies
    if [[ $(major) == 3 ]]; then
        assert_status 0
        wait_until test "$(depth "$queue")" = 2
    else
        assert_status 4
        assert_contains "$stderr" 'line 1'
        assert_equal "$(airy consume '#' --queue "$queue" --no-declare --until-empty --print | jq -r .body_text)" small
    fi
    forget "$queue" queues
}

@test "each return to a queue of another client counts as an attempt" {
    queue=$(fresh counted)
    api PUT "queues/%2F/$queue" -H 'content-type: application/json' -d '{"durable":true,"arguments":{"x-queue-type":"quorum"}}'
    api POST exchanges/%2F/amq.default/publish -H 'content-type: application/json' \
        -d '{"properties":{},"routing_key":"'"$queue"'","payload":"x","payload_encoding":"string"}'
    run_airy consume '#' --queue "$queue" --no-declare --idle 5s --count 1 --on-error requeue \
        -- sh -c 'echo "$AIRY_ATTEMPT"; [ "$AIRY_ATTEMPT" = 3 ]'
    assert_equal "$output" $'1\n2\n3'
    forget "$queue" queues
}

@test "a transient queue, as consume --ephemeral makes it, works where it is not forbidden" {
    queue=$(fresh transient)
    spawn consumer "$AIRY_BIN" consume post.deleted --queue "$queue" --ephemeral --count 1 --print
    wait_until api GET "queues/%2F/$queue"
    wait_until has_bindings "$queue" 1
    airy publish post.deleted --set post_id=1 --set author_id=2 >/dev/null
    ended "$spawned_pid" 10
    assert_equal "$(jq .body.post_id consumer.out)" 1
}
