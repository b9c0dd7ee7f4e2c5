#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
#
# Looking into quorum queues with a delivery limit, which counts each look as a delivery: no look may
# lose a message. RabbitMQ 4 has a limit of 20 where nobody set one.

load ../cli/helper

users=()

teardown() {
    forget "$queue" queues
    forget "$queue.dlq" queues
    api DELETE "policies/%2F/$queue" || true
    local user
    for user in "${users[@]}"; do api DELETE "users/$user" || true; done
    airy_teardown
}

# made NAME ARGUMENTS: a quorum queue of another client.
made() {
    api PUT "queues/%2F/$1" -H 'content-type: application/json' \
        -d '{"durable":true,"arguments":{"x-queue-type":"quorum"'"${2:+,$2}"'}}'
}
# put NAME BODY...: messages straight into a queue.
put() {
    local name=$1 body
    shift
    for body in "$@"; do
        api POST exchanges/%2F/amq.default/publish -H 'content-type: application/json' -d \
            '{"properties":{},"routing_key":"'"$name"'","payload":"'"$body"'","payload_encoding":"string"}' >/dev/null
    done
}
bodies() { jq -r .body_text | sort | xargs; }

tells_policy() { api GET "queues/%2F/$queue" | jq -e '.effective_policy_definition["delivery-limit"] == 2'; }

# Looks N times, and checks each time that all three messages are there.
look_often() {
    local times=$1 number
    shift
    for ((number = 0; number < times; number++)); do
        "$@" >looked 2>told || true
        assert_equal "$(depth "$queue")" 3 || { cat looked told >&2 && return 1; }
    done
}

@test "a limit of the queue: looks are refused before they lose a message, and --yes copies it" {
    queue=$(fresh looked)
    made "$queue" '"x-delivery-limit":3'
    put "$queue" a b c
    for _ in 1 2 3; do
        run_airy queue peek "$queue"
        assert_status 0
        assert_equal "$(bodies <<<"$output")" 'a b c'
    done
    assert_contains "$stderr" 'may come back 3 times: 0 more looks'
    run_airy queue peek "$queue"
    assert_status 1
    assert_equal "$output" ''
    assert_contains "$stderr" "messages of '$queue' may not come back more than 3 times"
    assert_contains "$stderr" 'hint: --yes shows them'
    assert_equal "$(depth "$queue")" 3
    run_airy queue peek "$queue" --yes
    assert_status 0
    assert_equal "$(bodies <<<"$output")" 'a b c'
    assert_contains "$stderr" 'at its end'
    look_often 10 airy queue peek "$queue" --limit 1
    look_often 5 airy queue peek "$queue" --yes --where body=no
    assert_equal "$(airy consume '#' --queue "$queue" --no-declare --until-empty --print | bodies)" 'a b c'
}

@test "a limit by a policy, and moves that pass messages over" {
    queue=$(fresh looked)
    made "$queue"
    api PUT "policies/%2F/$queue" -H 'content-type: application/json' \
        -d '{"pattern":"^'"$queue"'$","definition":{"delivery-limit":2},"apply-to":"queues"}'
    made "$queue.other"
    wait_until tells_policy # with its statistics, some seconds later
    put "$queue" a b c
    look_often 5 airy queue peek "$queue"
    look_often 4 airy queue move "$queue" "$queue.other" --where body=no --yes
    look_often 4 airy queue move "$queue" "$queue.other" --where body=no --dry-run
    assert_equal "$(airy consume '#' --queue "$queue" --no-declare --until-empty --print | bodies)" 'a b c'
    forget "$queue.other" queues
}

# user NAME TAGS CONFIGURE WRITE: may read all, and is asked for by `as NAME`.
user() {
    users+=("$1")
    api PUT "users/$1" -d "$(jq -n --arg tags "$2" '{password: "pass", tags: $tags}')"
    api PUT "permissions/%2F/$1" -d "$(jq -n --arg c "$3" --arg w "$4" '{configure: $c, write: $w, read: ".*"}')"
}
as() { printf '%s' "${AIRY_TEST_URL/guest:guest/$1:pass}"; }

