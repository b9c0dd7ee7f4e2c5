#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
#
# Bodies that take long to come, and headers that fill a frame (131,072 bytes).

load ../cli/helper
load ../cli/consume

# body N: N bytes.
body() { head -c "$1" /dev/zero | tr '\0' x; }

# header N: a file `header` of N bytes, for `wide`.
header() { body "$1" >header; }

# wide QUEUE [BODY]: publishes a message with the header of `header` straight into the queue, as
# another client.
wide() {
    amqp-publish --url="$peer_url" --routing-key="$1" --header="big:$(<header)" --body="${2-wide}"
}

# A bare quorum queue.
bare_queue() { api PUT "queues/%2F/$1" -d '{"durable": true, "arguments": {"x-queue-type": "quorum"}}'; }

@test "a body of 60 MB (16 on RabbitMQ 4, which takes no more) is in transit, so the queue is not empty" {
    bytes=60000000
    if (($(api GET overview | jq -r '.rabbitmq_version | split(".")[0]') >= 4)); then bytes=16000000; fi
    prepare
    body $bytes | amqp-publish --url="$peer_url" --routing-key="$queue"
    run_airy consume '#' --queue "$queue" --until-empty -- wc -c
    assert_status 0
    assert_equal "$output" $bytes
    body $bytes | amqp-publish --url="$peer_url" --routing-key="$queue"
    run_airy consume '#' --queue "$queue" --idle 50ms -- wc -c
    assert_status 0
    assert_equal "$output" $bytes
}

@test "a header of 129,500 bytes: --max-attempts attempts, then the dead-letter queue, and back" {
    header 129500
    for type in quorum classic; do
        prepare --queue-type "$type"
        wide "$queue"
        : >attempts
        # shellcheck disable=SC2016 # expanded by the handler's shell
        run_airy consume '#' --queue "$queue" --queue-type "$type" --max-attempts 3 --retry-delay 100ms \
            --until-empty -- sh -c 'echo $AIRY_ATTEMPT >>attempts; exit 1'
        assert_status 6
        assert_equal "$(xargs <attempts)" '1 2 3'
        run_airy dlq show "$queue"
        assert_status 0
        jq -e '(.headers.big | length) == 129500 and .headers["x-airy-attempts"] == 3 and .headers["x-airy-reason"] == "attempts"' <<<"$output"
        run_airy dlq requeue "$queue" --yes
        assert_status 0
        assert_equal "$(depth "$queue")" 1
        run_airy queue move "$queue" "$queue.dlq" --yes
        assert_status 0
        assert_equal "$(depth "$queue.dlq")" 1
        forget "$queue" queues
        forget "$queue.dlq" queues
        for name in $(api GET 'queues/%2F?columns=name' | jq -r '.[].name' | grep "^$queue.retry."); do
            forget "$name" queues
        done
    done
}

@test "a header that leaves no room at all: the limit holds, and the broker keeps the dead letter" {
    header 130950
    prepare
    wide "$queue"
    airy publish post.deleted --set post_id=1 --set author_id=2 --quiet
    : >attempts
    # shellcheck disable=SC2016 # expanded by the handler's shell
    run_airy consume '#' --queue "$queue" --max-attempts 3 --retry-delay 100ms --until-empty -- \
        sh -c 'echo $AIRY_ATTEMPT >>attempts; grep -q author_id'
    assert_status 6
    assert_equal "$(sort attempts | xargs)" '1 1 2 3'
    assert_contains "$stderr" 'leaving it to the broker, without its account'
    # What the broker adds makes the frame larger than agreed.
    run_airy dlq show "$queue"
    assert_status 0
    jq -e '(.headers.big | length) == 130950 and .headers["x-first-death-reason"] == "rejected"' <<<"$output"
    run_airy consume '#' --queue "$queue.dlq" --no-declare --until-empty --max-reconnects 3 -- cat
    assert_status 0
    assert_equal "$output" wide
}

@test "what cannot be moved stays, is told, and holds nothing up" {
    header 131000
    from=$(fresh from)
    to=$(fresh to)
    bare_queue "$from"
    bare_queue "$to"
    wide "$from"
    amqp-publish --url="$peer_url" --routing-key="$from" --body=small
    run_airy queue move "$from" "$to" --yes
    assert_status 4
    assert_contains "$output" 'moved 1 message'
    assert_contains "$stderr" '1 message cannot be moved: the headers take'
    assert_equal "$(depth "$from")" 1
    assert_equal "$(depth "$to")" 1
    forget "$from" queues
    forget "$to" queues
}

@test "queue peek holds no more than it shows" {
    queue=$(fresh peek)
    bare_queue "$queue"
    for _ in {1..30}; do body 10000000 | amqp-publish --url="$peer_url" --routing-key="$queue"; done
    for _ in 1 2; do
        run --separate-stderr bash -c \
            'ulimit -v 400000; "$0" queue peek "$1" --limit 2 | wc -l' "$AIRY_BIN" "$queue"
        assert_equal "$output" 2
        refute_contains "$stderr" 'did not'
    done
}