@test "without the management API: the limit is found out, or returned messages are not looked at" {
    queue=$(fresh looked)
    made "$queue" '"x-delivery-limit":3'
    put "$queue" a b c
    user "app.$test_id" '' '.*' '.*' # the API does not answer this user
    look_often 3 airy queue peek "$queue" --url "$(as "app.$test_id")"
    run_airy queue peek "$queue" --url "$(as "app.$test_id")"
    assert_status 1
    assert_contains "$stderr" 'may not come back more than 3 times'
    look_often 6 airy queue peek "$queue" --url "$(as "app.$test_id")"
    forget "$queue" queues

    made "$queue" '"x-delivery-limit":3'
    put "$queue" a b c
    user "worker.$test_id" '' '^$' '.*'
    run_airy queue peek "$queue" --url "$(as "worker.$test_id")"
    assert_status 0
    run_airy queue peek "$queue" --url "$(as "worker.$test_id")"
    assert_status 1
    if (($(api GET overview | jq -r '.rabbitmq_version | split(".")[0]') < 4)); then assert_contains "$stderr" "the delivery limit of '$queue' is not known"; fi
    look_often 6 airy queue peek "$queue" --url "$(as "worker.$test_id")"
    look_often 4 airy queue peek "$queue" --yes --url "$(as "worker.$test_id")"
}

@test "a user who may not publish cannot keep what may come back no more: the look is refused" {
    queue=$(fresh looked)
    made "$queue" '"x-delivery-limit":2'
    made "$queue.other"
    put "$queue" a b c
    user "reader.$test_id" monitoring '^$' '^$'
    for words in "peek $queue" "move $queue $queue.other --where body=no --yes"; do
        # shellcheck disable=SC2086
        run_airy queue ${words/--yes/--dry-run} --url "$(as "reader.$test_id")"
        assert_status 1
        assert_short_error
        assert_contains "$stderr" 'could lose messages'
        assert_contains "$stderr" --yes
    done
    look_often 5 airy queue peek "$queue" --url "$(as "reader.$test_id")"
    run_airy queue peek "$queue" --yes --url "$(as "reader.$test_id")"
    assert_status 0
    assert_equal "$(bodies <<<"$output")" 'a b c'
    forget "$queue.other" queues
}

@test "dlq ls and dlq show as often as one likes: the dead letter stays, and nothing is warned of" {
    queue=$(fresh looked)
    airy consume post.deleted --queue "$queue" --until-empty -- true
    airy publish post.deleted --set post_id=1 --set author_id=2 >/dev/null
    AIRY_RUN_SECONDS=20 run_airy consume post.deleted --queue "$queue" --until-empty -- sh -c 'exit 65'
    for _ in $(seq 12); do
        run_airy dlq ls "$queue" --output json
        assert_status 0
        assert_equal "$(jq .messages <<<"$output")" 1
        run_airy dlq show "$queue"
        assert_status 0
        assert_equal "${#lines[@]}" 1
        refute_contains "$stderr" 'more look'
    done
}

@test "a dead-letter queue without the unlimited limit is taken as it is, and loses nothing either" {
    queue=$(fresh looked)
    made "$queue.dlq"
    airy consume post.deleted --queue "$queue" --until-empty -- true
    airy publish post.deleted --set post_id=1 --set author_id=2 >/dev/null
    run_airy consume post.deleted --queue "$queue" --until-empty -- sh -c 'exit 65'
    assert_status 6
    for _ in $(seq 12); do
        airy dlq ls "$queue" >ls 2>told || grep -q 'may not come back more than 20 times' told
        airy dlq show "$queue" >show 2>told || grep -q 'may not come back more than 20 times' told
        assert_equal "$(depth "$queue.dlq")" 1
    done
    run_airy dlq show "$queue" --yes
    assert_status 0
    assert_equal "${#lines[@]}" 1
}

@test "without the management API the broker's own default counts" {
    queue=$(fresh looked)
    made "$queue"
    put "$queue" a b c
    export AIRY_MANAGEMENT_URL=http://127.0.0.1:1
    look_often 24 airy queue peek "$queue"
    airy queue peek "$queue" --yes | bodies >bodies
    assert_equal "$(<bodies)" 'a b c'
}

@test "consume --no-declare: a handler that puts a message back for ever does not lose it to a default limit" {
    queue=$(fresh looked)
    made "$queue"
    put "$queue" a
    # 25 returns take minutes, since airy holds such a message; another client returns it 20 times.
    for _ in $(seq 20); do
        api POST "queues/%2F/$queue/get" -H 'content-type: application/json' \
            -d '{"count":1,"ackmode":"ack_requeue_true","encoding":"auto"}' >/dev/null
    done
    assert_equal "$(depth "$queue")" 1
    run_airy consume '#' --queue "$queue" --no-declare --count 1 --idle 3s -- sh -c 'exit 4'
    wait_until kept_somewhere
}
kept_somewhere() {
    local letters
    letters=$(depth "$queue.dlq" 2>/dev/null) || true
    (($(depth "$queue") + ${letters:-0} == 1))
}
